/** The runner's side of compressed messages: zlib sends, and what comes is read without zlib. */

import { constants, createDeflateRaw, deflateRawSync, type DeflateRaw } from "node:zlib";
import { readDeflate, type Inflated } from "../support/deflatereader.js";
import { bytesOf, describeFrame, joined, type WireFrame } from "../support/vectors.js";
import type { Compression, Direction, Message, ReceivedMessage } from "./case.js";

const RSV1_BIT = 0x40;
const TEXT = 1;
const BINARY = 2;
/** RFC 7692, 7.2.1: "Remove 4 octets (that are 0x00 0x00 0xff 0xff) from the tail end." */
const TAIL = bytesOf("0000ffff");
const MAX_WINDOW_BYTES = 32_768;
const MAX_MESSAGE_BYTES = 2 ** 21;

/** A frame without its mask. */
export type PlainFrame = Pick<WireFrame, "first" | "payload">;

/** Both directions of a connection. */
export class RunnerCompression {
  private readonly compression: Compression;
  /** One stream over all messages, where they may refer to one another. */
  private readonly stream: DeflateRaw | undefined;
  /** What the tested side may refer to. */
  private history: Uint8Array = new Uint8Array(0);

  constructor(compression: Compression) {
    this.compression = compression;
    const { toTested } = compression;
    this.stream = toTested.isForgetful ? undefined : createDeflateRaw(optionsOf(toTested));
  }

  /** @param fragmentBytes the most that is in a frame; 0: all */
  async compress({ isText, bytes }: Message, fragmentBytes: number): Promise<PlainFrame[]> {
    const compressed = await this.deflate(bytes);
    const size = fragmentBytes === 0 ? compressed.length : fragmentBytes;
    const count = Math.ceil(compressed.length / size);
    return Array.from({ length: count }, (_, at) => ({
      first: (at === 0 ? RSV1_BIT | (isText ? TEXT : BINARY) : 0) | (at === count - 1 ? 0x80 : 0),
      payload: compressed.subarray(at * size, (at + 1) * size),
    }));
  }

  /** Reads a message. @throws Error where a frame, or what was compressed, is not as RFC 7692 says */
  read(frames: readonly WireFrame[]): ReceivedMessage {
    const [start, ...rest] = frames;
    const opcode = (start?.first ?? 0) & 0x0f;
    const wrong = rest.find(({ first }) => (first & 0x7f) !== 0);
    // RFC 7692, 6: RSV1 is set in the first frame, and in no other.
    if (start === undefined || wrong !== undefined || (start.first & 0x30) !== 0 || opcode < TEXT || opcode > BINARY)
      throw new Error(`it sent ${frames.map(describeFrame).join(", ")}`);
    const isCompressed = (start.first & RSV1_BIT) !== 0;
    const payload = joined(frames.map(({ payload: part }) => part));
    const { bytes, farthestBefore } = isCompressed ? this.inflate(payload) : { bytes: payload, farthestBefore: 0 };
    return { isText: opcode === TEXT, bytes, isCompressed, refersBack: farthestBefore > 0 };
  }

  close(): void {
    this.stream?.close();
  }

  private inflate(payload: Uint8Array): Inflated {
    if (Buffer.compare(payload.subarray(-TAIL.length), TAIL) === 0) throw new Error("the tail was not removed");
    const { isForgetful, windowBits } = this.compression.fromTested;
    const inflated = readDeflate(joined([payload, TAIL]), this.history, MAX_MESSAGE_BYTES);
    const { bytes, farthest } = inflated;
    // RFC 7692, 7.1.2: the window that was agreed on.
    if (farthest > 2 ** windowBits) throw new Error(`it refers ${farthest} bytes back, beyond 2^${windowBits}`);
    if (!isForgetful) this.history = joined([this.history, bytes]).slice(-MAX_WINDOW_BYTES);
    return inflated;
  }

  private async deflate(bytes: Uint8Array): Promise<Uint8Array> {
    const { stream } = this;
    const { toTested } = this.compression;
    const flushed = stream === undefined ? deflateRawSync(bytes, optionsOf(toTested)) : await flush(stream, bytes);
    return flushed.subarray(0, -TAIL.length);
  }
}

/** zlib's window of 2^9 bytes refers 250 bytes back at most, so it serves for 2^8. */
function optionsOf({ windowBits }: Direction): { windowBits: number; finishFlush: number } {
  return { windowBits: Math.max(9, windowBits), finishFlush: constants.Z_SYNC_FLUSH };
}

function flush(stream: DeflateRaw, bytes: Uint8Array): Promise<Uint8Array> {
  return new Promise((resolve) => {
    const parts: Buffer[] = [];
    const collect = (part: Buffer): void => void parts.push(part);
    stream.on("data", collect);
    stream.write(bytes);
    stream.flush(constants.Z_SYNC_FLUSH, () => {
      stream.off("data", collect);
      resolve(Buffer.concat(parts));
    });
  });
}
