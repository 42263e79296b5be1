/** The runner's end of a connection, at the pace of the tested side. */

import type { Socket } from "node:net";
import { RawPeer } from "../support/rawpeer.js";
import { frame, joined, type WireFrame } from "../support/vectors.js";
import type { Compression, Cut, Message, ReceivedMessage } from "./case.js";
import { RunnerCompression } from "./compression.js";
import { letTimePass } from "../support/waiting.js";

/** How fast the tested side is. */
export interface Pace {
  /** Milliseconds between two pieces, so that they are read one by one. */
  readonly gapMs: number;
  /** Milliseconds within which a frame comes. */
  readonly frameTimeoutMs: number;
  /** The same where it is big. */
  readonly bigTimeoutMs: number;
  /** Milliseconds by which a deadline may be missed on a busy machine. */
  readonly slackMs: number;
  /** Cases at the same time. */
  readonly parallel: number;
}

/** Node.js. */
export const NODE_PACE: Pace = { gapMs: 2, frameTimeoutMs: 20_000, bigTimeoutMs: 20_000, slackMs: 3_500, parallel: 8 };
/** The simulator looks at each socket every 20 ms, and moves 1,536 bytes then. */
export const XS_PACE: Pace = { gapMs: 22, frameTimeoutMs: 20_000, bigTimeoutMs: 120_000, slackMs: 3_500, parallel: 8 };

/** A connection of the runner. */
export class Peer {
  /** Masking keys of the frames that came. */
  readonly masks: string[] = [];
  private readonly raw: RawPeer;
  private readonly isMaskWanted: boolean;
  private readonly pace: Pace;
  private compression: RunnerCompression | undefined = undefined;

  /** @param isMaskWanted whether the tested side is a client: it masks its frames, the runner does not */
  constructor(socket: Socket, isMaskWanted: boolean, pace: Pace) {
    this.raw = new RawPeer(socket, isMaskWanted ? "server" : "client");
    this.isMaskWanted = isMaskWanted;
    this.pace = pace;
  }

  /** Sends bytes, cut; pieces are sent one by one, unless the connection ends. */
  async send(bytes: Uint8Array, cut: Cut): Promise<void> {
    let isFirst = true;
    for (const piece of pieces(bytes, cut)) {
      if (!isFirst) await letTimePass(this.pace.gapMs);
      isFirst = false;
      if (this.raw.hasEnded || !this.raw.socket.writable) return;
      this.raw.send(piece);
    }
  }

  /** The head of an HTTP message, as Latin-1, without its empty line. */
  async head(): Promise<string> {
    return (await this.raw.head(this.pace.frameTimeoutMs)).slice(0, -4);
  }

  /** Takes so many bytes. */
  skip(count: number): Promise<void> {
    return this.raw.skip(count, this.pace.frameTimeoutMs);
  }

  /** The next frame. */
  async frame(isBig: boolean): Promise<WireFrame> {
    const found = await this.raw.frame(isBig ? this.pace.bigTimeoutMs : this.pace.frameTimeoutMs);
    if (found.mask.length > 0 !== this.isMaskWanted)
      throw new Error(`a frame ${this.isMaskWanted ? "without" : "with"} a mask`);
    this.masks.push(found.mask.join());
    return found;
  }

  /** From here on messages may be compressed. */
  compressAs(compression: Compression | undefined): void {
    if (compression !== undefined) this.compression = new RunnerCompression(compression);
  }

  /** Sends a compressed message, in frames of so many bytes; 0: in one. */
  async sendCompressed(message: Message, fragmentBytes: number): Promise<void> {
    const frames = await this.requireCompression().compress(message, fragmentBytes);
    await this.send(joined(frames.map(({ first, payload }) => frame(first, payload, !this.isMaskWanted))), "whole");
  }

  /** The next message, all of whose frames are checked. */
  async message(isBig: boolean): Promise<ReceivedMessage> {
    const compression = this.requireCompression();
    const frames: WireFrame[] = [];
    do frames.push(await this.frame(isBig));
    while (((frames.at(-1)?.first ?? 0) & 0x80) === 0);
    return compression.read(frames);
  }

  /** Waits until the tested side ends TCP. @throws Error where it has sent more, or does not within `withinMs` */
  ended(withinMs: number): Promise<void> {
    return this.raw.ended(withinMs + this.pace.slackMs);
  }

  /** @throws Error where something comes within `ms` */
  silence(ms: number): Promise<void> {
    return this.raw.silence(ms);
  }

  end(): void {
    this.raw.socket.end();
  }

  reset(): void {
    this.raw.socket.resetAndDestroy();
  }

  destroy(): void {
    this.compression?.close();
    this.raw.destroy();
  }

  private requireCompression(): RunnerCompression {
    if (this.compression === undefined) throw new Error("the case says nothing of compression");
    return this.compression;
  }
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
