/** Frames by themselves and their order: RFC 6455, 5.1 to 5.5. */

import { RESERVED_OPCODES } from "../support/tables.js";
import { Role } from "xs-websockets/common/constants";
import { describeBytes, describeText, pattern } from "../support/vectors.js";
import { accepted, refused, refusedBytes, type Vector } from "./vectortypes.js";

/** Lengths at which the header changes its form, and those beside them. */
const LENGTHS: readonly number[] = [0, 1, 124, 125, 126, 127, 65_534, 65_535, 65_536, 65_537];
const LARGE = { maxMessageBytes: 70_000 };

/** Header and payload rules that hold for every frame. */
export function frameVectors(): Vector[] {
  return [
    ...LENGTHS.flatMap(lengthVectors),
    ...reservedVectors(),
    ...maskVectors(),
    ...lengthRuleVectors(),
    ...controlVectors(),
    ...orderVectors(),
  ];
}

function lengthVectors(length: number): Vector[] {
  const payload = pattern(length);
  const text = describeText(characters(payload));
  const half = length >> 1;
  const fragments = [[0x02, payload.subarray(0, half)] as const, [0x80, payload.subarray(half)] as const];
  const details = { options: LARGE };
  return [
    ...accepted(
      `a binary message of ${length} bytes`,
      [[0x82, payload]],
      [`binary:${describeBytes(payload)}`],
      details,
    ),
    ...accepted(`a text message of ${length} bytes`, [[0x81, payload]], [`text:${text}`], details),
    ...accepted(`a message of ${length} bytes in two frames`, fragments, [`binary:${describeBytes(payload)}`], details),
  ];
}

/** RFC 6455, 5.2: reserved bits and RESERVED_OPCODES. */
function reservedVectors(): Vector[] {
  const bits = [0x40, 0x20, 0x10, 0x70];
  const hex = (value: number): string => value.toString(16);
  return [
    ...bits.flatMap((bit) => [
      ...[0x81, 0x82, 0x01, 0x88, 0x89, 0x8a].flatMap((first) =>
        refused(`reserved bits ${hex(bit)} with ${hex(first)}`, [[first | bit, "6162"]], 1002),
      ),
      ...refused(
        `reserved bits ${hex(bit)} in a continuation`,
        [
          [0x01, "61"],
          [0x80 | bit, "62"],
        ],
        1002,
      ),
    ]),
    ...RESERVED_OPCODES.flatMap((opcode) => [
      ...refused(`reserved opcode ${hex(opcode)}`, [[0x80 | opcode, "61"]], 1002),
      ...refused(`reserved opcode ${hex(opcode)} without payload`, [[0x80 | opcode]], 1002),
      ...refused(`reserved opcode ${hex(opcode)}, not final`, [[opcode, "61"]], 1002),
    ]),
  ];
}

/** RFC 6455, 5.1: the mask of each role. */
function maskVectors(): Vector[] {
  return [
    refusedBytes("a text without a mask", Role.Server, "810548656c6c6f", 1002),
    refusedBytes("an empty text without a mask", Role.Server, "8100", 1002),
    refusedBytes("a Ping without a mask", Role.Server, "8900", 1002),
    refusedBytes("a Close without a mask", Role.Server, "880203e8", 1002, true),
    refusedBytes("a long binary without a mask", Role.Server, "827e0100", 1002),
    refusedBytes("a masked text", Role.Client, "818537fa213d7f9f4d5158", 1002),
    refusedBytes("an empty masked text", Role.Client, "818037fa213d", 1002),
    refusedBytes("a masked Pong", Role.Client, "8a8037fa213d", 1002),
    refusedBytes("a masked Close", Role.Client, "888237fa213d3412", 1002, true),
  ];
}

/** RFC 6455, 5.2: the length in the fewest bytes, its top bit 0. Only the header comes. */
function lengthRuleVectors(): Vector[] {
  const announced: readonly (readonly [string, string, number])[] = [
    ["a 16-bit length of 0", "7e0000", 1002],
    ["a 16-bit length of 1", "7e0001", 1002],
    ["a 16-bit length of 125", "7e007d", 1002],
    ["a 64-bit length of 0", "7f0000000000000000", 1002],
    ["a 64-bit length of 125", "7f000000000000007d", 1002],
    ["a 64-bit length of 126", "7f000000000000007e", 1002],
    ["a 64-bit length of 65535", "7f000000000000ffff", 1002],
    ["a length of 2^63", "7f8000000000000000", 1002],
    ["a length of 2^64 - 1", "7fffffffffffffffff", 1002],
    ["a length of 2^63 - 1", "7f7fffffffffffffff", 1009],
    ["a length of 2^53 + 1", "7f0020000000000001", 1009],
    ["a length of 2^53", "7f0020000000000000", 1009],
    ["a length of 2^53 - 1", "7f001fffffffffffff", 1009],
    ["a length of 2^32", "7f0000000100000000", 1009],
    ["a length of 2^31", "7f0000000080000000", 1009],
  ];
  return announced.flatMap(([name, fields, status]) => [
    refusedBytes(`${name}, text`, Role.Client, `81${fields}`, status),
    refusedBytes(`${name}, first fragment`, Role.Client, `02${fields}`, status),
    refusedBytes(`${name}, text`, Role.Server, `81${withMaskBit(fields)}37fa213d`, status),
    refusedBytes(`${name}, first fragment`, Role.Server, `02${withMaskBit(fields)}37fa213d`, status),
  ]);
}

function withMaskBit(fields: string): string {
  return (fields.startsWith("7e") ? "fe" : "ff") + fields.slice(2);
}

/** RFC 6455, 5.5. */
function controlVectors(): Vector[] {
  const full = pattern(125);
  const names = ["Close", "Ping", "Pong"];
  return [
    ...names.flatMap((name, at) => [
      ...refused(`a fragmented ${name}`, [[0x08 + at, "03e8"]], 1002),
      ...refused(`an empty fragmented ${name}`, [[0x08 + at]], 1002),
      ...refused(`a ${name} of 126 bytes`, [[0x88 + at, pattern(126)]], 1002),
      ...refused(`a ${name} of 65536 bytes`, [[0x88 + at, pattern(65_536)]], 1002),
    ]),
    ...accepted("an empty Ping", [[0x89]], ["sent pong:"]),
    ...accepted("a Ping with payload", [[0x89, "48656c6c6f"]], ["sent pong:48656c6c6f"]),
    ...accepted("a Ping of 125 bytes", [[0x89, full]], [`sent pong:${describeBytes(full)}`]),
    ...accepted(
      "ten Pings",
      Array.from({ length: 10 }, (_, at) => [0x89, Uint8Array.of(at)] as const),
      [...Array.from({ length: 10 }, (_, at) => `sent pong:0${at}`)],
    ),
    ...accepted("a Pong that nobody asked for", [[0x8a, "00ff"]], ["received pong:00ff"]),
    ...accepted("an empty Pong", [[0x8a]], ["received pong:"]),
    ...accepted("a Pong of 125 bytes", [[0x8a, full]], [`received pong:${describeBytes(full)}`]),
  ];
}

/** RFC 6455, 5.4: fragments, and control frames between them. */
function orderVectors(): Vector[] {
  const hello = { start: [0x01, "48656c"], end: [0x80, "6c6f"] } as const;
  return [
    ...accepted("a text in two fragments", [hello.start, hello.end], ["text:Hello"]),
    ...accepted("a text in fragments without payload", [[0x01], [0x00], [0x00], [0x80]], ["text:"]),
    ...accepted(
      "fragments some of which are empty",
      [[0x02], [0x00, "01"], [0x00], [0x00, "02"], [0x80]],
      ["binary:0102"],
    ),
    ...accepted(
      "two messages",
      [
        [0x81, "61"],
        [0x82, "62"],
      ],
      ["text:a", "binary:62"],
    ),
    ...accepted(
      "control frames between fragments",
      [hello.start, [0x89, "01"], [0x8a, "02"], [0x00], [0x89], hello.end],
      ["sent pong:01", "received pong:02", "sent pong:", "text:Hello"],
    ),
    ...accepted(
      "two fragmented messages",
      [hello.start, hello.end, [0x02, "01"], [0x80, "02"]],
      ["text:Hello", "binary:0102"],
    ),
    ...refused("a final continuation first", [[0x80, "61"]], 1002),
    ...refused("a continuation first", [[0x00, "61"]], 1002),
    ...refused("an empty continuation first", [[0x80]], 1002),
    ...refused(
      "a continuation after a whole message",
      [
        [0x81, "61"],
        [0x80, "62"],
      ],
      1002,
      ["text:a"],
    ),
    ...refused("a continuation after the final one", [hello.start, hello.end, [0x80, "62"]], 1002, ["text:Hello"]),
    ...refused("a continuation after a Ping", [[0x89], [0x80, "62"]], 1002, ["sent pong:"]),
    ...[0x81, 0x82, 0x01, 0x02].flatMap((first) =>
      [0x01, 0x02].flatMap((start) =>
        refused(
          `${first.toString(16)} within a message of ${start}`,
          [
            [start, "61"],
            [first, "62"],
          ],
          1002,
        ),
      ),
    ),
    ...refused("a new message after a Ping within another", [[0x01, "61"], [0x89], [0x81]], 1002, ["sent pong:"]),
  ];
}

function characters(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
}
