/** One end of a connection that obeys no rule but the test's. */

import { connect, type Socket } from "node:net";
import { upgradeAnswer } from "./upgrades.js";
import { describeFrame, frame, readFrame, type WireFrame } from "./vectors.js";
import { PATIENCE_MS } from "./waiting.js";

/** Says on a TCP connection what it is told to, and keeps what it hears. */
export class RawPeer {
  readonly socket: Socket;
  /** Resolves when the connection is over. */
  readonly closed: Promise<void>;
  /** Whether nothing more comes: FIN, RST, or the end that the test made. */
  hasEnded = false;
  private readonly isClient: boolean;
  private chunks: Buffer[] = [];
  private count = 0;
  private waiting: (() => void)[] = [];

  /** @param role a client masks its frames */
  constructor(socket: Socket, role: "client" | "server") {
    this.socket = socket.setNoDelay(true);
    this.isClient = role === "client";
    socket.on("data", (bytes: Buffer) => {
      this.chunks.push(bytes);
      this.count += bytes.length;
      this.wake();
    });
    const ended = (): void => {
      this.hasEnded = true;
      this.wake();
    };
    // A reset is an end like others: "close" follows.
    socket.on("end", ended).on("error", ended);
    this.closed = new Promise((resolve) => {
      socket.on("close", () => {
        ended();
        resolve();
      });
    });
  }

  /** A client of a port of this machine. */
  static connect(port: number): RawPeer {
    return new RawPeer(connect({ port, host: "127.0.0.1" }), "client");
  }

  /** What came and was not taken: how many bytes. */
  get size(): number {
    return this.count;
  }

  /** All of it. */
  get received(): Buffer {
    if (this.chunks.length > 1) this.chunks = [Buffer.concat(this.chunks)];
    return this.chunks[0] ?? Buffer.alloc(0);
  }

  /** Sends bytes, or characters of Latin-1. */
  send(...data: readonly (string | Uint8Array)[]): this {
    this.socket.write(Buffer.concat(data.map((part) => Buffer.from(part as string, "latin1"))));
    return this;
  }

  /** Sends the same again and again, until the connection is over or the answer is called. */
  repeat(everyMs: number, bytes: string | Uint8Array): () => void {
    const timer = setInterval(() => this.socket.writable && this.send(bytes), everyMs);
    const stop = (): void => clearInterval(timer);
    void this.closed.then(stop);
    return stop;
  }

  /** Sends a frame. */
  sendFrame(first: number, payload: Uint8Array = new Uint8Array(0)): this {
    return this.send(frame(first, payload, this.isClient));
  }

  /** Waits for a text. @returns what came up to its end @throws Error where the connection ends before */
  async until(text: string, withinMs = PATIENCE_MS): Promise<string> {
    for (;;) {
      const at = this.received.indexOf(text, 0, "latin1");
      if (at >= 0) return this.take(at + text.length).toString("latin1");
      await this.more(JSON.stringify(text), withinMs);
    }
  }

  /** Waits for the head of an HTTP message. */
  head(withinMs?: number): Promise<string> {
    return this.until("\r\n\r\n", withinMs);
  }

  /** Waits for an upgrade request, and answers it as a server does, with `rest` in the same segment. */
  async accept(rest: Uint8Array = new Uint8Array(0)): Promise<this> {
    return this.send(upgradeAnswer(await this.head()), rest);
  }

  /** Waits for so many bytes, and drops them. */
  async skip(count: number, withinMs?: number): Promise<void> {
    while (this.count < count) await this.more(`${count} bytes`, withinMs);
    this.take(count);
  }

  /** Waits for a frame. */
  async frame(withinMs?: number): Promise<WireFrame> {
    for (let needed = 2; ;) {
      if (this.count >= needed) {
        const found = readFrame(bytesOf(this.received));
        if (typeof found !== "number") {
          this.take(found.size);
          return found;
        }
        needed = found;
      }
      await this.more("a frame", withinMs);
    }
  }

  /** Waits for so many frames. @returns them, and all that came behind them */
  async wireFrames(count: number): Promise<WireFrame[]> {
    const frames: WireFrame[] = [];
    while (frames.length < count || this.count > 0) frames.push(await this.frame());
    return frames;
  }

  /** Waits for so many frames. @returns them as `describeFrame` tells of them */
  async frames(count: number): Promise<string[]> {
    return (await this.wireFrames(count)).map(describeFrame);
  }

  /** Waits for a frame, as `describeFrame` tells of it. @returns all frames up to it */
  async framesUntil(last: string): Promise<string[]> {
    const frames: string[] = [];
    while (frames.at(-1) !== last) frames.push(describeFrame(await this.frame()));
    return frames;
  }

  /** Waits until the connection is over. @returns all bytes that came and were not taken */
  async rest(): Promise<Uint8Array> {
    await this.closed;
    return this.take(this.count);
  }

  /** Waits until the connection is over. @returns all of it that was not taken, as Latin-1 */
  async all(): Promise<string> {
    return Buffer.from(await this.rest()).toString("latin1");
  }

  /** Waits until the other end is done. @throws Error where it has sent more, or is not done in time */
  async ended(withinMs: number): Promise<void> {
    const deadline = performance.now() + withinMs;
    while (!this.hasEnded) {
      const left = deadline - performance.now();
      if (left <= 0 || !(await this.isMore(left))) throw new Error(`TCP has not ended within ${withinMs} ms`);
    }
    if (this.count > 0) throw new Error(`unwanted bytes: ${this.describeRest()}`);
  }

  /** @throws Error where something comes within `ms` milliseconds */
  async silence(ms: number): Promise<void> {
    if (this.count > 0 || this.hasEnded || (await this.isMore(ms)))
      throw new Error(`no silence: ${this.describeRest()}`);
  }

  destroy(): void {
    this.socket.destroy();
  }

  private async more(what: string, withinMs = PATIENCE_MS): Promise<void> {
    if (this.hasEnded) throw new Error(`TCP ended before ${what}; there is: ${this.describeRest()}`);
    if (!(await this.isMore(withinMs)))
      throw new Error(`${what} did not come within ${withinMs} ms; there is: ${this.describeRest()}`);
  }

  /** Waits until something happens. @returns false where nothing does */
  private isMore(ms: number): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms, false);
      this.waiting.push(() => {
        clearTimeout(timer);
        resolve(true);
      });
    });
  }

  private wake(): void {
    for (const happened of this.waiting.splice(0)) happened();
  }

  private take(count: number): Buffer {
    const all = this.received;
    const rest = all.subarray(count);
    this.chunks = rest.length === 0 ? [] : [rest];
    this.count = rest.length;
    return all.subarray(0, count);
  }

  private describeRest(): string {
    const rest = this.received;
    const found = rest.length < 2 ? 0 : readFrame(bytesOf(rest));
    if (typeof found !== "number" && rest.length === found.size) return describeFrame(found);
    if (rest.length === 0) return this.hasEnded ? "the end" : "nothing";
    return `${rest.length} bytes, ${rest.toString("hex", 0, 40)} (${JSON.stringify(rest.toString("latin1", 0, 200))})`;
  }
}

/** The same bytes as what has no ways of its own: `slice` of a Buffer copies nothing. */
function bytesOf(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);
}
