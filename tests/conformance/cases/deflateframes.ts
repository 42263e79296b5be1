/** Frames and blocks of compressed messages (RFC 7692, 6 and 7.2), right and wrong, and what of them is too much. */

import { constants, deflateRawSync } from "node:zlib";
import { matchAtTheEdge } from "../../support/deflatereader.js";
import { asciiOf, bytesOf, type FrameSpec, joined } from "../../support/vectors.js";
import { type Case, get, type Message, send, sendCut, sendHeader, type Step } from "../case.js";
import { DATA } from "../deflatedata.js";
import { PROFILES } from "../profiles.js";
import { binary, type DeflateRow, deflateCasesOf, exchange, text } from "./deflate.js";

/** RFC 7692, 7.2.3.1 and 7.2.3.2: "Hello", and "Hello" that refers to it. */
const HELLO = "f248cdc9c90700";
const AGAIN = "f200110000";
const hello = text("Hello");

const [JSON_DATA, , PROSE, , NOISE] = DATA;

function comesBack(...messages: readonly Message[]): Step[] {
  return messages.map((message) => ({ do: "inflate", message }));
}

function row(name: string, frames: readonly FrameSpec[], ...messages: readonly Message[]): DeflateRow {
  return { name, steps: [send(...frames), ...comesBack(...messages)] };
}

function compressed(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(deflateRawSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4));
}

/** Blocks without compression (RFC 1951, 3.2.4), the last of them empty, and without what is not sent of it. */
function stored(bytes: Uint8Array, size = 65_535): Uint8Array {
  const blocks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) => {
    const part = bytes.subarray(at * size, (at + 1) * size);
    const [low, high] = [part.length & 0xff, part.length >> 8];
    return joined([Uint8Array.of(0, low, high, low ^ 0xff, high ^ 0xff), part]);
  });
  return joined([...blocks, Uint8Array.of(0)]);
}

/** Pieces of a message as its frames. */
function frames(opcode: number, ...pieces: readonly Uint8Array[]): FrameSpec[] {
  return pieces.map((piece, at) => [(at === 0 ? 0x40 | opcode : 0) | (at === pieces.length - 1 ? 0x80 : 0), piece]);
}

function inPieces(bytes: Uint8Array, size: number): Uint8Array[] {
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) => bytes.subarray(at * size, (at + 1) * size));
}

function vectors(): DeflateRow[] {
  const empty = text("");
  return [
    row("7.2.3.1: a block", [[0xc1, HELLO]], hello),
    row(
      "7.2.3.1: in two fragments",
      [
        [0x41, "f248cd"],
        [0x80, "c9c90700"],
      ],
      hello,
    ),
    row(
      "7.2.3.2: the context is taken over",
      [
        [0xc1, HELLO],
        [0xc1, AGAIN],
      ],
      hello,
      hello,
    ),
    row("7.2.3.3: a block without compression", [[0xc1, "000500faff48656c6c6f00"]], hello),
    row("7.2.3.4: a block with BFINAL", [[0xc1, "f348cdc9c9070000"]], hello),
    row("7.2.3.5: two blocks", [[0xc1, "f248050000 00ffff cac9c90700"]], hello),
    row("7.2.3.6: an empty message", [[0xc1, "00"]], empty),
    row("an empty message, binary", [[0xc2, "00"]], binary(bytesOf(""))),
    row("an empty message in three fragments", [[0x41], [0x00, "00"], [0x80]], empty),
    row(
      "the context behind BFINAL",
      [
        [0xc1, "f348cdc9c9070000"],
        [0xc1, AGAIN],
      ],
      hello,
      hello,
    ),
    row(
      "three blocks with BFINAL",
      [[0xc1, "f348cdc9c90700 f348cdc9c90700 f348cdc9c9070000"]],
      text("HelloHelloHello"),
    ),
    row(
      "empty blocks before, between and behind",
      [[0xc1, "0000 00ffff f248050000 00ffff 000000ffff cac9c90700 0000ffff00"]],
      hello,
    ),
    row("bytes instead of a text", [[0xc2, HELLO]], binary(asciiOf("Hello"))),
  ];
}

function valid(): DeflateRow[] {
  const long = JSON_DATA.message(2_000, 3);
  const bytes = compressed(long.bytes);
  const noise = NOISE.message(3_000, 0);
  const plain: FrameSpec = [0x81, "706c61696e"];
  const pinged = inPieces(bytes, 100).flatMap((piece, at, all): FrameSpec[] => [
    [(at === 0 ? 0x41 : 0) | (at === all.length - 1 ? 0x80 : 0), piece],
    ...(at === all.length - 1 ? [] : ([[0x89, "70"]] as const)),
  ]);
  const pongs = Array.from({ length: pinged.filter(([first]) => first === 0x89).length }, () => [0x8a, "70"] as const);
  return [
    row(
      "a message that is not compressed, between two that are",
      [[0xc1, HELLO], plain, [0xc1, AGAIN]],
      hello,
      text("plain"),
      hello,
    ),
    row("fragments of one byte", frames(1, ...inPieces(bytes, 1)), long),
    row(
      "fragments, some of them empty",
      frames(1, bytes.subarray(0, 0), bytes.subarray(0, 9), bytes.subarray(9, 9), bytes.subarray(9)),
      long,
    ),
    { name: "Pings between fragments", steps: [send(...pinged), ...get(...pongs), ...comesBack(long)] },
    { name: "byte by byte", steps: [sendCut("bytes", [0xc1, HELLO], [0xc1, AGAIN]), ...comesBack(hello, hello)] },
    ...[2, 3, 7].map((every) => ({
      name: `in segments of ${every} bytes`,
      steps: [sendCut({ every }, [0xc1, HELLO], [0x41, "f2"], [0x80, "00110000"]), ...comesBack(hello, hello)],
    })),
    row(
      "30 messages in one segment",
      Array.from({ length: 30 }, (_, at) => [0xc1, at === 0 ? HELLO : AGAIN]),
      ...Array.from({ length: 30 }, () => hello),
    ),
    row("blocks without compression of 100 bytes", [[0xc1, stored(long.bytes, 100)]], long),
    row(
      "blocks without compression of 65,535 bytes",
      [[0xc2, stored(NOISE.message(131_072, 1).bytes)]],
      NOISE.message(131_072, 1),
    ),
    row("what cannot be compressed", [[0xc2, compressed(noise.bytes)]], noise),
    {
      name: "what cannot be compressed is sent as it is, or no longer",
      steps: [
        { do: "compress", message: noise, fragmentBytes: 0 },
        { do: "inflate", message: noise, isCompressed: false },
      ],
    },
    {
      name: "the second of two equal messages refers to the first",
      steps: [
        ...exchange(long),
        { do: "compress", message: long, fragmentBytes: 0 },
        { do: "inflate", message: long, isCompressed: true, refersBack: true },
      ],
    },
    {
      name: "without context takeover no message refers to another",
      parameters: { isServerForgetful: true, isClientForgetful: true },
      steps: [1, 2, 3].flatMap(() => [...exchange(long), ...exchange(PROSE.message(500, 0))]),
    },
    {
      name: "100 messages that grow",
      steps: Array.from({ length: 100 }, (_, at) => exchange(PROSE.message(at * 20, at))).flat(),
    },
    ...[8, 9, 10, 11, 12, 13, 14, 15].map((bits): DeflateRow => {
      const window = NOISE.message(2 ** bits, 0).bytes;
      const far = Uint8Array.from({ length: 258 }, (_, at) => window[at % window.length] ?? 0);
      return {
        ...row(
          `a match from ${2 ** bits} bytes back`,
          [
            [0xc2, stored(window)],
            [0xc2, matchAtTheEdge(bits)],
          ],
          binary(window),
          binary(far),
        ),
        parameters: { serverBits: bits, clientBits: bits },
      };
    }),
  ];
}

function wrong(name: string, status: number, ...specs: readonly FrameSpec[]): DeflateRow {
  return { name, steps: [send(...specs)], ending: status };
}

function invalid(): DeflateRow[] {
  const bytes = compressed(PROSE.message(1_000, 0).bytes);
  const notText = compressed(bytesOf("c0".repeat(40)));
  return [
    wrong("RSV1 in a continuation", 1002, [0x41, "f248cd"], [0xc0, "c9c90700"]),
    wrong("RSV1 in the continuation of a plain message", 1002, [0x01, "61"], [0xc0, "62"]),
    wrong("RSV1 in a Ping", 1002, [0xc9, "70"]),
    wrong("RSV1 in a Pong", 1002, [0xca, "70"]),
    wrong("RSV1 in a Ping between fragments", 1002, [0x41, "f248cd"], [0xc9]),
    wrong("RSV1 in a Close", 1002, [0xc8, "03e8"]),
    ...[0x20, 0x10, 0x30, 0x60, 0x50, 0x70].map((bits) =>
      wrong(`the reserved bits ${bits.toString(16)}`, 1002, [0x81 | bits, HELLO]),
    ),
    ...[3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map((opcode) =>
      wrong(`RSV1 and the opcode ${opcode}`, 1002, [0xc0 | opcode, HELLO]),
    ),
    wrong("a message within another", 1002, [0x41, "f248cd"], [0xc1, HELLO]),
    wrong("no bytes at all", 1007, [0xc1]),
    wrong("a reserved type of block", 1007, [0xc2, "06"]),
    wrong("noise", 1007, [0xc2, "0123456789abcdef"]),
    wrong("a length without its complement", 1007, [0xc2, "000500ffff48656c6c6f00"]),
    wrong("a distance of more than was sent", 1007, [0xc2, AGAIN]),
    {
      name: "a distance of more than was sent, in the second message",
      steps: [send([0xc1, HELLO]), ...comesBack(hello), send([0xc2, matchAtTheEdge(8)])],
      ending: 1007,
    },
    ...[1, 2, 50, bytes.length - 2].map((length) =>
      wrong(`a message cut off after ${length} bytes`, 1007, [0xc1, bytes.slice(0, length)]),
    ),
    wrong("what is left behind a block with BFINAL", 1007, [0xc1, "f348cdc9c90700 ff"]),
    wrong("a text that is not UTF-8", 1007, [0xc1, notText]),
    wrong("a text that ends within a character", 1007, [0xc1, compressed(bytesOf("61e282"))]),
    {
      name: "a reference to what was to be forgotten",
      parameters: { isServerForgetful: true, isClientForgetful: true },
      steps: [send([0xc1, HELLO]), ...comesBack(hello), send([0xc2, AGAIN])],
      ending: 1007,
    },
    ...[8, 9, 12, 14].map((bits): DeflateRow => {
      const bytesBefore = binary(NOISE.message(2 ** (bits + 1), 0).bytes);
      return {
        name: `a match from ${2 ** (bits + 1)} bytes back, with a window of 2^${bits}`,
        parameters: { serverBits: bits, clientBits: bits },
        steps: [
          send([0xc2, stored(bytesBefore.bytes)]),
          ...comesBack(bytesBefore),
          send([0xc2, matchAtTheEdge(bits + 1)]),
        ],
        ending: 1007,
      };
    }),
  ];
}

const { maxMessageBytes, maxReceiveFrameSize, maxFragments } = PROFILES.deflateStrict;

function strict(name: string, ending: number | "close", ...steps: readonly Step[]): DeflateRow {
  return { name, profile: "deflateStrict", steps, ending };
}

function limits(): DeflateRow[] {
  const zeros = (count: number): Message => binary(new Uint8Array(count));
  const most = zeros(maxMessageBytes);
  const bomb = compressed(new Uint8Array(400_000));
  const noise = NOISE.message(maxMessageBytes, 0);
  // 50 times 8,000 bytes, in blocks that each end the stream.
  const finals = joined([
    ...Array.from({ length: 50 }, () => new Uint8Array(deflateRawSync(new Uint8Array(8_000)))),
    Uint8Array.of(0),
  ]);
  const { deflate } = PROFILES;
  return [
    strict("maxMessageBytes come out", "close", ...exchange(most)),
    strict("maxMessageBytes come out, again and again", "close", ...[1, 2, 3].flatMap(() => exchange(most, 5))),
    strict("a byte more comes out", 1009, send([0xc2, compressed(new Uint8Array(maxMessageBytes + 1))])),
    strict(
      "a byte more comes out of a text",
      1009,
      send([0xc1, compressed(new Uint8Array(maxMessageBytes + 1).fill(0x61))]),
    ),
    strict("a bomb of 400,000 bytes", 1009, send([0xc2, bomb])),
    strict("a bomb in fragments", 1009, send(...frames(2, ...inPieces(bomb, Math.ceil(bomb.length / 4))))),
    strict("a bomb of blocks with BFINAL", 1009, send(...frames(2, ...inPieces(finals, maxReceiveFrameSize)))),
    strict(
      "maxMessageBytes that could not be compressed",
      "close",
      send(...frames(2, ...inPieces(stored(noise.bytes, 100), maxReceiveFrameSize))),
      ...comesBack(noise),
    ),
    strict("a frame that announces a byte too much", 1009, sendHeader(0xc2, "7e0259")),
    strict("a frame that announces 2^40 bytes", 1009, sendHeader(0xc2, "7f0000010000000000")),
    strict(
      "frames that are too much together, before they are inflated",
      1009,
      send([0x42, new Uint8Array(600)], [0x00, new Uint8Array(600)], [0x00, new Uint8Array(600)]),
      sendHeader(0x00, "7e0258"),
    ),
    strict(
      "a fragment too many",
      1008,
      send([0x42, HELLO], ...Array.from({ length: maxFragments - 1 }, (): FrameSpec => [0x00, "00"])),
      sendHeader(0x00, "01"),
    ),
    { name: "1 MiB comes out", steps: exchange(zeros(deflate.maxMessageBytes), 100) },
    {
      name: "1 MiB and a byte comes out",
      steps: [send([0xc2, compressed(new Uint8Array(deflate.maxMessageBytes + 1))])],
      ending: 1009,
    },
    { name: "a bomb of 50 MB", steps: [send([0xc2, compressed(new Uint8Array(50_000_000))])], ending: 1009 },
    {
      name: "a bomb behind good messages",
      steps: [...exchange(zeros(1_000)), ...exchange(hello), send([0xc1, compressed(new Uint8Array(20_000_000))])],
      ending: 1009,
    },
  ];
}

export function deflateFrameCases(): Case[] {
  return [
    ...deflateCasesOf("permessage-deflate: frames and blocks", [...vectors(), ...valid(), ...invalid()]),
    ...deflateCasesOf("permessage-deflate: limits and bombs", limits()),
  ];
}
