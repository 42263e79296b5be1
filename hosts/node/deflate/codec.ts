/**
 * Messages to DEFLATE and back (RFC 7692, 7.2). Each is done in one synchronous call that leaves nothing behind in zlib: what
 * later messages refer to is kept here, and given as a dictionary. So the order of messages, back-pressure and the end of a
 * connection are what they are without compression, and a connection takes at most 64 KB for each direction.
 */

import { constants, deflateRawSync, inflateRawSync, type InputType, type ZlibOptions } from "node:zlib";
import { Window } from "./window.js";

/** How one side compresses. */
export interface Direction {
  readonly windowBits: number;
  /** Whether no message refers to those before it: no context takeover. */
  readonly isForgetful: boolean;
}

/** What `info: true` gives: not in the types of Node.js. */
interface Inflated {
  readonly buffer: Buffer;
  readonly engine: { readonly bytesWritten: number };
}

/** RFC 7692, 7.2.1: the four bytes with which every flush ends are not sent. */
const TAIL_LENGTH = 4;

/**
 * RFC 7692, 7.2.2: these four bytes are put behind a message. The five behind them are an empty block with BFINAL set: zlib
 * tells of a message that is cut off only where the stream has to end.
 */
const TAIL = Buffer.from([0x00, 0x00, 0xff, 0xff, 0x01, 0x00, 0x00, 0xff, 0xff]);

/**
 * RFC 7692, 7.2.3.4: a block of a message may have BFINAL set; each ends what zlib does in one call. Senders that cannot
 * flush set it once a message; more than this many only keep the receiver busy.
 */
const MAX_FINAL_BLOCKS = 64;

/** What zlib makes at once, in bytes. */
const CHUNK_BYTES = 16_384;

/** What later messages may refer to is told by `sent`. */
export interface Compressed {
  readonly bytes: Uint8Array;
  sent(): true;
}

/** Compresses the messages of one connection, and inflates those of its peer. */
export class Codec {
  private readonly threshold: number;
  private readonly options: ZlibOptions;
  /** What our messages may refer to. */
  private window: Window | undefined;
  /** What those of the peer may refer to. */
  private peerWindow: Window | undefined;

  constructor(
    outgoing: Direction,
    incoming: Direction,
    { threshold, level }: { readonly threshold: number; readonly level: number },
  ) {
    this.threshold = threshold;
    this.options = {
      level,
      windowBits: outgoing.windowBits,
      finishFlush: constants.Z_SYNC_FLUSH,
      chunkSize: CHUNK_BYTES,
    };
    this.window = outgoing.isForgetful ? undefined : new Window(outgoing.windowBits);
    this.peerWindow = incoming.isForgetful ? undefined : new Window(incoming.windowBits);
  }

  deflate(payload: Uint8Array | string): Compressed | undefined {
    // A text has at most three bytes for each of its characters.
    if ((typeof payload === "string" ? 3 * payload.length : payload.length) < this.threshold) return undefined;
    const bytes = typeof payload === "string" ? Buffer.from(payload) : payload;
    if (bytes.length < this.threshold || bytes.length === 0) return undefined;
    const { window } = this;
    const flushed = deflateRawSync(bytes, withDictionary(this.options, window));
    const length = flushed.length - TAIL_LENGTH;
    if (length >= bytes.length) return undefined;
    return {
      bytes: flushed.subarray(0, length),
      sent: () => {
        window?.append(bytes);
        return true;
      },
    };
  }

  /** @param payload a whole message @param maxBytes how many bytes it may come to: no more are made of it */
  inflate(payload: readonly Uint8Array[], maxBytes: number): Uint8Array | "invalid" | "too big" {
    const bytes = Buffer.concat([...payload, TAIL]);
    const first = inflateOnce(bytes, this.peerWindow, maxBytes);
    if (typeof first === "string") return first;
    const { buffer, engine } = first;
    const isWhole = engine.bytesWritten === bytes.length;
    const message = isWhole ? buffer : this.inflateOn(buffer, bytes.subarray(engine.bytesWritten), maxBytes);
    if (typeof message === "string") return message;
    this.peerWindow?.append(message);
    // A copy: zlib's buffer may be much larger.
    return new Uint8Array(message);
  }

  /** Forgets what messages may refer to. */
  stop(): void {
    this.window = undefined;
    this.peerWindow = undefined;
  }

  /** Inflates what is behind the first block with BFINAL: it may refer to what was before. */
  private inflateOn(start: Buffer, bytes: Buffer, maxBytes: number): Buffer | "invalid" | "too big" {
    const window = new Window(INFLATE_BITS);
    if (this.peerWindow !== undefined) window.append(this.peerWindow.bytes);
    window.append(start);
    const parts = [start];
    let left = maxBytes - start.length;
    let rest = bytes;
    for (let count = 1; rest.length > 0; count++) {
      if (count === MAX_FINAL_BLOCKS) return "invalid";
      const inflated = inflateOnce(rest, window, left);
      if (typeof inflated === "string") return inflated;
      const { buffer, engine } = inflated;
      left -= buffer.length;
      parts.push(buffer);
      rest = rest.subarray(engine.bytesWritten);
      window.append(buffer);
    }
    return Buffer.concat(parts);
  }
}

/** What is received is inflated with the largest window: whatever the peer refers to is there. */
const INFLATE_BITS = 15;

function withDictionary(options: ZlibOptions, window: Window | undefined): ZlibOptions {
  return window === undefined || window.isEmpty ? options : { ...options, dictionary: window.bytes };
}

/** @param maxBytes none is allowed where it is 0: zlib takes no less than 1 */
function inflateOnce(bytes: InputType, window: Window | undefined, maxBytes: number): Inflated | "invalid" | "too big" {
  const options: ZlibOptions = {
    windowBits: INFLATE_BITS,
    maxOutputLength: Math.max(1, maxBytes),
    chunkSize: Math.max(constants.Z_MIN_CHUNK, Math.min(CHUNK_BYTES, maxBytes + 1)),
    info: true,
  };
  try {
    const inflated = inflateRawSync(bytes, withDictionary(options, window)) as unknown as Inflated;
    return inflated.buffer.length > maxBytes ? "too big" : inflated;
  } catch (error) {
    return (error as { readonly code?: unknown }).code === "ERR_BUFFER_TOO_LARGE" ? "too big" : "invalid";
  }
}
