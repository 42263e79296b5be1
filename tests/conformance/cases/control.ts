/** Ping and Pong, reserved bits and opcodes, masks, lengths, and fragments. */

import { RESERVED_OPCODES } from "../../support/tables.js";
import { pattern, type FrameSpec } from "../../support/vectors.js";
import { asciiOf } from "../../support/vectors.js";
import {
  type Case,
  casesOf,
  echoes,
  fails,
  get,
  type Row,
  send,
  sendCut,
  sendHeader,
  sendWronglyMasked,
} from "../case.js";

const HELLO = "48656c6c6f";

function pings(): Row[] {
  const ten: FrameSpec[] = Array.from({ length: 10 }, (_, at) => [0x89, Uint8Array.of(at)]);
  return [
    ...[0, 1, 124, 125].map((length) =>
      echoes(`a Ping of ${length} bytes`, [[0x89, pattern(length)]], [[0x8a, pattern(length)]]),
    ),
    echoes("a Ping whose payload is not UTF-8", [[0x89, "00c0ff"]], [[0x8a, "00c0ff"]]),
    echoes("a Ping byte by byte", [[0x89, HELLO]], [[0x8a, HELLO]], "bytes"),
    echoes("a Ping of 125 bytes in segments of 20", [[0x89, pattern(125)]], [[0x8a, pattern(125)]], { every: 20 }),
    echoes(
      "ten Pings are answered in order",
      ten,
      ten.map(([, payload = ""]) => [0x8a, payload]),
    ),
    echoes("a Ping and a message in one segment", [[0x89], [0x81, "61"]], [[0x8a], [0x81, "61"]]),
    echoes("a message and a Ping in one segment", [[0x81, "61"], [0x89]], [[0x81, "61"], [0x8a]]),
    ...["between two fragments", "before and between fragments"].map((name, at) =>
      echoes(
        `Pings ${name}`,
        [...(at === 0 ? [] : [[0x89, "30"] as const]), [0x01, "61"], [0x89, "31"], [0x80, "62"]],
        [...(at === 0 ? [] : [[0x8a, "30"] as const]), [0x8a, "31"], [0x81, "6162"]],
      ),
    ),
    echoes("a Pong that nobody asked for is ignored", [[0x8a], [0x81, "61"]], [[0x81, "61"]]),
    echoes(
      "a Pong with a payload is ignored",
      [
        [0x8a, HELLO],
        [0x81, "61"],
      ],
      [[0x81, "61"]],
    ),
    echoes("a Pong of 125 bytes is ignored", [[0x8a, pattern(125)], [0x89]], [[0x8a]]),
    echoes("Pongs between fragments are ignored", [[0x01, "61"], [0x8a], [0x8a, "62"], [0x80, "63"]], [[0x81, "6163"]]),
    echoes("a Ping of the tested side", [[0x81, asciiOf("!ping abc")]], [[0x89, "616263"]]),
    {
      name: "a Ping of the tested side, answered, and a message behind it",
      steps: [
        send([0x81, asciiOf("!twice a")]),
        ...get([0x89], [0x81, "61"]),
        send([0x8a], [0x81, "62"]),
        ...get([0x81, "62"]),
      ],
      ending: "close",
    },
    { name: "a Ping that announces 126 bytes", steps: [sendHeader(0x89, "7e007e")], ending: 1002 },
    { name: "a Ping that announces 65,536 bytes", steps: [sendHeader(0x89, "7f0000000000010000")], ending: 1002 },
    { name: "a Ping of 5 bytes with a 16-bit length", steps: [sendHeader(0x89, "7e0005", HELLO)], ending: 1002 },
    { name: "a Pong that announces 126 bytes", steps: [sendHeader(0x8a, "7e007e")], ending: 1002 },
    fails("a fragmented Ping", 1002, [
      [0x09, "61"],
      [0x80, "62"],
    ]),
    fails("a fragmented Pong", 1002, [[0x0a, "61"]]),
    fails("a fragmented Close", 1002, [[0x08, "03e8"]]),
    fails("a Ping that is cut off by FIN = 0, within a message", 1002, [[0x01, "61"], [0x09]]),
  ];
}

function reserved(): Row[] {
  const bits = [0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70];
  const names: Readonly<Record<number, string>> = { 0x82: "binary", 0x88: "a Close", 0x89: "a Ping", 0x8a: "a Pong" };
  return [
    ...bits.map((bit) => fails(`reserved bits ${bit.toString(16)} in a text`, 1002, [[0x81 | bit, HELLO]])),
    ...Object.entries(names).flatMap(([first, name]) =>
      [0x10, 0x20, 0x40].map((bit) =>
        fails(`the reserved bit ${bit.toString(16)} in ${name}`, 1002, [[Number(first) | bit]]),
      ),
    ),
    fails("a reserved bit in a continuation", 1002, [
      [0x01, "61"],
      [0xc0, "62"],
    ]),
    fails("a reserved bit in a fragment", 1002, [[0x41, "61"]]),
    fails(
      "a reserved bit behind a good message",
      1002,
      [
        [0x81, "61"],
        [0xc1, "62"],
      ],
      [[0x81, "61"]],
    ),
    fails("a reserved bit behind a Ping", 1002, [[0x89], [0xa1, "62"]], [[0x8a]]),
    {
      name: "a reserved bit, and no second byte",
      steps: [{ do: "send", cut: "whole", bytes: () => Uint8Array.of(0xc1) }],
      ending: 1002,
    },
    ...RESERVED_OPCODES.map((opcode) => fails(`the reserved opcode ${opcode}`, 1002, [[0x80 | opcode]])),
    ...RESERVED_OPCODES.map((opcode) =>
      fails(
        `the reserved opcode ${opcode} with a payload, behind a message`,
        1002,
        [
          [0x81, "61"],
          [0x80 | opcode, HELLO],
        ],
        [[0x81, "61"]],
      ),
    ),
    ...[3, 11].map((opcode) =>
      fails(`the reserved opcode ${opcode} between fragments`, 1002, [[0x01, "61"], [0x80 | opcode]]),
    ),
    ...[7, 15].map((opcode) => fails(`the reserved opcode ${opcode} without FIN`, 1002, [[opcode, "61"]])),
    {
      name: "a reserved opcode, and no second byte",
      steps: [{ do: "send", cut: "whole", bytes: () => Uint8Array.of(0x83) }],
      ending: 1002,
    },
  ];
}

function masks(): Row[] {
  const frames: readonly (readonly [string, FrameSpec])[] = [
    ["a text", [0x81, HELLO]],
    ["an empty text", [0x81]],
    ["binary", [0x82, "00"]],
    ["a fragment", [0x01, "61"]],
    ["a Ping", [0x89, "61"]],
    ["a Pong", [0x8a]],
    ["a Close", [0x88, "03e8"]],
  ];
  return [
    ...frames.map(([name, spec]): Row => ({
      name: `${name} with the other role's mask bit`,
      steps: [sendWronglyMasked(spec)],
      ending: 1002,
    })),
    {
      name: "the wrong mask bit behind a good message",
      steps: [send([0x81, "61"]), ...get([0x81, "61"]), sendWronglyMasked([0x81, "62"])],
      ending: 1002,
    },
    {
      name: "the wrong mask bit in a continuation",
      steps: [send([0x01, "61"]), sendWronglyMasked([0x80, "62"])],
      ending: 1002,
    },
  ];
}

function lengths(): Row[] {
  const notMinimal = [
    "7e0000",
    "7e0001",
    "7e007d",
    "7f0000000000000000",
    "7f000000000000007d",
    "7f000000000000007e",
    "7f000000000000ffff",
  ];
  return [
    ...notMinimal.map((fields): Row => ({
      name: `a length that is not in the fewest bytes: ${fields}`,
      steps: [sendHeader(0x82, fields)],
      ending: 1002,
    })),
    { name: "a length whose top bit is set", steps: [sendHeader(0x82, "7f8000000000000001")], ending: 1002 },
    { name: "a length of all ones", steps: [sendHeader(0x81, "7fffffffffffffffff")], ending: 1002 },
  ];
}

function fragments(): Row[] {
  const hundred: FrameSpec[] = Array.from({ length: 100 }, (_, at) => [
    (at === 0 ? 1 : 0) | (at === 99 ? 0x80 : 0),
    "61",
  ]);
  const four: readonly FrameSpec[] = [
    [0x01, "61"],
    [0x00, "62"],
    [0x00, "63"],
    [0x80, "64"],
  ];
  return [
    echoes(
      "a text in two fragments",
      [
        [0x01, "6162"],
        [0x80, "6364"],
      ],
      [[0x81, "61626364"]],
    ),
    echoes(
      "binary in two fragments",
      [
        [0x02, "0001"],
        [0x80, "02ff"],
      ],
      [[0x82, "000102ff"]],
    ),
    echoes("a text in four fragments", four, [[0x81, "61626364"]]),
    echoes("a text in four fragments, byte by byte", four, [[0x81, "61626364"]], "bytes"),
    echoes("an empty first fragment", [[0x01], [0x80, "61"]], [[0x81, "61"]]),
    echoes("an empty last fragment", [[0x01, "61"], [0x80]], [[0x81, "61"]]),
    echoes("an empty fragment between", [[0x02, "61"], [0x00], [0x80, "62"]], [[0x82, "6162"]]),
    echoes("a message of empty fragments", [[0x01], [0x00], [0x00], [0x80]], [[0x81]]),
    echoes("binary of empty fragments", [[0x02], [0x80]], [[0x82]]),
    echoes("a hundred fragments of a byte", hundred, [[0x81, "61".repeat(100)]]),
    echoes(
      "fragments of several sizes",
      [
        [0x02, pattern(126)],
        [0x00, pattern(3)],
        [0x80, pattern(300)],
      ],
      [[0x82, join(126, 3, 300)]],
    ),
    echoes(
      "two messages in fragments",
      [
        [0x01, "61"],
        [0x80, "62"],
        [0x02, "63"],
        [0x80, "64"],
      ],
      [
        [0x81, "6162"],
        [0x82, "6364"],
      ],
    ),
    echoes(
      "a whole message behind one in fragments",
      [
        [0x01, "61"],
        [0x80, "62"],
        [0x81, "63"],
      ],
      [
        [0x81, "6162"],
        [0x81, "63"],
      ],
    ),
    {
      name: "fragments in segments of their own",
      steps: [
        send([0x01, "61"]),
        { do: "silence", ms: 60 },
        send([0x00, "62"]),
        { do: "silence", ms: 60 },
        send([0x80, "63"]),
        ...get([0x81, "616263"]),
      ],
      ending: "close",
    },
    {
      name: "control frames between all fragments",
      steps: [
        sendCut("whole", [0x01, "61"], [0x89, "31"], [0x00, "62"], [0x8a], [0x89, "32"], [0x80, "63"]),
        ...get([0x8a, "31"], [0x8a, "32"], [0x81, "616263"]),
      ],
      ending: "close",
    },
    ...[0x80, 0x00].map((first) =>
      fails(`a continuation of nothing, ${first === 0 ? "without" : "with"} FIN`, 1002, [[first, "61"]]),
    ),
    fails("an empty continuation of nothing", 1002, [[0x80]]),
    fails(
      "a continuation behind a whole message",
      1002,
      [
        [0x81, "61"],
        [0x80, "62"],
      ],
      [[0x81, "61"]],
    ),
    fails(
      "a continuation behind a message in fragments",
      1002,
      [
        [0x01, "61"],
        [0x80, "62"],
        [0x00, "63"],
      ],
      [[0x81, "6162"]],
    ),
    fails("a continuation behind a Ping", 1002, [[0x89], [0x80, "62"]], [[0x8a]]),
    ...[0x81, 0x82, 0x01, 0x02].map((first) =>
      fails(`a new message, first byte ${first.toString(16)}, within a text`, 1002, [
        [0x01, "61"],
        [first, "62"],
      ]),
    ),
    ...[0x81, 0x82].map((first) =>
      fails(`a new message, first byte ${first.toString(16)}, within binary`, 1002, [
        [0x02, "61"],
        [0x00, "62"],
        [first, "63"],
      ]),
    ),
    {
      name: "a new message within a text, from its header alone",
      steps: [send([0x01, "61"]), sendHeader(0x81, "7d")],
      ending: 1002,
    },
  ];
}

function join(...lengthsOfPatterns: readonly number[]): Uint8Array {
  return Uint8Array.from(lengthsOfPatterns.flatMap((length) => [...pattern(length)]));
}

export function controlCases(): Case[] {
  return [
    ...casesOf("ping and pong", pings()),
    ...casesOf("reserved bits and opcodes", reserved()),
    ...casesOf("masks and lengths", [...masks(), ...lengths()]),
    ...casesOf("fragmentation", fragments()),
  ];
}
