/** Frames of all sizes, and bytes cut in all ways. */

import { pattern, type FrameSpec } from "../../support/vectors.js";
import { type Case, casesOf, type Cut, echoes, get, type Row, send, sendCut } from "../case.js";

/** Lengths at which the encoding of a length changes, and their neighbours. */
const LENGTHS = [0, 1, 2, 124, 125, 126, 127, 128, 1_459, 1_460, 1_536, 65_534, 65_535, 65_536, 65_537];
const MIB = 1_048_576;

function sizes(): Row[] {
  return [
    ...LENGTHS.flatMap((length) => [
      { ...echoes(`a text of ${length} bytes`, [[0x81, pattern(length)]]), isBig: length > 60_000 },
      { ...echoes(`binary of ${length} bytes`, [[0x82, pattern(length)]]), isBig: length > 60_000 },
    ]),
    { ...echoes("a text of 1 MiB", [[0x81, pattern(MIB)]]), isBig: true },
    {
      ...echoes("binary of 1 MiB in segments of 997 bytes", [[0x82, pattern(MIB)]], undefined, { every: 997 }),
      isBig: true,
    },
    { ...echoes("binary of 1 MiB in 16 fragments", sixteenths(), [[0x82, pattern(MIB)]]), isBig: true },
  ];
}

function sixteenths(): FrameSpec[] {
  const whole = pattern(MIB);
  const size = MIB / 16;
  return Array.from({ length: 16 }, (_, at) => [
    (at === 0 ? 0x02 : 0x00) | (at === 15 ? 0x80 : 0),
    whole.subarray(at * size, (at + 1) * size),
  ]);
}

/** "Hel", "lo" as a text, a Ping between, binary behind: every kind of header field, in a few bytes. */
const STREAM: readonly FrameSpec[] = [
  [0x01, "48656c"],
  [0x89, "70"],
  [0x80, "6c6f"],
  [0x82, "00ff"],
];
const STREAM_ANSWERS: readonly FrameSpec[] = [
  [0x8a, "70"],
  [0x81, "48656c6c6f"],
  [0x82, "00ff"],
];
/** Bytes of the stream as the server reads it; as the client does there are 16 less. */
const STREAM_BYTES = 16 + 16;

function streamRow(name: string, cut: Cut): Row {
  return { name, steps: [sendCut(cut, ...STREAM), ...get(...STREAM_ANSWERS)], ending: "close" };
}

function cuts(): Row[] {
  const places = Array.from({ length: STREAM_BYTES / 2 - 1 }, (_, at) => 2 * at + 1);
  const mediumHeader = [1, 2, 3, 4, 5, 7, 8, 9];
  const largeHeader = [1, 2, 5, 9, 10, 11, 13, 14, 15];
  return [
    streamRow("a stream of four frames in one segment", "whole"),
    streamRow("a stream of four frames byte by byte", "bytes"),
    ...[2, 3, 5, 7].map((size) => streamRow(`a stream of four frames in segments of ${size} bytes`, { every: size })),
    ...places.map((at) => streamRow(`a stream of four frames cut at ${at}`, { at: [at] })),
    ...mediumHeader.map((at) =>
      echoes(`a header of 16-bit length cut at ${at}`, [[0x81, pattern(200)]], undefined, { at: [at] }),
    ),
    ...largeHeader.map((at) => ({
      ...echoes(`a header of 64-bit length cut at ${at}`, [[0x82, pattern(65_536)]], undefined, { at: [at] }),
      isBig: true,
    })),
    echoes("a header of 16-bit length byte by byte", [[0x82, pattern(126)]], undefined, {
      at: [1, 2, 3, 4, 5, 6, 7, 8],
    }),
    echoes("a message of 1,000 bytes in segments of 137", [[0x81, pattern(1_000)]], undefined, { every: 137 }),
    echoes("a message of 5,000 bytes in segments of 1,001", [[0x82, pattern(5_000)]], undefined, { every: 1_001 }),
    ...[2, 3, 10, 100].map((count) => echoes(`${count} messages in one segment`, manyMessages(count))),
    echoes(
      "100 empty messages in one segment",
      Array.from({ length: 100 }, () => [0x82] as const),
    ),
    echoes("10 messages in segments of 7 bytes", manyMessages(10), undefined, { every: 7 }),
    {
      name: "a message, its answer, and another message, ten times",
      steps: manyMessages(10).flatMap((message) => [send(message), ...get(message)]),
      ending: "close",
    },
    echoes("a large message with small ones before and behind in the same segment", [
      [0x81, "61"],
      [0x82, pattern(3_000)],
      [0x81, "62"],
    ]),
  ];
}

function manyMessages(count: number): FrameSpec[] {
  return Array.from({ length: count }, (_, at) => [at % 2 === 0 ? 0x81 : 0x82, pattern(at % 7)]);
}

export function framingCases(): Case[] {
  return [...casesOf("framing: sizes", sizes()), ...casesOf("framing: chunks", cuts())];
}
