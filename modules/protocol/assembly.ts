/** Puts a message together whose payload comes in pieces. */

import { createUtf8Decoder } from "#platform";

/** Characters that are joined to one string before they are kept: small pieces do not cost a string each. */
const JOINED_CHARACTERS = 2_048;

/** A text that is checked and decoded as it comes, so that none of its bytes are kept. */
export class TextAssembly {
  private readonly decoder = createUtf8Decoder();
  private readonly parts: string[] = [];
  private tail = "";

  /** @throws TypeError where the bytes are not UTF-8 */
  append(bytes: Uint8Array, isLast: boolean): void {
    this.tail += this.decoder.decode(bytes, isLast);
    if (this.tail.length < JOINED_CHARACTERS) return;
    this.parts.push(this.tail);
    this.tail = "";
  }

  /** The whole text, after its last piece. */
  take(): string {
    if (this.parts.length === 0) return this.tail;
    this.parts.push(this.tail);
    return this.parts.join("");
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
    if (needed > this.buffer.length) this.grow(Math.max(needed, 2 * this.count));
    this.buffer.set(bytes, this.count);
    this.count = needed;
  }

  /** All bytes, in a buffer of just their size. */
  take(): Uint8Array {
    return this.count === this.buffer.length ? this.buffer : this.buffer.slice(0, this.count);
  }

  private grow(size: number): void {
    const grown = new Uint8Array(size);
    grown.set(this.buffer.subarray(0, this.count));
    this.buffer = grown;
  }
}
