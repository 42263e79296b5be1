/**
 * Reads DER (X.690) within its bounds. The SDK's own decoders are not used for what a peer sends: they follow a length
 * beyond the end of their bytes, in C, too.
 */

/** Tags of universal types, and of the fields of a certificate that have a tag of their own. */
export const DerTag = Object.freeze({
  Boolean: 0x01,
  Integer: 0x02,
  BitString: 0x03,
  OctetString: 0x04,
  ObjectIdentifier: 0x06,
  UtcTime: 0x17,
  GeneralizedTime: 0x18,
  Sequence: 0x30,
} as const);

/** One value. */
export interface DerValue {
  readonly tag: number;
  /** Tag, length and content. */
  readonly whole: Uint8Array;
  readonly content: Uint8Array;
}

/** Reads the values that lie one behind the other in some bytes. */
export class DerReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.byteLength;
  }

  /** @throws Error where the next value is cut short, or is not of the type `tag` */
  read(tag?: number): DerValue {
    const start = this.#at;
    const found = this.#byte();
    const length = this.#length();
    const end = this.#at + length;
    if (end > this.#bytes.byteLength) throw new Error("DER: a value is cut short");
    if (tag !== undefined && found !== tag) throw new Error(`DER: type ${found} in the place of ${tag}`);
    const content = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return { tag: found, whole: this.#bytes.subarray(start, end), content };
  }

  /** The next value if it is of the type `tag`; else undefined, and nothing is read. */
  readIf(tag: number): DerValue | undefined {
    return this.#bytes[this.#at] === tag ? this.read() : undefined;
  }

  /** A reader of the values within the next one, a SEQUENCE. */
  sequence(): DerReader {
    return new DerReader(this.read(DerTag.Sequence).content);
  }

  #byte(): number {
    const byte = this.#bytes[this.#at];
    if (byte === undefined) throw new Error("DER: a value is missing");
    this.#at += 1;
    return byte;
  }

  #length(): number {
    const first = this.#byte();
    if (first < 0x80) return first;
    const count = first & 0x7f;
    // DER has no indefinite lengths, and no certificate has 16 MiB.
    if (count === 0 || count > 3) throw new Error("DER: a length that is not allowed");
    let length = 0;
    for (let index = 0; index < count; index += 1) length = length * 256 + this.#byte();
    return length;
  }
}

/** The bits of a BIT STRING that consists of whole bytes. */
export function bitsOf({ content }: DerValue): Uint8Array {
  if (content[0] !== 0) throw new Error("DER: a bit string that is not of whole bytes");
  return content.subarray(1);
}

/** Whether both have the same bytes. */
export function areSame(one: Uint8Array, other: Uint8Array): boolean {
  return one.byteLength === other.byteLength && one.every((byte, index) => byte === other[index]);
}
