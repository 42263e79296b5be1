/** Puts a message together whose payload comes in pieces. */

import { createUtf8Decoder } from "#platform";
import { withRoomFor } from "../common/bytes.js";

/** Characters that are joined to one string before they are kept: small pieces do not cost a string each. */
const JOINED_CHARACTERS = 2_048;

/** A text that is checked and decoded as it comes, so that none of its bytes are kept. */
export class TextAssembly {
  private readonly decoder = createUtf8Decoder();
  private parts: string[] = [];
  private tail = "";
  /** The last three bytes, the latest of them lowest. */
  private lastBytes = 0;

  /** @throws TypeError at the first byte that UTF-8 cannot have there */
  append(bytes: Uint8Array, isLast: boolean): void {
    this.tail += this.decoder.decode(bytes, isLast);
    if (!isLast) this.checkEnd(bytes);
    if (this.tail.length < JOINED_CHARACTERS) return;
    this.parts.push(this.tail);
    this.tail = "";
  }

  /** The characters since the last call. */
  take(): string {
    const { parts, tail } = this;
    this.parts = [];
    this.tail = "";
    return parts.length === 0 ? tail : parts.join("") + tail;
  }

  /** The SDK's decoder judges a character when as many bytes are there as the first one asks for: too late here. */
  private checkEnd(bytes: Uint8Array): void {
    const { length } = bytes;
    for (let at = Math.max(0, length - 3); at < length; at++)
      this.lastBytes = ((this.lastBytes << 8) | (bytes[at] as number)) & 0xff_ffff;
    if (!mayGoOn(this.lastBytes >> 16, (this.lastBytes >> 8) & 0xff, this.lastBytes & 0xff))
      throw new TypeError("The end of the bytes is not UTF-8.");
  }
}

/** Whether a text, right as far as its decoder has judged it, may have these last three bytes (RFC 3629, 4). */
function mayGoOn(third: number, second: number, last: number): boolean {
  if (!mayFollow(third, second) || !mayFollow(second, last)) return false;
  if (third >= 0xe0) return isContinuation(last);
  return last < 0xc0 || (last >= 0xc2 && last <= 0xf4);
}

function mayFollow(first: number, second: number): boolean {
  return first < 0xc0 || (isContinuation(second) && isSecondByte(first, second));
}

function isContinuation(byte: number): boolean {
  return byte >= 0x80 && byte < 0xc0;
}

/** Whether a continuation byte may come behind the first byte of a character (RFC 3629, 4). */
function isSecondByte(first: number, second: number): boolean {
  switch (first) {
    // Else it would have fewer bytes.
    case 0xe0:
      return second >= 0xa0;
    case 0xf0:
      return second >= 0x90;
    // Surrogates.
    case 0xed:
      return second <= 0x9f;
    // Beyond U+10FFFF.
    case 0xf4:
      return second <= 0x8f;
    default:
      return true;
  }
}

/** Bytes that are copied into one buffer, which at most doubles when it is full. */
export class BytesAssembly {
  private buffer: Uint8Array;
  private count = 0;

  /** @param expectedBytes how many bytes are known to come; a limit was already applied to it */
  constructor(expectedBytes: number) {
    this.buffer = new Uint8Array(expectedBytes);
  }

  /** Copies the next piece. */
  append(bytes: Uint8Array): void {
    const needed = this.count + bytes.length;
    this.buffer = withRoomFor(this.buffer, this.count, needed);
    this.buffer.set(bytes, this.count);
    this.count = needed;
  }

  /** All bytes, in a buffer of just their size. */
  take(): Uint8Array {
    return this.count === this.buffer.length ? this.buffer : this.buffer.slice(0, this.count);
  }
}
