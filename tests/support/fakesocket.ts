import type { Socket, SocketHandlers } from "../../hosts/contract.js";
import { describeFrame, joined, wireFrames } from "./vectors.js";

/** A socket in memory that takes as many bytes as it is told to. */
export class FakeSocket implements Socket {
  handlers: SocketHandlers = { data() {}, drain() {}, close() {} };
  readonly remoteAddress = "192.0.2.1";
  readonly remotePort: number;
  /** What was written, byte arrays as they were given. */
  readonly written: Uint8Array[] = [];
  /** "pause", "resume", "end" and "destroy" in the order in which they came. */
  readonly calls: string[] = [];
  /** Bytes that it takes before it is full. */
  room = Infinity;
  private taken = 0;

  constructor(remotePort = 1) {
    this.remotePort = remotePort;
  }

  /** The frames that were written. */
  get frames(): string[] {
    return wireFrames(joined(this.written)).map(describeFrame);
  }

  get bufferedAmount(): number {
    return Math.max(0, this.taken - this.room);
  }

  get isDestroyed(): boolean {
    return this.calls.includes("destroy");
  }

  write(bytes: Uint8Array): boolean {
    if (this.isDestroyed) return false;
    this.written.push(bytes);
    this.taken += bytes.length;
    return this.bufferedAmount === 0;
  }

  pause(): void {
    this.calls.push("pause");
  }

  resume(): void {
    this.calls.push("resume");
  }

  end(): void {
    this.calls.push("end");
  }

  destroy(): void {
    this.calls.push("destroy");
  }

  /** The network takes all that waits, and anything more. */
  drain(): void {
    this.room = Infinity;
    this.handlers.drain();
  }
}
