/** A stream of Node.js over a socket in the shape of ECMA-419's TCP, for the npm package `mqtt`. */

import { Duplex } from "node:stream";
import type { Socket, SocketOptions } from "./mqtt.js";

type Done = (error?: Error | null) => void;

export class SocketStream extends Duplex {
  private readonly inner: Socket;
  private room = 0;
  /** What is written when there is room. */
  private unsent: Uint8Array = new Uint8Array(0);
  private sent: Done | undefined = undefined;

  constructor({ io: SocketClass, ...options }: SocketOptions, host: string, port: number) {
    super();
    this.inner = new SocketClass({
      ...options,
      host,
      port,
      onReadable: () => this.deliver(),
      onWritable: (room) => {
        this.room = room;
        this.send();
      },
      onError: (error) => this.destroy(error),
    });
  }

  override _read(): void {
    this.deliver();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: Done): void {
    this.unsent = chunk;
    this.sent = done;
    this.send();
  }

  override _destroy(error: Error | null, done: Done): void {
    this.inner.close();
    done(error);
  }

  override _final(done: Done): void {
    this.inner.close();
    done();
  }

  /** What Node.js does not want now stays in the socket, which slows the broker down. */
  private deliver(): void {
    while (this.readableLength < this.readableHighWaterMark) {
      const bytes = this.inner.read();
      if (!(bytes instanceof ArrayBuffer) || !this.push(Buffer.from(bytes))) return;
    }
  }

  private send(): void {
    while (this.unsent.length > 0 && this.room > 0) {
      const piece = this.unsent.subarray(0, this.room);
      this.unsent = this.unsent.subarray(piece.length);
      this.room = this.inner.write(piece);
    }
    const { sent } = this;
    if (sent === undefined || this.unsent.length > 0) return;
    this.sent = undefined;
    sent();
  }
}
