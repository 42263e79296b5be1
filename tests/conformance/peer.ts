/** The runner's end of a connection: a raw socket, and what came on it. */

import type { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { describeFrame, type WireFrame } from "../support/vectors.js";
import type { Cut } from "./case.js";

/** How fast the tested side is. */
export interface Pace {
  /** Milliseconds between two pieces, so that they are read one by one. */
  readonly gapMs: number;
  /** Milliseconds within which a frame comes. */
  readonly frameTimeoutMs: number;
  /** The same where it is big. */
  readonly bigTimeoutMs: number;
  /** Milliseconds by which a deadline may be missed. */
  readonly slackMs: number;
  /** Cases at the same time. */
  readonly parallel: number;
}

/** Node.js. */
export const NODE_PACE: Pace = { gapMs: 2, frameTimeoutMs: 8_000, bigTimeoutMs: 20_000, slackMs: 400, parallel: 8 };
/** The simulator looks at each socket every 20 ms, and moves 1,536 bytes then. */
export const XS_PACE: Pace = { gapMs: 22, frameTimeoutMs: 8_000, bigTimeoutMs: 120_000, slackMs: 700, parallel: 8 };

/** A connection of the runner. */
export class Peer {
  /** Masking keys of the frames that came. */
  readonly masks: string[] = [];
  private chunks: Buffer[] = [];
  private size = 0;
  private hasEnded = false;
  private waiting: (() => void) | undefined = undefined;
  private readonly socket: Socket;
  private readonly isMaskWanted: boolean;
  private readonly pace: Pace;

  /** @param isMaskWanted whether the tested side is a client: it masks its frames, the runner does not */
  constructor(socket: Socket, isMaskWanted: boolean, pace: Pace) {
    this.socket = socket;
    this.isMaskWanted = isMaskWanted;
    this.pace = pace;
    socket.setNoDelay(true);
    socket.on("data", (chunk: Buffer) => {
      this.chunks.push(chunk);
      this.size += chunk.length;
      this.waiting?.();
    });
    const ended = (): void => {
      this.hasEnded = true;
      this.waiting?.();
    };
    // FIN, RST, or what the runner did itself.
    socket.on("end", ended).on("close", ended).on("error", ended);
  }

  /** Sends bytes, cut; pieces are sent one by one, unless the connection ends. */
  async send(bytes: Uint8Array, cut: Cut): Promise<void> {
    let isFirst = true;
    for (const piece of pieces(bytes, cut)) {
      if (!isFirst) await sleep(this.pace.gapMs);
      isFirst = false;
      if (this.hasEnded || !this.socket.writable) return;
      this.socket.write(piece);
    }
  }

  /** The head of an HTTP message, as Latin-1. */
  async head(): Promise<string> {
    for (;;) {
      const text = this.received().toString("latin1");
      const end = text.indexOf("\r\n\r\n");
      if (end >= 0) {
        this.take(end + 4);
        return text.slice(0, end);
      }
      await this.more("the head of an HTTP message", this.pace.frameTimeoutMs);
    }
  }

  /** Takes so many bytes. */
  async skip(count: number): Promise<void> {
    while (this.size < count) await this.more("a body", this.pace.frameTimeoutMs);
    this.take(count);
  }

  /** The next frame. */
  async frame(isBig: boolean): Promise<WireFrame> {
    for (let needed = 2; ;) {
      if (this.size >= needed) {
        const found = readFrame(this.received());
        if (typeof found !== "number") {
          this.take(found.size);
          this.checkMask(found.mask);
          return found;
        }
        needed = found;
      }
      await this.more("a frame", isBig ? this.pace.bigTimeoutMs : this.pace.frameTimeoutMs);
    }
  }

  /** Waits until the tested side ends TCP. @throws Error where it has sent more, or does not within `withinMs` */
  async ended(withinMs: number): Promise<void> {
    const deadline = performance.now() + withinMs + this.pace.slackMs;
    while (!this.hasEnded) {
      const left = deadline - performance.now();
      if (left <= 0 || !(await this.isMore(left))) throw new Error(`TCP has not ended within ${withinMs} ms`);
    }
    if (this.size > 0) throw new Error(`unwanted bytes: ${this.describeRest()}`);
  }

  /** @throws Error where something comes within `ms` */
  async silence(ms: number): Promise<void> {
    if (this.size > 0 || this.hasEnded || (await this.isMore(ms)))
      throw new Error(`no silence: ${this.describeRest()}`);
  }

  end(): void {
    this.socket.end();
  }

  reset(): void {
    this.socket.resetAndDestroy();
  }

  destroy(): void {
    this.socket.destroy();
  }

  private checkMask(mask: Uint8Array): void {
    if (mask.length > 0 !== this.isMaskWanted)
      throw new Error(`a frame ${this.isMaskWanted ? "without" : "with"} a mask`);
    this.masks.push(mask.join());
  }

  private async more(what: string, ms: number): Promise<void> {
    const describe = (): string => (this.size === 0 ? "" : `; there is: ${this.describeRest()}`);
    if (this.hasEnded) throw new Error(`TCP ended before ${what}${describe()}`);
    if (!(await this.isMore(ms))) throw new Error(`${what} did not come within ${ms} ms${describe()}`);
  }

  /** Waits until something happens. @returns false where nothing does */
  private async isMore(ms: number): Promise<boolean> {
    return new Promise((resolve) => {
      const done = (isMore: boolean): void => {
        clearTimeout(timer);
        this.waiting = undefined;
        resolve(isMore);
      };
      const timer = setTimeout(done, ms, false);
      this.waiting = () => {
        done(true);
      };
    });
  }

  private received(): Buffer {
    if (this.chunks.length > 1) this.chunks = [Buffer.concat(this.chunks)];
    return this.chunks[0] ?? Buffer.alloc(0);
  }

  private take(count: number): void {
    const rest = this.received().subarray(count);
    this.chunks = rest.length === 0 ? [] : [rest];
    this.size = rest.length;
  }

  private describeRest(): string {
    const rest = this.received();
    const found = rest.length < 2 ? 0 : readFrame(rest);
    if (typeof found !== "number") return describeFrame(found);
    return this.hasEnded && rest.length === 0 ? "the end" : `${rest.length} bytes, ${rest.toString("hex", 0, 40)}`;
  }
}

/** @returns the frame at the start of `bytes`, or how many bytes are needed to tell more */
function readFrame(bytes: Buffer): (WireFrame & { readonly size: number }) | number {
  const second = bytes[1] ?? 0;
  const code = second & 0x7f;
  const maskSize = second > 0x7f ? 4 : 0;
  const lengthSize = code < 126 ? 0 : code === 126 ? 2 : 8;
  const start = 2 + lengthSize + maskSize;
  if (bytes.length < start) return start;
  const length = lengthSize === 0 ? code : lengthSize === 2 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
  const size = start + length;
  if (bytes.length < size) return size;
  const mask = Uint8Array.from(bytes.subarray(start - maskSize, start));
  const payload = Uint8Array.from(bytes.subarray(start, size));
  if (maskSize > 0) for (let at = 0; at < length; at++) payload[at] = (payload[at] ?? 0) ^ (mask[at & 3] ?? 0);
  return { first: bytes[0] ?? 0, mask, payload, size };
}

function pieces(bytes: Uint8Array, cut: Cut): Uint8Array[] {
  if (cut === "whole") return [bytes];
  const size = cut === "bytes" ? 1 : "every" in cut ? cut.every : undefined;
  if (size !== undefined)
    return Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) =>
      bytes.subarray(at * size, (at + 1) * size),
    );
  const places = cut === "bytes" || !("at" in cut) ? [] : cut.at.map((at) => (at < 0 ? bytes.length + at : at));
  const edges = [0, ...places.filter((at) => at < bytes.length), bytes.length];
  return edges.slice(1).map((end, at) => bytes.subarray(edges[at], end));
}
