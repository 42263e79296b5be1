/** The messages of a connection in a loop, with back-pressure. */

import { WebSocketMessageType } from "./common/constants.js";
import { checkInteger, MAX_NUMBER } from "./common/options.js";
import { InvalidStateError, type WebSocketError } from "./common/errors.js";
import type { MessageReceivedFrame, WebSocket } from "./websocket/websocket.js";

export type { MessageReceivedFrame, WebSocket } from "./websocket/websocket.js";

/**
 * The messages of a connection as an async iterable, in the place of its `onMessageReceived`:
 *
 *     for await (const message of messages(webSocket)) console.log(message.text);
 *
 * It ends with the connection; a failure is thrown behind the last message. While messages wait to be read, 16 of them or as
 * many as have `maxWaitingBytes`, the connection is paused, and nothing is lost. Whoever leaves the loop closes the connection.
 * What came before the call went to nobody: call it before `connect`, or in `onWebSocketOpened`.
 *
 * @param webSocket a client, or a connection of a server
 * @param maxWaitingBytes bytes that wait to be read before the connection is paused; of a text its characters
 * @returns an iterable for one loop `for await`
 * @throws InvalidStateError where `onMessageReceived` or another loop has the messages
 * @throws OptionError where `maxWaitingBytes` is no positive integer
 */
export function messages(
  webSocket: WebSocket,
  maxWaitingBytes = 8_192,
): AsyncIterableIterator<MessageReceivedFrame, undefined> {
  const { onMessageReceived, onConnectionClosed } = webSocket;
  checkInteger("maxWaitingBytes", maxWaitingBytes, 1, MAX_NUMBER);
  if (onMessageReceived !== undefined)
    throw new InvalidStateError(
      "The messages go to onMessageReceived, or to another loop: one of them can have them. Leave the handler out.",
    );
  const loop = new MessageLoop(webSocket, maxWaitingBytes);
  webSocket.onMessageReceived = (_sender, { frame }) => {
    loop.received(frame);
  };
  webSocket.onConnectionClosed = (sender, e) => {
    webSocket.onMessageReceived = undefined;
    webSocket.onConnectionClosed = onConnectionClosed;
    loop.closed(e.error);
    return onConnectionClosed?.(sender, e);
  };
  return loop;
}

type Result = IteratorResult<MessageReceivedFrame, undefined>;

/** A call of `next` that waits. */
interface Waiting {
  readonly resolve: (result: Result) => void;
  readonly reject: (error: WebSocketError) => void;
}

const DONE = Object.freeze({ done: true, value: undefined } as const);

/** Messages that wait to be read at most, before the connection is paused: small ones take more than their bytes. */
const MAX_WAITING = 16;

class MessageLoop implements AsyncIterableIterator<MessageReceivedFrame, undefined> {
  private readonly webSocket: WebSocket;
  private readonly maxBytes: number;
  private readonly messages: MessageReceivedFrame[] = [];
  private bytes = 0;
  private readonly waiting: Waiting[] = [];
  private isOver = false;
  private error: WebSocketError | undefined = undefined;

  /** @param maxBytes bytes that wait to be read, before the connection is paused */
  constructor(webSocket: WebSocket, maxBytes: number) {
    this.webSocket = webSocket;
    this.maxBytes = maxBytes;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** The next message. Rejects with the error that ended the connection, behind all messages; done after a clean end. */
  next(): Promise<Result> {
    const value = this.messages.shift();
    if (value !== undefined) {
      this.bytes -= sizeOf(value);
      if (this.messages.length === 0 && !this.isOver) this.webSocket.resume();
      return Promise.resolve({ done: false, value });
    }
    const { error } = this;
    if (error !== undefined) {
      this.error = undefined;
      return Promise.reject(error);
    }
    if (this.isOver) return Promise.resolve(DONE);
    return new Promise((resolve, reject) => {
      this.waiting.push({ resolve, reject });
    });
  }

  /** The loop was left: the connection is closed with 1000, and what waits is let go. */
  return(): Promise<Result> {
    // Behind its end a client may have connected again: that is not this loop's.
    const { isOver } = this;
    this.messages.length = 0;
    this.isOver = true;
    this.error = undefined;
    if (!isOver) this.webSocket.close();
    return Promise.resolve(DONE);
  }

  /** A message came. */
  received(message: MessageReceivedFrame): void {
    const first = this.waiting.shift();
    if (first !== undefined) {
      first.resolve({ done: false, value: message });
      return;
    }
    if (this.isOver) return;
    this.messages.push(message);
    this.bytes += sizeOf(message);
    if (this.bytes >= this.maxBytes || this.messages.length >= MAX_WAITING) this.webSocket.pause();
  }

  /** There are no more, because of this error perhaps. */
  closed(error: WebSocketError | undefined): void {
    const [first, ...others] = this.waiting.splice(0);
    if (first !== undefined && error !== undefined) first.reject(error);
    else {
      first?.resolve(DONE);
      if (!this.isOver) this.error = error;
    }
    this.isOver = true;
    for (const { resolve } of others) resolve(DONE);
  }
}

/** Of a text its characters: the bytes are not made for this. */
function sizeOf(message: MessageReceivedFrame): number {
  return message.messageType === WebSocketMessageType.Text ? message.text.length : message.buffer.length;
}
