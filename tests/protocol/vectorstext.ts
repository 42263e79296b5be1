/** Text messages: RFC 6455, 5.6 and 8.1, with the rules of RFC 3629. */

import { bytesOf } from "../support/vectors.js";
import { accepted, refused, type Vector } from "./vectortypes.js";

/** Texts and their UTF-8: the first and last of each length, what is beside the surrogates, non-characters, NUL, a BOM. */
const VALID: readonly (readonly [string, string])[] = [
  ["NUL", "\u0000", "00"],
  ["the last of one byte", "\u007f", "7f"],
  ["the first and last of two bytes", "\u0080\u07ff", "c280dfbf"],
  ["the first and last of three bytes", "\u0800\uffff", "e0a080efbfbf"],
  ["the first and last of four bytes", "\u{10000}\u{10ffff}", "f0908080f48fbfbf"],
  ["the neighbours of the surrogates", "\ud7ff\ue000", "ed9fbfee8080"],
  ["non-characters", "\ufffe\ufdd0\u{1ffff}", "efbfbeefb790f09fbfbf"],
  ["the replacement character", "\ufffd", "efbfbd"],
  ["a byte order mark", "\ufeffa", "efbbbf61"],
  ["a Greek word", "\u03ba\u1f79\u03c3\u03bc\u03b5", "cebae1bdb9cf83cebcceb5"],
  ["an emoji among letters", "a😀z", "61f09f98807a"],
].map(([name = "", text = "", hex = ""]) => [`${name}: ${text}`, hex] as const);

/** What is not UTF-8 (RFC 3629, 3 and 4). */
const INVALID: readonly (readonly [string, string])[] = [
  ["a continuation byte alone", "80"],
  ["the last continuation byte alone", "bf"],
  ["a continuation byte behind a letter", "61bf"],
  ["two continuation bytes behind two bytes", "c2a080"],
  ["c0, overlong NUL", "c080"],
  ["c0, overlong slash", "c0af"],
  ["c1, overlong", "c1bf"],
  ["e0, overlong slash", "e080af"],
  ["e0, overlong, its last", "e09fbf"],
  ["f0, overlong slash", "f08080af"],
  ["f0, overlong, its last", "f08fbfbf"],
  ["f8, five bytes", "f888808080"],
  ["fc, six bytes", "fc8480808080"],
  ["the first surrogate", "eda080"],
  ["the last high surrogate", "edafbf"],
  ["the last surrogate", "edbfbf"],
  ["a pair of surrogates", "eda080edb080"],
  ["U+110000", "f4908080"],
  ["f5", "f5808080"],
  ["f7", "f7bfbfbf"],
  ["fe", "fe"],
  ["ff", "ff"],
  ["two bytes cut short by a letter", "c361"],
  ["three bytes cut short by a letter", "e28261"],
  ["four bytes cut short by a letter", "f09f9861"],
  ["two bytes cut short by another first byte", "c3c3a4"],
  ["two bytes cut short by the end", "c3"],
  ["three bytes cut short by the end, one there", "e2"],
  ["three bytes cut short by the end, two there", "e282"],
  ["four bytes cut short by the end, one there", "f0"],
  ["four bytes cut short by the end, two there", "f09f"],
  ["four bytes cut short by the end, three there", "f09f98"],
];

/** Texts in one frame and in fragments that part their characters. */
export function textVectors(): Vector[] {
  return [
    ...VALID.flatMap(([name, hex]) => validVectors(name, hex)),
    ...INVALID.flatMap(([name, hex]) => invalidVectors(name, hex)),
    ...accepted("bytes that are not UTF-8 in a binary message", [[0x82, "c080ff"]], ["binary:c080ff"]),
    ...accepted("bytes that are not UTF-8 in a Ping", [[0x89, "c080ff"]], ["sent pong:c080ff"]),
    ...refused(
      "a text that is not UTF-8 behind one that is",
      [
        [0x81, "61"],
        [0x81, "ff"],
      ],
      1007,
      ["text:a"],
    ),
  ];
}

function validVectors(name: string, hex: string): Vector[] {
  const text = name.slice(name.indexOf(": ") + 2);
  return [
    ...accepted(`UTF-8 of ${name}`, [[0x81, hex]], [`text:${text}`]),
    ...partings(hex).flatMap(([start, end]) => [
      ...accepted(
        `UTF-8 of ${name}, parted as ${start} ${end}`,
        [
          [0x01, start],
          [0x80, end],
        ],
        [`text:${text}`],
      ),
      ...accepted(
        `UTF-8 of ${name}, parted as ${start} ${end} with a Ping and an empty fragment between`,
        [[0x01, start], [0x89], [0x00], [0x80, end]],
        ["sent pong:", `text:${text}`],
      ),
    ]),
  ];
}

function invalidVectors(name: string, hex: string): Vector[] {
  return [
    ...refused(`not UTF-8: ${name}`, [[0x81, hex]], 1007),
    ...refused(`not UTF-8: ${name}, behind letters`, [[0x81, `68656c6c6f${hex}`]], 1007),
    ...refused(`not UTF-8: ${name}, its end in an empty fragment`, [[0x01, hex], [0x80]], 1007),
    ...partings(hex).flatMap(([start, end]) =>
      refused(
        `not UTF-8: ${name}, parted as ${start} ${end}`,
        [
          [0x01, start],
          [0x80, end],
        ],
        1007,
      ),
    ),
    ...refused(`not UTF-8: ${name}, with deliverFragments`, [[0x81, hex]], 1007, [], {
      options: { deliverFragments: true },
    }),
  ];
}

/** A message in two fragments, parted at each place within. */
function partings(hex: string): (readonly [string, string])[] {
  return Array.from(bytesOf(hex).subarray(1), (_, at) => [hex.slice(0, 2 * at + 2), hex.slice(2 * at + 2)] as const);
}
