/** Bytes of a stream that came and were not read yet, in the pieces in which they came. */

/** Pieces that are smaller together are copied into one: a piece is an object, which takes memory beside its bytes. */
const SMALL_BYTES = 256;

/** A queue of bytes. */
export class UnreadBytes {
  /** How many bytes there are. */
  length = 0;
  private pieces: Uint8Array[] = [];
  /** Where the first piece goes on. */
  private at = 0;

  /** Adds bytes, which are the queue's from then on. */
  push(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.length += bytes.length;
    const { pieces } = this;
    const last = pieces.length - 1;
    const tail = pieces[last];
    // The first piece may have been read in part: only those behind it are joined.
    if (last > 0 && tail !== undefined && tail.length + bytes.length <= SMALL_BYTES) {
      const joined = new Uint8Array(tail.length + bytes.length);
      joined.set(tail);
      joined.set(bytes, tail.length);
      pieces[last] = joined;
    } else pieces.push(ofItsOwn(bytes));
  }

  /** Takes one byte; undefined where there is none. */
  shift(): number | undefined {
    const [piece] = this.pieces;
    if (piece === undefined) return undefined;
    const byte = piece[this.at];
    this.take(piece, 1);
    return byte;
  }

  /** Moves bytes to `target`, as many as there are and as it takes. @returns how many */
  readInto(target: Uint8Array): number {
    let count = 0;
    for (let piece = this.pieces[0]; piece !== undefined && count < target.length; piece = this.pieces[0]) {
      const size = Math.min(piece.length - this.at, target.length - count);
      target.set(piece.subarray(this.at, this.at + size), count);
      count += size;
      this.take(piece, size);
    }
    return count;
  }

  /** Forgets all. */
  clear(): void {
    this.pieces = [];
    this.at = 0;
    this.length = 0;
  }

  private take(piece: Uint8Array, size: number): void {
    this.length -= size;
    this.at += size;
    if (this.at < piece.length) return;
    this.pieces.shift();
    this.at = 0;
  }
}

/** A few bytes do not keep the large buffer alive in which they came. */
function ofItsOwn(bytes: Uint8Array): Uint8Array {
  return bytes.length * 2 < bytes.buffer.byteLength ? bytes.slice() : bytes;
}
