/** A connection as a stream of Node.js. */

import { Duplex } from "node:stream";
import {
  InvalidStateError,
  OptionError,
  WebSocketState,
  type ConnectionClosedEventArgs,
  type MessageReceivedFrame,
  type WebSocket,
} from "xs-websockets/client";

/**
 * A `Duplex` over a WebSocket that is open: what is written is sent as binary messages, what comes is read as bytes; the
 * borders of messages and of chunks are not kept. Back-pressure works both ways. `end()` closes the connection with 1000 once
 * all has left, `destroy()` ends it at once. The peer's close is the end of what can be read, a failure the event "error".
 *
 * The handlers of the connection are the stream's from then on: `onMessageReceived`, `onDrained`, `onConnectionClosed`.
 *
 * @param webSocket a client, or a connection of a server
 * @param maxMessageBytes the longest message that is sent, in bytes: less than the `maxQueueBytes` of the connection, and not
 *   more than its peer takes
 * @returns the stream
 * @throws InvalidStateError where the connection is not open; OptionError where `maxMessageBytes` is no positive integer
 */
export function createWebSocketStream(webSocket: WebSocket, maxMessageBytes = 4_096): Duplex {
  if (webSocket.state !== WebSocketState.Open)
    throw new InvalidStateError("The WebSocket is not open: await connect() before createWebSocketStream().");
  if (!Number.isInteger(maxMessageBytes) || maxMessageBytes < 1)
    throw new OptionError(`maxMessageBytes must be a whole number of at least 1; it is ${maxMessageBytes}.`);
  return new WebSocketStream(webSocket, maxMessageBytes);
}

type Done = (error?: Error | null) => void;

/** What of a chunk is still to be sent. */
interface Rest {
  bytes: Uint8Array;
  readonly done: Done;
}

class WebSocketStream extends Duplex {
  private readonly webSocket: WebSocket;
  private readonly maxMessageBytes: number;
  private rest: Rest | undefined;
  private closing: Done | undefined;

  constructor(webSocket: WebSocket, maxMessageBytes: number) {
    super({ allowHalfOpen: false });
    this.webSocket = webSocket;
    this.maxMessageBytes = maxMessageBytes;
    webSocket.onMessageReceived = (_sender, { frame }) => {
      this.received(frame);
    };
    webSocket.onDrained = () => {
      this.drained();
    };
    webSocket.onConnectionClosed = (_sender, e) => {
      this.closedByEither(e);
    };
  }

  override _read(): void {
    this.webSocket.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: Done): void {
    this.rest = { bytes: chunk, done };
    this.drained();
  }

  override _final(done: Done): void {
    if (this.webSocket.state !== WebSocketState.Open) {
      done();
      return;
    }
    this.closing = done;
    this.webSocket.close();
  }

  override _destroy(error: Error | null, done: Done): void {
    this.webSocket.abort();
    done(error);
  }

  private received(frame: MessageReceivedFrame): void {
    if (!this.push(frame.buffer)) this.webSocket.pause();
  }

  /** Sends what waits, as far as there is room for it. What can never be sent is the writer's error. */
  private drained(): void {
    const { rest, maxMessageBytes } = this;
    if (rest === undefined) return;
    try {
      while (rest.bytes.length > 0) {
        if (!this.webSocket.sendBytes(rest.bytes.subarray(0, maxMessageBytes))) return;
        rest.bytes = rest.bytes.subarray(maxMessageBytes);
      }
    } catch (error) {
      this.rest = undefined;
      rest.done(error instanceof Error ? error : new Error(String(error)));
      return;
    }
    this.rest = undefined;
    rest.done();
  }

  private closedByEither({ error }: ConnectionClosedEventArgs): void {
    const { rest, closing } = this;
    this.rest = undefined;
    this.closing = undefined;
    closing?.(error);
    if (error !== undefined) this.destroy(error);
    else {
      this.push(null);
      rest?.done(new Error("The peer has closed the WebSocket."));
    }
  }
}
