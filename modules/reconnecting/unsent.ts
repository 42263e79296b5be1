/** Messages that wait for a connection. */

import type { WebSocketMessageType } from "../common/constants.js";

/** What a message costs beside its bytes: its objects on a 32-bit XS. */
const MESSAGE_OVERHEAD_BYTES = 64;

interface Message {
  readonly payload: Uint8Array;
  readonly type: WebSocketMessageType;
}

/** A queue that is bounded in bytes. */
export class UnsentMessages {
  /** Bytes of the payloads. */
  byteLength = 0;
  private messages: Message[] = [];
  private readonly maxBytes: number;

  /** @param maxBytes bytes of all messages, with 64 more for each; 0: none is kept */
  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }

  get isEmpty(): boolean {
    return this.messages.length === 0;
  }

  /** Keeps a copy. @returns false where there is no room for it */
  keep(payload: Uint8Array, type: WebSocketMessageType): boolean {
    const count = this.messages.length + 1;
    if (this.byteLength + payload.length + count * MESSAGE_OVERHEAD_BYTES > this.maxBytes) return false;
    this.messages.push({ payload: new Uint8Array(payload), type });
    this.byteLength += payload.length;
    return true;
  }

  /** Passes messages on, in their order, until `send` says that there is no room for the next. */
  pass(send: (payload: Uint8Array, type: WebSocketMessageType) => boolean): void {
    let passed = 0;
    for (const { payload, type } of this.messages) {
      if (!send(payload, type)) break;
      this.byteLength -= payload.length;
      passed++;
    }
    this.messages.splice(0, passed);
  }

  clear(): void {
    this.messages = [];
    this.byteLength = 0;
  }
}
