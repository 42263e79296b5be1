/** What is compressed: the kinds of data of Autobahn's group 12, made anew and the same in each run. */

import type { Message } from "./case.js";

/** The largest message, and room for others to begin elsewhere. */
const LENGTH = 131_072 + 4_096;
/** How far one message begins behind the other. */
const STEP = 61;

/** A kind of data. */
export interface Data {
  readonly name: string;
  /** Whether it gets shorter. */
  readonly isCompressible: boolean;
  /** A message of so many bytes. Those of other numbers are others. */
  readonly message: (size: number, number: number) => Message;
}

function random(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

function textOf(piece: (next: () => number, at: number) => string): Uint8Array {
  const next = random(2_463_534_242);
  let text = "";
  for (let at = 0; text.length < LENGTH; at++) text += piece(next, at);
  // A copy: `slice` of a Buffer is none.
  return new Uint8Array(Buffer.from(text, "utf8").subarray(0, LENGTH));
}

const WORDS = ["über", "Straße", "the", "of", "and", "wobei", "naïve", "Größe", "€ 20", "日本", "😀", "señor", "water"];

const json = textOf((next, at) => `{"id":${at},"name":"node ${next() % 50}","value":${(next() % 1_000) / 10}},\n`);
const html = textOf((next, at) => `<tr class="row${at % 2}"><td>${next() % 100}</td><td><b>${at}</b></td></tr>\n`);
const prose = textOf((next) => `${WORDS[next() % WORDS.length] ?? ""}${next() % 9 === 0 ? ".\n" : " "}`);

/** Grey values that change slowly, as in a photograph. */
function bitmap(): Uint8Array {
  const next = random(7);
  return Uint8Array.from({ length: LENGTH }, (_, at) => 128 + 100 * Math.sin(at / 200) + (next() % 3));
}

function noise(): Uint8Array {
  const next = random(99);
  return Uint8Array.from({ length: LENGTH }, () => next() & 0xff);
}

function isContinuation(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80;
}

/** The bytes of just so many whole characters: where the first or last would be cut, there are spaces. */
function slice(bytes: Uint8Array, start: number, size: number, isText: boolean): Uint8Array {
  const part = bytes.slice(start, start + size);
  if (!isText) return part;
  for (let at = 0; at < part.length && isContinuation(part[at]); at++) part[at] = 0x20;
  if (!isContinuation(bytes[start + size])) return part;
  let at = part.length - 1;
  while (at >= 0 && isContinuation(part[at])) part[at--] = 0x20;
  if (at >= 0) part[at] = 0x20;
  return part;
}

function kind(name: string, bytes: Uint8Array, isText: boolean, isCompressible = true): Data {
  const message = (size: number, number: number): Message => ({
    isText,
    bytes: slice(bytes, (number * STEP) % 4_096, size, isText),
  });
  return { name, isCompressible, message };
}

/** All kinds. */
export const DATA: readonly [json: Data, html: Data, prose: Data, bitmap: Data, noise: Data] = [
  kind("JSON", json, true),
  kind("HTML", html, true),
  kind("prose in UTF-8", prose, true),
  kind("a bitmap", bitmap(), false),
  kind("noise", noise(), false, false),
];

/** Sizes of messages, and of the fragments in which they are sent; 0: whole. As in Autobahn's groups 12 and 13. */
export const SIZES: readonly (readonly [size: number, fragmentBytes: number])[] = [
  ...[16, 64, 256, 1_024, 4_096, 8_192, 16_384, 32_768, 65_536, 131_072].map((size) => [size, 0] as const),
  ...[8_192, 16_384, 32_768, 65_536, 131_072].map((size) => [size, 256] as const),
  ...[1_024, 4_096, 32_768].map((fragmentBytes) => [131_072, fragmentBytes] as const),
];

/** How many messages of a size are sent on a connection. */
export function countOf(size: number): number {
  if (size > 8_192) return 3;
  return size > 256 ? 10 : 50;
}
