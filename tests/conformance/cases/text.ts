/** UTF-8 (RFC 3629): valid in all cuts; invalid, found at its first bad byte as that arrives. */

import { INVALID_TEXTS, UNFINISHED_TEXTS, VALID_TEXTS } from "../../support/tables.js";
import { bytesOf, hexOf, type FrameSpec } from "../../support/vectors.js";
import { type Case, casesOf, echoes, fails, get, type Row, send, sendPart } from "../case.js";

function valid([name, , hex]: readonly [name: string, text: string, hex: string]): Row[] {
  const whole: FrameSpec = [0x81, hex];
  const bytes = [...bytesOf(hex)].map((byte) => hexOf(Uint8Array.of(byte)));
  const fragments = bytes.map((byte, at): FrameSpec => [
    (at === 0 ? 1 : 0) | (at === bytes.length - 1 ? 0x80 : 0),
    byte,
  ]);
  return [
    echoes(`${name}, whole`, [whole]),
    echoes(`${name}, byte by byte`, [whole], undefined, "bytes"),
    echoes(`${name}, a fragment for each byte`, fragments, [whole]),
    echoes(`${name}, fragments with Pings and empty fragments between`, withOthers(fragments), [
      ...fragments.slice(1).map((): FrameSpec => [0x8a, "70"]),
      whole,
    ]),
  ];
}

function withOthers(fragments: readonly FrameSpec[]): FrameSpec[] {
  return fragments.flatMap((fragment, at) => (at === 0 ? [fragment] : [[0x89, "70"], [0x00], fragment]));
}

/** The message goes on behind the bad byte, but that does not come. */
function invalid([name, hex]: readonly [name: string, shown: string, ...rests: string[]]): Row[] {
  const bytes = bytesOf(hex);
  const [start, bad] = [hexOf(bytes.subarray(0, -1)), hexOf(bytes.subarray(-1))];
  return [
    fails(`${name}, in a whole message`, 1007, [[0x81, `6869${hex}6869`]]),
    {
      name: `${name}, in a message that has not come whole`,
      steps: [sendPart("whole", 9, [0x81, `6869${hex}`])],
      ending: 1007,
    },
    {
      name: `${name}, with letters behind, in a message that has not come whole`,
      steps: [sendPart("whole", 9, [0x81, `${hex}6869`])],
      ending: 1007,
    },
    {
      name: `${name}, byte by byte, in a message that has not come whole`,
      steps: [sendPart("bytes", 9, [0x81, hex])],
      ending: 1007,
    },
    {
      name: `${name}, the bad byte in a fragment of its own that has not come whole`,
      steps: [send([0x01, `6869${start}`]), sendPart("whole", 5, [0x00, bad])],
      ending: 1007,
    },
  ];
}

function more(): Row[] {
  return [
    ...UNFINISHED_TEXTS.map((hex) => fails(`${hex} at the end of a message`, 1007, [[0x81, hex]])),
    ...UNFINISHED_TEXTS.slice(0, 6).map((hex) =>
      fails(`${hex} at the end of a message in fragments`, 1007, [[0x01, `61${hex}`], [0x80]]),
    ),
    ...UNFINISHED_TEXTS.slice(0, 6).map(
      (hex) =>
        ({
          ...echoes(`${hex} is not refused while more may come`, [], []),
          steps: [sendPart("whole", 4, [0x81, hex]), { do: "silence", ms: 100 }, { do: "end" }, { do: "ended" }],
          ending: "steps",
          outcome: "1006 unclean ERR_NETWORK",
        }) satisfies Row,
    ),
    fails(
      "a bad text behind a good one",
      1007,
      [
        [0x81, "61"],
        [0x81, "ff"],
      ],
      [[0x81, "61"]],
    ),
    echoes("bytes that are not UTF-8 in binary", [[0x82, "c080ff"]]),
    echoes(
      "bytes that are not UTF-8 in binary fragments",
      [
        [0x02, "c0"],
        [0x80, "ff"],
      ],
      [[0x82, "c0ff"]],
    ),
    {
      name: "a long text with a bad byte at its end, of which a part comes",
      steps: [sendPart("whole", 500, [0x81, `${"61".repeat(900)}e282ff`])],
      ending: 1007,
    },
    {
      name: "a good fragment, then a bad one that comes half",
      steps: [send([0x01, "c3a4"]), ...get(), sendPart("whole", 100, [0x00, "c3a4c0"])],
      ending: 1007,
    },
    {
      name: "a bad byte in a fragment that comes half, with deliverFragments",
      profile: "fragments",
      steps: [sendPart("whole", 100, [0x01, "c3a4c0"])],
      ending: 1007,
    },
    {
      name: "a bad second byte in a fragment of its own, with deliverFragments",
      profile: "fragments",
      steps: [send([0x01, "61e0"]), ...get([0x82, "61e0"]), sendPart("whole", 100, [0x00, "80"])],
      ending: 1007,
    },
  ];
}

export function textCases(): Case[] {
  return [
    ...casesOf("UTF-8: valid", VALID_TEXTS.flatMap(valid)),
    ...casesOf("UTF-8: invalid, fail fast", [...INVALID_TEXTS.flatMap(invalid), ...more()]),
  ];
}
