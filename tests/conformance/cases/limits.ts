/** Limits that a header alone breaks, fragments that are delivered one by one, and connections that are lost. */

import { pattern, type FrameSpec } from "../../support/vectors.js";
import { type Case, casesOf, get, type Row, send, sendHeader, sendPart, type Step } from "../case.js";
import { PROFILES } from "../profiles.js";

const { maxMessageBytes, maxReceiveFrameSize, maxFragments } = PROFILES.limits;

function limited(name: string, ending: Row["ending"], ...steps: readonly Step[]): Row {
  return { name, profile: "limits", steps, ending };
}

function parts(count: number, length: number): FrameSpec[] {
  return Array.from({ length: count }, (_, at) => [
    (at === 0 ? 2 : 0) | (at === count - 1 ? 0x80 : 0),
    pattern(length),
  ]);
}

function joinOf(count: number, length: number): FrameSpec {
  return [0x82, Uint8Array.from(parts(count, length).flatMap(([, payload]) => [...(payload as Uint8Array)]))];
}

function limits(): Row[] {
  const whole: FrameSpec = [0x82, pattern(maxReceiveFrameSize)];
  const tooLong = [
    "7e0259",
    "7effff",
    "7f0000000000010000",
    "7f0000000080000000",
    "7f0000000100000000",
    "7f0000010000000000",
    "7f001fffffffffffff",
    "7f0020000000000000",
    "7f7fffffffffffffff",
  ];
  const half = maxMessageBytes / 2;
  return [
    limited("a frame of maxReceiveFrameSize", "close", send(whole), ...get(whole)),
    ...tooLong.map((fields) => limited(`binary that announces ${fields}`, 1009, sendHeader(0x82, fields))),
    ...tooLong.slice(0, 3).map((fields) => limited(`a text that announces ${fields}`, 1009, sendHeader(0x81, fields))),
    limited("a fragment that announces a byte too much", 1009, sendHeader(0x02, "7e0259")),
    limited("a continuation that announces a byte too much", 1009, send([0x02, "61"]), sendHeader(0x80, "7e0259")),
    limited("a message of maxMessageBytes in two fragments", "close", send(...parts(2, half)), ...get(joinOf(2, half))),
    limited(
      "a fragment that makes the message a byte too long",
      1009,
      send([0x02, pattern(half)]),
      sendHeader(0x80, "7e01f5"),
    ),
    limited(
      "a fragment that makes a text a byte too long, with a Ping before",
      1009,
      send([0x01, pattern(half)], [0x89]),
      ...get([0x8a]),
      sendHeader(0x00, "7e01f5"),
    ),
    limited("a message of maxFragments", "close", send(...parts(maxFragments, 10)), ...get(joinOf(maxFragments, 10))),
    limited(
      "a fragment too many",
      1008,
      send(...parts(maxFragments + 1, 10).slice(0, maxFragments)),
      sendHeader(0x00, "05"),
    ),
    limited("an empty fragment too many", 1008, send([0x01], [0x00], [0x00], [0x00], [0x00])),
    limited(
      "too many fragments with Pings between",
      1008,
      send([0x01], [0x00], [0x00], [0x89], [0x00], [0x80]),
      ...get([0x8a]),
    ),
    limited(
      "the limits count anew for each message",
      "close",
      send(...parts(2, half), ...parts(4, 10), ...parts(2, half)),
      ...get(joinOf(2, half), joinOf(4, 10), joinOf(2, half)),
    ),
    { name: "1 MiB and a byte in one frame", steps: [sendHeader(0x82, "7f0000000000100001")], ending: 1009 },
    {
      name: "2^40 bytes in one frame, and some of them",
      steps: [sendHeader(0x82, "7f0000010000000000", "00".repeat(500))],
      ending: 1009,
    },
    { name: "a text of 2^63 - 1 bytes", steps: [sendHeader(0x81, "7f7fffffffffffffff")], ending: 1009 },
    {
      name: "1 MiB and a byte in two fragments",
      steps: [send([0x02, "00"]), sendHeader(0x80, "7f0000000000100000")],
      ending: 1009,
    },
    {
      name: "too much behind a good message",
      steps: [send([0x81, "61"]), ...get([0x81, "61"]), sendHeader(0x81, "7f0000000000100001")],
      ending: 1009,
    },
  ];
}

function delivered(): Row[] {
  const row = (name: string, ending: Row["ending"], ...steps: readonly Step[]): Row => ({
    name,
    profile: "fragments",
    steps,
    ending,
  });
  return [
    row(
      "each fragment comes back by itself",
      "close",
      send([0x01, "6162"], [0x00, "63"], [0x80, "64"]),
      ...get([0x82, "6162"], [0x82, "63"], [0x82, "64"]),
    ),
    row("a whole text stays a text", "close", send([0x81, "616263"]), ...get([0x81, "616263"])),
    row(
      "fragments that part a character",
      "close",
      send([0x01, "e2"], [0x80, "82ac"]),
      ...get([0x82, "e2"], [0x82, "82ac"]),
    ),
    row(
      "a message is sent in fragments of maxFragmentSize",
      "close",
      send([0x82, pattern(25)]),
      ...get(
        [0x02, pattern(25).subarray(0, 10)],
        [0x00, pattern(25).subarray(10, 20)],
        [0x80, pattern(25).subarray(20)],
      ),
    ),
    row(
      "a message of exactly maxFragmentSize is sent whole",
      "close",
      send([0x81, pattern(10)]),
      ...get([0x81, pattern(10)]),
    ),
    row("a text that ends within a character", 1007, send([0x01, "61"], [0x80, "e282"]), ...get([0x82, "61"])),
    row("a continuation of nothing", 1002, send([0x80, "61"])),
    row("a frame larger than maxMessageBytes", 1009, sendHeader(0x02, "7e4001")),
  ];
}

/** A text of eleven bytes in two fragments with a Ping between, cut off at each byte. */
function losses(): Row[] {
  const stream: FrameSpec[] = [
    [0x01, "48656c6c6f20"],
    [0x80, "776f726c64"],
  ];
  // What is not there of the second frame; all of it and more: the first frame is cut.
  const row = (missing: number, how: "end" | "reset"): Row => ({
    name: `${how === "end" ? "FIN" : "RST"} ${missing} bytes before the end of a message`,
    steps: [sendCutOff(stream, missing), { do: how }, ...(how === "end" ? [{ do: "ended" } as const] : [])],
    ending: "steps",
    outcome: "1006 unclean ERR_NETWORK",
  });
  const places = Array.from({ length: 15 }, (_, at) => at + 1);
  return [
    ...places.map((missing) => row(missing, "end")),
    ...places.map((missing) => row(missing, "reset")),
    ...[1, 100, 999].map((present): Row => ({
      name: `FIN behind ${present} of 1,000 bytes of a message`,
      steps: [sendPart("whole", 1_000 - present, [0x82, pattern(present)]), { do: "end" }, { do: "ended" }],
      ending: "steps",
      outcome: "1006 unclean ERR_NETWORK",
    })),
    {
      name: "FIN right after the handshake",
      steps: [{ do: "end" }, { do: "ended" }],
      ending: "steps",
      outcome: "1006 unclean ERR_NETWORK",
    },
    {
      name: "RST right after the handshake",
      steps: [{ do: "reset" }],
      ending: "steps",
      outcome: "1006 unclean ERR_NETWORK",
    },
  ];
}

function sendCutOff(frames: readonly FrameSpec[], missing: number): Step {
  const whole = send(...frames);
  if (whole.do !== "send") return whole;
  return { ...whole, bytes: (isMasked) => whole.bytes(isMasked).slice(0, -missing) };
}

export function limitCases(): Case[] {
  return [
    ...casesOf("limits from the header alone", limits()),
    ...casesOf("fragments one by one", delivered()),
    ...casesOf("loss at every byte of a message", losses()),
  ];
}
