import type { Socket, SocketHandlers, WriteResult } from "../../hosts/contract.js";
import { describeFrame, joined, wireFrames } from "./vectors.js";

/** A socket in memory that takes as many bytes as it is told to. */
export class FakeSocket implements Socket {
  handlers: SocketHandlers = { received() {}, drained() {}, closed() {} };
  readonly remoteAddress = "192.0.2.1";
  readonly remotePort: number;
  /** What was written, byte arrays as they were given. */
  readonly written: Uint8Array[] = [];
  /** "pause", "resume", "end" and "destroy" in the order in which they came. */
  readonly calls: string[] = [];
  isPaused = false;
  /** Bytes that it takes before it is full. */
  room = Infinity;
  private taken = 0;
  private unreadBytes: Uint8Array[] = [];

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

  /** Bytes that were given back and are not delivered yet. */
  get unreadLength(): number {
    return joined(this.unreadBytes).length;
  }

  get isDestroyed(): boolean {
    return this.calls.includes("destroy");
  }

  write(bytes: Uint8Array): WriteResult {
    if (this.isDestroyed) return "over";
    this.written.push(bytes);
    this.taken += bytes.length;
    return this.bufferedAmount === 0 ? "taken" : "full";
  }

  pause(): void {
    this.isPaused = true;
    this.calls.push("pause");
  }

  resume(): void {
    this.isPaused = false;
    this.calls.push("resume");
    if (this.unreadBytes.length > 0) setTimeout(() => this.deliverUnread(), 0);
  }

  unread(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.unreadBytes.unshift(bytes);
    if (!this.isPaused) setTimeout(() => this.deliverUnread(), 0);
  }

  end(): void {
    this.calls.push("end");
  }

  destroy(): void {
    this.unreadBytes = [];
    this.calls.push("destroy");
  }

  /** The network takes all that waits, and anything more. */
  drain(): void {
    this.room = Infinity;
    this.handlers.drained();
  }

  private deliverUnread(): void {
    if (this.isPaused) return;
    const unread = this.unreadBytes;
    this.unreadBytes = [];
    for (const bytes of unread) this.handlers.received(bytes);
  }
}
