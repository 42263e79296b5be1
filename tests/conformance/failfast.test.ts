/** A text in pieces is refused at its first byte that cannot be there, and not before: checked for every short text. */

import { TextAssembly } from "../../modules/protocol/assembly.js";
import { hexOf } from "../support/vectors.js";

/** One byte of each kind that RFC 3629, 4 tells apart, and the first and last of most of them. */
const KINDS = [
  0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xec, 0xed, 0xee, 0xef, 0xf0,
  0xf1, 0xf3, 0xf4, 0xf5, 0xff,
];

/** RFC 3629, 4 as a table: the ranges of the bytes of each kind of character. */
const CHARACTERS: readonly (readonly (readonly [number, number])[])[] = [
  [[0x00, 0x7f]],
  [
    [0xc2, 0xdf],
    [0x80, 0xbf],
  ],
  [
    [0xe0, 0xe0],
    [0xa0, 0xbf],
    [0x80, 0xbf],
  ],
  [
    [0xe1, 0xec],
    [0x80, 0xbf],
    [0x80, 0xbf],
  ],
  [
    [0xed, 0xed],
    [0x80, 0x9f],
    [0x80, 0xbf],
  ],
  [
    [0xee, 0xef],
    [0x80, 0xbf],
    [0x80, 0xbf],
  ],
  [
    [0xf0, 0xf0],
    [0x90, 0xbf],
    [0x80, 0xbf],
    [0x80, 0xbf],
  ],
  [
    [0xf1, 0xf3],
    [0x80, 0xbf],
    [0x80, 0xbf],
    [0x80, 0xbf],
  ],
  [
    [0xf4, 0xf4],
    [0x80, 0x8f],
    [0x80, 0xbf],
    [0x80, 0xbf],
  ],
];

/** How many bytes are right. */
function rightLength(bytes: readonly number[]): number {
  let at = 0;
  for (;;) {
    const lengths = CHARACTERS.map((ranges) => {
      const wrong = ranges.findIndex(([least, most], index) => {
        const byte = bytes[at + index];
        return byte === undefined || byte < least || byte > most;
      });
      return wrong < 0 ? ranges.length : wrong;
    });
    const best = Math.max(...lengths);
    if (!CHARACTERS.some((ranges, index) => lengths[index] === ranges.length)) return at + best;
    at += best;
  }
}

/** The number of the byte at which the text is refused when it comes in pieces of this size; -1: not at all. */
function refusedAt(bytes: Uint8Array, size: number): number {
  const text = new TextAssembly();
  for (let start = 0; start < bytes.length; start += size) {
    try {
      text.append(bytes.subarray(start, start + size), false);
    } catch {
      return start;
    }
  }
  return -1;
}

test("every text of up to four bytes, byte by byte and in larger pieces", () => {
  const wrong: string[] = [];
  const tryAll = (bytes: readonly number[]): void => {
    const right = rightLength(bytes);
    for (const size of [1, 2, 3, 4]) {
      const wanted = right === bytes.length ? -1 : Math.floor(right / size) * size;
      const found = refusedAt(Uint8Array.from(bytes), size);
      if (found !== wanted)
        wrong.push(`${hexOf(Uint8Array.from(bytes))} in pieces of ${size}: ${found}, not ${wanted}`);
    }
    // What is wrong already, or four bytes long, is not made longer.
    if (right === bytes.length && bytes.length < 4) for (const byte of KINDS) tryAll([...bytes, byte]);
  };
  tryAll([]);
  expect(wrong).toEqual([]);
});
