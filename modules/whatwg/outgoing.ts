/** Messages of the WHATWG `WebSocket` on their way out: in order, although a Blob's content has to be waited for. */

import { blobBytes } from "#dom";
import { encodeUtf8, log } from "#platform";
import { WebSocketMessageType } from "../client.js";

/** A message whose content may be still to come. */
export interface OutgoingMessage {
  readonly type: WebSocketMessageType;
  /** Bytes of the payload. */
  readonly size: number;
  readonly payload: Uint8Array | Promise<Uint8Array>;
}

/** Makes a message of what `send` is given: bytes and Blobs as they are, of anything else the text. Bytes are copied when they leave. */
export function toMessage(data: unknown): OutgoingMessage {
  if (ArrayBuffer.isView(data)) return binary(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  if (data instanceof ArrayBuffer) return binary(new Uint8Array(data));
  const blob = blobBytes(data);
  if (blob !== undefined) return { type: WebSocketMessageType.Binary, size: blob.size, payload: blob.bytes };
  const payload = encodeUtf8(String(data));
  return { type: WebSocketMessageType.Text, size: payload.length, payload };
}

function binary(payload: Uint8Array): OutgoingMessage {
  return { type: WebSocketMessageType.Binary, size: payload.length, payload };
}

/** Passes messages on at once, or, behind a Blob, in their order. */
export class OutgoingQueue {
  private tail: Promise<void> | undefined = undefined;
  private readonly transmit: (type: WebSocketMessageType, payload: Uint8Array) => void;

  /** @param transmit sends a message */
  constructor(transmit: (type: WebSocketMessageType, payload: Uint8Array) => void) {
    this.transmit = transmit;
  }

  send({ type, payload }: OutgoingMessage): void {
    if (!(payload instanceof Uint8Array)) return this.enqueue(async () => this.transmit(type, await payload));
    if (this.tail === undefined) return this.transmit(type, payload);
    // The caller may change its bytes while they wait.
    const copy = new Uint8Array(payload);
    this.enqueue(() => this.transmit(type, copy));
  }

  /** Does something once all that was sent before has been passed on. */
  afterAll(act: () => void): void {
    if (this.tail === undefined) act();
    else this.enqueue(act);
  }

  private enqueue(act: () => void | Promise<void>): void {
    const tail = (this.tail ?? Promise.resolve())
      .then(act)
      // A Blob that cannot be read any more is not sent.
      .catch((cause: unknown) => log("A message could not be sent.", cause))
      .finally(() => {
        if (this.tail === tail) this.tail = undefined;
      });
    this.tail = tail;
  }
}
