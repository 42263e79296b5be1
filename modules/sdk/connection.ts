/** A connection that tells all by one callback, as the SDK's module `websocket` does. */

import { InvalidStateError } from "../common/errors.js";
import { WebSocketMessageType } from "../common/constants.js";
import type { MessageReceivedFrame, WebSocket } from "../websocket/websocket.js";

/** What a callback is told: numbers of the SDK's module `websocket`, whose names are static members of Client and Server. */
export const CONNECT = 1;
export const HANDSHAKE = 2;
export const RECEIVE = 3;
export const DISCONNECT = 4;
export const SUBPROTOCOL = 5;

/** It is called with the connection as `this`. An exception closes the connection with 1011. */
export type Callback = (this: Connection, message: number, value?: unknown) => void;

/** Tells the callback, unless the connection was closed. */
export type Tell = (message: number, value?: unknown) => void;

/** One side of a connection. */
export class Connection {
  /** Is told of all that happens. */
  callback: Callback | undefined = undefined;
  protected readonly webSocket: WebSocket;
  protected isClosed = false;

  /**
   * Made by the library.
   *
   * @param webSocket what it is made over
   * @param handOver is given the function that tells the callback
   */
  constructor(webSocket: WebSocket, handOver: (tell: Tell) => void) {
    this.webSocket = webSocket;
    handOver((message, value) => {
      if (this.isClosed) return;
      this.isClosed = message === DISCONNECT;
      this.callback?.(message, value);
    });
  }

  /**
   * Sends a message: a string as text, bytes as binary.
   *
   * @throws InvalidStateError unless it is connected, or where the queue has no room for it (`maxQueueBytes`); OptionError
   *   for what is neither text nor bytes
   */
  write(message: string | ArrayBuffer | ArrayBufferView): void {
    const { webSocket } = this;
    const isTaken = typeof message === "string" ? webSocket.sendString(message) : webSocket.sendBytes(message);
    if (!isTaken) throw new InvalidStateError("The queue is full (maxQueueBytes): the peer reads too slowly.");
  }

  /** Closes the connection, with a Close frame. The callback is told of nothing more. May be called again. */
  close(): void {
    this.isClosed = true;
    this.webSocket.close();
  }
}

/** A message as the callback is given it: a text, or bytes. */
export function valueOf({ messageType, text, buffer }: MessageReceivedFrame): string | ArrayBufferLike {
  return messageType === WebSocketMessageType.Text ? text : bufferOf(buffer);
}

/** As the SDK gives bytes: what is a view of more is copied. */
function bufferOf(bytes: Uint8Array): ArrayBufferLike {
  return bytes.length === bytes.buffer.byteLength ? bytes.buffer : bytes.slice().buffer;
}
