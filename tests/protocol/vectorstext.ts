/** Text messages: RFC 6455, 5.6 and 8.1, with the rules of RFC 3629. */

import { invalidTexts, VALID_TEXTS } from "../support/tables.js";
import { bytesOf } from "../support/vectors.js";
import { accepted, refused, type Vector } from "./vectortypes.js";

/** Texts in one frame and in fragments that part their characters. */
export function textVectors(): Vector[] {
  return [
    ...VALID_TEXTS.flatMap(([name, text, hex]) => validVectors(`${name}: ${text}`, text, hex)),
    ...invalidTexts().flatMap(([name, hex]) => invalidVectors(name, hex)),
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

function validVectors(name: string, text: string, hex: string): Vector[] {
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
