/**
 * Reads DEFLATE (RFC 1951) without zlib, to tell what zlib does not: of which blocks it is, and how far back it refers. And
 * writes what zlib never does.
 */

/** What came out. */
export interface Inflated {
  readonly bytes: Uint8Array;
  readonly blocks: readonly Block[];
  /** The largest distance that is referred to; 0: none. */
  readonly farthest: number;
  /** How far that reaches back before the start; 0: not at all. */
  readonly farthestBefore: number;
}

/** A block. */
export interface Block {
  readonly kind: "stored" | "fixed" | "dynamic";
  readonly isFinal: boolean;
}

/** A Huffman code (RFC 1951, 3.2.2): how many codes there are of each length, and what they stand for, in their order. */
interface Code {
  readonly counts: readonly number[];
  readonly symbols: readonly number[];
}

const END_OF_BLOCK = 256;
/** RFC 1951, 3.2.5: the least length of each code from 257 on, and the extra bits that add to it. */
const LEAST_LENGTHS = [
  ...[
    3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258,
  ],
];
const lengthBits = (code: number): number => (code < 8 || code === 28 ? 0 : (code >> 2) - 1);
/** The same of distances. */
const distanceBits = (code: number): number => (code < 4 ? 0 : (code >> 1) - 1);
const leastDistance = (code: number): number => (code < 4 ? code + 1 : ((2 + (code & 1)) << distanceBits(code)) + 1);
/** RFC 1951, 3.2.7: in which order the lengths of the codes for lengths of codes come. */
const LENGTHS_ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

const FIXED = codeOf(Array.from({ length: 288 }, (_, symbol) => fixedLength(symbol)));
const FIXED_DISTANCES = codeOf(Array.from({ length: 30 }, () => 5));

/** RFC 1951, 3.2.6. */
function fixedLength(symbol: number): number {
  if (symbol < 144 || symbol > 279) return 8;
  return symbol < 256 ? 9 : 7;
}

function codeOf(lengths: readonly number[]): Code {
  const counts = Array.from({ length: 16 }, (_, length) => lengths.filter((other) => other === length).length);
  const symbols = counts.flatMap((_, length) =>
    length === 0 ? [] : lengths.flatMap((other, symbol) => (other === length ? [symbol] : [])),
  );
  return { counts: [0, ...counts.slice(1)], symbols };
}

/**
 * Reads blocks to the end of the bytes.
 *
 * @param before what may be referred to, besides
 * @param maxBytes how many bytes come out at most
 * @throws Error where it is no DEFLATE, does not end with a block, or refers to what there is not
 */
export function readDeflate(deflated: Uint8Array, before: Uint8Array, maxBytes: number): Inflated {
  return new Reader(deflated, before, maxBytes).read();
}

class Reader {
  private readonly deflated: Uint8Array;
  private readonly out: Uint8Array;
  private readonly start: number;
  private end: number;
  /** In bits. */
  private at = 0;
  private farthest = 0;
  private farthestBefore = 0;

  constructor(deflated: Uint8Array, before: Uint8Array, maxBytes: number) {
    this.deflated = deflated;
    this.out = new Uint8Array(before.length + maxBytes);
    this.out.set(before);
    this.start = before.length;
    this.end = before.length;
  }

  read(): Inflated {
    const blocks: Block[] = [];
    while (this.at < this.deflated.length * 8) {
      blocks.push(this.block());
      // RFC 7692, 7.2.3.4: behind a block with BFINAL the next one begins at a byte.
      if (blocks.at(-1)?.isFinal === true) this.at = (this.at + 7) & ~7;
    }
    const { farthest, farthestBefore } = this;
    return { bytes: this.out.slice(this.start, this.end), blocks, farthest, farthestBefore };
  }

  private block(): Block {
    const isFinal = this.bit() === 1;
    switch (this.bits(2)) {
      case 0:
        this.stored();
        return { kind: "stored", isFinal };
      case 1:
        this.compressed(FIXED, FIXED_DISTANCES);
        return { kind: "fixed", isFinal };
      case 2:
        this.compressed(...this.codes());
        return { kind: "dynamic", isFinal };
      default:
        throw new Error("a reserved type of block");
    }
  }

  private bit(): number {
    const byte = this.deflated[this.at >> 3];
    if (byte === undefined) throw new Error("DEFLATE ends within a block");
    return (byte >> (this.at++ & 7)) & 1;
  }

  private bits(count: number): number {
    let value = 0;
    for (let place = 0; place < count; place++) value |= this.bit() << place;
    return value;
  }

  private stored(): void {
    this.at = (this.at + 7) & ~7;
    const length = this.bits(16);
    if ((length ^ this.bits(16)) !== 0xffff) throw new Error("a length without its complement");
    for (let count = 0; count < length; count++) this.literal(this.bits(8));
  }

  private compressed(code: Code, distances: Code): void {
    for (let symbol = this.symbol(code); symbol !== END_OF_BLOCK; symbol = this.symbol(code)) {
      if (symbol < END_OF_BLOCK) this.literal(symbol);
      else this.match(symbol - 257, distances);
    }
  }

  private symbol({ counts, symbols }: Code): number {
    let code = 0;
    let first = 0;
    let index = 0;
    for (let length = 1; length < 16; length++) {
      code = (code << 1) | this.bit();
      first <<= 1;
      const count = counts[length] ?? 0;
      if (code - first < count) return symbols[index + code - first] ?? END_OF_BLOCK;
      index += count;
      first += count;
    }
    throw new Error("bits that are no code");
  }

  private literal(byte: number): void {
    if (this.end === this.out.length) throw new Error("more comes out than is wanted");
    this.out[this.end++] = byte;
  }

  private match(code: number, distances: Code): void {
    const least = LEAST_LENGTHS[code];
    if (least === undefined) throw new Error("a length that there is not");
    const length = least + this.bits(lengthBits(code));
    const distanceCode = this.symbol(distances);
    const distance = leastDistance(distanceCode) + this.bits(distanceBits(distanceCode));
    if (distance > this.end) throw new Error("it refers to before the start");
    this.farthest = Math.max(this.farthest, distance);
    this.farthestBefore = Math.max(this.farthestBefore, this.start - (this.end - distance));
    for (let count = 0; count < length; count++) this.literal(this.out[this.end - distance] ?? 0);
  }

  /** RFC 1951, 3.2.7: the codes of a block. */
  private codes(): [Code, Code] {
    const [literals, distances, count] = [this.bits(5) + 257, this.bits(5) + 1, this.bits(4) + 4];
    const lengths = Array.from({ length: LENGTHS_ORDER.length }, () => 0);
    for (const symbol of LENGTHS_ORDER.slice(0, count)) lengths[symbol] = this.bits(3);
    const code = codeOf(lengths);
    const all: number[] = [];
    while (all.length < literals + distances) {
      const symbol = this.symbol(code);
      if (symbol < 16) all.push(symbol);
      else if (symbol === 16) all.push(...repeated(all.at(-1) ?? 0, 3 + this.bits(2)));
      else all.push(...repeated(0, symbol === 17 ? 3 + this.bits(3) : 11 + this.bits(7)));
    }
    return [codeOf(all.slice(0, literals)), codeOf(all.slice(literals))];
  }
}

function repeated(value: number, count: number): number[] {
  return Array.from({ length: count }, () => value);
}

/**
 * A message of one block with fixed codes: 258 bytes from 2^bits bytes back, the farthest that a window of so many bits
 * allows (zlib keeps 262 bytes nearer).
 */
export function matchAtTheEdge(bits: number): Uint8Array {
  const low = (value: number, count: number): number[] => Array.from({ length: count }, (_, at) => (value >> at) & 1);
  const high = (value: number, count: number): number[] => low(value, count).reverse();
  const distanceCode = 2 * bits - 1;
  const all = [
    ...[0, 1, 0],
    ...high(0b1100_0000 + (285 - 280), 8),
    ...high(distanceCode, 5),
    ...repeated(1, distanceBits(distanceCode)),
    ...high(0, 7),
    // RFC 7692, 7.2.1: the header of the empty block whose last bytes are not sent.
    ...[0, 0, 0],
  ];
  return Uint8Array.from({ length: Math.ceil(all.length / 8) }, (_, at) =>
    all.slice(at * 8, at * 8 + 8).reduce((byte, bit, place) => byte | (bit << place), 0),
  );
}
