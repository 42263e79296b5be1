/** What waits until the WebSocket's queue has room: few messages, in their order. */

import { InvalidStateError, WebSocketError } from "../../common/errors.js";
import type { WebSocket } from "../../websocket/websocket.js";

interface Waiting {
  readonly data: string | Uint8Array;
  readonly resolve: () => void;
  readonly reject: (error: WebSocketError) => void;
}

/** The way out of one connection. */
export class Outbox {
  private readonly webSocket: WebSocket;
  private readonly maximumWaiting: number;
  private waiting: Waiting[] = [];
  private endError: WebSocketError | undefined = undefined;

  /** Takes over the `onDrained` of the WebSocket. */
  constructor(webSocket: WebSocket, maximumWaiting: number) {
    this.webSocket = webSocket;
    this.maximumWaiting = maximumWaiting;
    webSocket.onDrained = () => this.drained();
  }

  /**
   * Sends now.
   *
   * @returns false where there is no room
   * @throws InvalidStateError where the connection is over, OptionError for a message that the queue can never hold
   */
  trySend(data: string | Uint8Array): boolean {
    if (this.endError !== undefined) throw this.endError;
    return this.waiting.length === 0 && this.pass(data);
  }

  /** Sends, as soon as there is room. Rejects as `trySend` throws, and where too many wait already. */
  async send(data: string | Uint8Array): Promise<void> {
    if (this.trySend(data)) return;
    if (this.waiting.length >= this.maximumWaiting)
      throw new InvalidStateError(`${this.maximumWaiting} messages wait already (maximumWaitingSends): await send().`);
    await new Promise<void>((resolve, reject) => {
      this.waiting.push({ data, resolve, reject });
    });
  }

  /** The connection is over. */
  end(error: WebSocketError): void {
    this.endError ??= error;
    const { waiting } = this;
    this.waiting = [];
    for (const { reject } of waiting) reject(error);
  }

  private drained(): void {
    for (let first = this.waiting[0]; first !== undefined; first = this.waiting[0]) {
      if (!this.passWaiting(first)) return;
      this.waiting.shift();
    }
  }

  private passWaiting({ data, resolve, reject }: Waiting): boolean {
    try {
      if (!this.pass(data)) return false;
      resolve();
    } catch (error) {
      reject(error instanceof WebSocketError ? error : new InvalidStateError(String(error)));
    }
    return true;
  }

  private pass(data: string | Uint8Array): boolean {
    return typeof data === "string" ? this.webSocket.sendString(data) : this.webSocket.sendBytes(data);
  }
}
