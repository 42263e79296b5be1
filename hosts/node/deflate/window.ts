/** What messages may refer back to: the last bytes of those before (RFC 7692, 7.1.1). */

/** The last 2^bits bytes that were appended. Takes no memory before there are any, and at most twice its size. */
export class Window {
  private readonly size: number;
  private buffer = Buffer.alloc(0);
  private end = 0;

  /** @param bits 8 to 15 */
  constructor(bits: number) {
    this.size = 2 ** bits;
  }

  get isEmpty(): boolean {
    return this.end === 0;
  }

  /** The bytes. Only lent: they change with the next call of `append`. */
  get bytes(): Buffer {
    return this.buffer.subarray(Math.max(0, this.end - this.size), this.end);
  }

  append(bytes: Uint8Array): void {
    const added = bytes.length > this.size ? bytes.subarray(bytes.length - this.size) : bytes;
    if (this.end + added.length > this.buffer.length) this.makeRoomFor(added.length);
    this.buffer.set(added, this.end);
    this.end += added.length;
  }

  /** Makes room behind those of the bytes that are still within the window then. */
  private makeRoomFor(count: number): void {
    const kept = this.buffer.subarray(Math.max(0, this.end - (this.size - count)), this.end);
    const capacity = Math.min(2 * this.size, 2 * (kept.length + count));
    const buffer = capacity > this.buffer.length ? Buffer.alloc(capacity) : this.buffer;
    buffer.set(kept, 0);
    this.buffer = buffer;
    this.end = kept.length;
  }
}
