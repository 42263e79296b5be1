/** Frames as bytes, made and read without the library. No API of Node or Jest: the vectors run on XS too. */

/** The masking key of every masked frame here: that of RFC 6455, 5.7. */
export const MASK: readonly number[] = [0x37, 0xfa, 0x21, 0x3d];

/** The bytes of "0a 0b" or "0a0b". */
export function bytesOf(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/[0-9a-f]{2}/gi) ?? [], (pair) => Number.parseInt(pair, 16));
}

/** Bytes as "0a0b". */
export function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The characters of a text of ASCII, as bytes. */
export function asciiOf(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/** All pieces behind one another. */
export function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((length, piece) => length + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

/** Bytes that do not repeat soon; all of them below 0x80, so that they are a text as well. */
export function pattern(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, at) => (at * 7 + (at >> 7)) & 0x7f);
}

/** The length fields of a header, in the fewest bytes, as hex: "7d", "7e007e", "7f0000000000010000". */
export function lengthHex(length: number): string {
  if (length < 126) return length.toString(16).padStart(2, "0");
  return length < 65_536 ? `7e${length.toString(16).padStart(4, "0")}` : `7f${length.toString(16).padStart(16, "0")}`;
}

/** The header of a frame: its first byte, the length that it announces, and whether it is a client's. */
export function header(first: number, length: number, isMasked: boolean): Uint8Array {
  const fields = bytesOf(lengthHex(length));
  if (!isMasked) return joined([Uint8Array.of(first), fields]);
  fields[0] = (fields[0] ?? 0) | 0x80;
  return joined([Uint8Array.of(first), fields, Uint8Array.from(MASK)]);
}

/** A frame: its first byte, its payload, and whether it is a client's. */
export function frame(first: number, payload: Uint8Array, isMasked: boolean): Uint8Array {
  return joined([header(first, payload.length, isMasked), isMasked ? masked(payload, MASK) : payload]);
}

/** A frame of a table: its first byte, and its payload as hex or bytes. */
export type FrameSpec = readonly [first: number, payload?: string | Uint8Array];

/** The payload of a frame of a table. */
export function payloadOf([, payload = ""]: FrameSpec): Uint8Array {
  return typeof payload === "string" ? bytesOf(payload) : payload;
}

/** Frames of a table, in a role. @param missing how many bytes of the last one do not come */
export function framesOf(specs: readonly FrameSpec[], isMasked: boolean, missing = 0): Uint8Array {
  const whole = joined(specs.map((spec) => frame(spec[0], payloadOf(spec), isMasked)));
  return whole.subarray(0, whole.length - missing);
}

/** A frame as it was found on the wire. */
export interface WireFrame {
  /** FIN, the reserved bits and the opcode. */
  readonly first: number;
  /** The masking key; empty in a frame without one. */
  readonly mask: Uint8Array;
  /** The payload, unmasked. */
  readonly payload: Uint8Array;
}

/** @returns the frame at the start of `bytes`, or how many bytes are needed to tell more */
export function readFrame(bytes: Uint8Array): (WireFrame & { readonly size: number }) | number {
  const second = bytes[1] ?? 0;
  const code = second & 0x7f;
  const lengthEnd = 2 + (code < 126 ? 0 : code === 126 ? 2 : 8);
  const start = lengthEnd + (second > 0x7f ? 4 : 0);
  if (bytes.length < start) return start;
  const length = code < 126 ? code : Number.parseInt(hexOf(bytes.subarray(2, lengthEnd)), 16);
  const size = start + length;
  if (bytes.length < size) return size;
  // Not Uint8Array.from: on XS it goes byte by byte.
  const mask = bytes.slice(lengthEnd, start);
  const payload = bytes.slice(start, size);
  return { first: bytes[0] ?? 0, mask, payload: mask.length === 0 ? payload : masked(payload, [...mask]), size };
}

/** Reads whole frames. @throws Error where bytes are missing or too many */
export function wireFrames(bytes: Uint8Array): WireFrame[] {
  const frames: WireFrame[] = [];
  for (let at = 0; at < bytes.length;) {
    const rest = bytes.subarray(at);
    const found = rest.length < 2 ? 2 : readFrame(rest);
    if (typeof found === "number") throw new Error(`A frame is torn: ${hexOf(rest.subarray(0, 20))}`);
    const { size, ...wireFrame } = found;
    frames.push(wireFrame);
    at += size;
  }
  return frames;
}

/**
 * "text:…", "ping:0a0b", "close:1000" and so on; a fragment that is not the last one has "+" before its colon, reserved bits
 * are told in front.
 */
export function describeFrame(sent: WireFrame): string {
  const opcode = sent.first & 0x0f;
  const reserved = sent.first & 0x70;
  const bits = reserved === 0 ? "" : `reserved ${reserved.toString(16)} `;
  const name = bits + (OPCODE_NAMES[opcode] ?? `opcode ${opcode}`) + ((sent.first & 0x80) === 0 ? "+" : "");
  if (opcode !== 8) return `${name}:${describeBytes(sent.payload)}`;
  const [high, low] = sent.payload;
  return high === undefined || low === undefined ? `${name}:` : `${name}:${high * 256 + low}`;
}

const OPCODE_NAMES: Readonly<Record<number, string>> = {
  0: "continuation",
  1: "text",
  2: "binary",
  8: "close",
  9: "ping",
  10: "pong",
};

/** Bytes as hex; of many bytes their number and a checksum. */
export function describeBytes(bytes: Uint8Array): string {
  return bytes.length <= 32 ? hexOf(bytes) : `${bytes.length} bytes #${checksum(bytes)}`;
}

/** A text as it is; of a long one its length and a checksum. */
export function describeText(text: string): string {
  if (text.length <= 32) return text;
  return `${text.length} characters #${checksum(Array.from(text, (character) => character.charCodeAt(0)))}`;
}

/** Fletcher's checksum. */
function checksum(values: Iterable<number>): number {
  let first = 1;
  let second = 0;
  for (const value of values) {
    first = (first + value) % 65_521;
    second = (second + first) % 65_521;
  }
  return second * 65_536 + first;
}

function masked(payload: Uint8Array, mask: readonly number[]): Uint8Array {
  return payload.map((byte, at) => byte ^ (mask[at % 4] ?? 0));
}
