/** Streams of frames and HTTP heads, valid at first, then changed at random; and chunks of them. */

import { asciiOf, frame, joined } from "../support/vectors.js";
import type { Random } from "./random.js";

const TEXTS = [
  "",
  "a",
  "hello",
  "\u03ba\u1f79\u03c3\u03bc\u03b5",
  "\u20ac\u{1f600}",
  "\u0000",
  "x".repeat(126),
  "\u00fc".repeat(70),
];
const SIZES = [0, 1, 2, 3, 5, 17, 64, 124, 125, 126, 127, 200, 300];
const CLOSES = [[], [3, 232], [3, 233, 98, 121, 101], [3], [3, 237], [15, 160, 0xc3, 0xa4], [15, 160, 0xc3]];
const BAD_TEXTS = [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90], [0xe2, 0x82], [0xe2, 0x61]];

/** A stream of some frames of a peer, most of them right. */
export function randomStream(random: Random, isMasked: boolean): Uint8Array {
  const frames = Array.from({ length: 1 + random.below(8) }, () => randomMessage(random, isMasked)).flat();
  const stream = joined(frames);
  return random.isOnceIn(3) ? stream : mutated(random, stream);
}

function randomMessage(random: Random, isMasked: boolean): Uint8Array[] {
  const make = (first: number, payload: Uint8Array): Uint8Array => frame(first, payload, isMasked);
  switch (random.below(8)) {
    case 0:
      return [make(0x89, random.bytes(random.pick(SIZES.slice(0, 9))))];
    case 1:
      return [make(0x8a, random.bytes(random.below(20)))];
    case 2:
      return random.isOnceIn(4) ? [make(0x88, Uint8Array.from(random.pick(CLOSES)))] : [];
    case 3:
      return [make(0x82, random.bytes(random.pick(SIZES)))];
    case 4:
      return random.isOnceIn(3) ? [make(0x81, Uint8Array.from(random.pick(BAD_TEXTS)))] : [];
    case 5:
      return fragments(random, 0x02, random.bytes(random.pick(SIZES)), make);
    case 6:
      return fragments(random, 0x01, new TextEncoder().encode(random.pick(TEXTS)), make);
    default:
      return [make(0x81, new TextEncoder().encode(random.pick(TEXTS)))];
  }
}

function fragments(
  random: Random,
  opcode: number,
  payload: Uint8Array,
  make: (first: number, payload: Uint8Array) => Uint8Array,
): Uint8Array[] {
  const made: Uint8Array[] = [];
  for (let start = 0, isFirst = true; ; isFirst = false) {
    const end = start + random.below(payload.length - start + 3);
    const isLast = end >= payload.length;
    made.push(make((isFirst ? opcode : 0) | (isLast ? 0x80 : 0), payload.subarray(start, end)));
    if (isLast) return made;
    if (random.isOnceIn(4)) made.push(make(0x89, random.bytes(2)));
    start = end;
  }
}

/** The bytes with one to four random changes. */
export function mutated(random: Random, bytes: Uint8Array): Uint8Array {
  let result: Uint8Array = bytes.slice();
  for (let changes = 1 + random.below(4); changes > 0 && result.length > 0; changes--) {
    const at = random.below(result.length);
    const end = Math.min(result.length, at + 1 + random.below(8));
    switch (random.below(6)) {
      case 0:
        result[at] = (result[at] ?? 0) ^ (1 << random.below(8));
        break;
      case 1:
        result[at] = random.pick([0, 0x7f, 0x80, 0xff, 0x0a, 0x0d, 126, 127, 254, 255]);
        break;
      case 2:
        result = joined([result.subarray(0, at), result.subarray(end)]);
        break;
      case 3:
        result = joined([result.subarray(0, end), result.subarray(at)]);
        break;
      case 4:
        result = joined([result.subarray(0, at), random.bytes(1 + random.below(6)), result.subarray(at)]);
        break;
      default:
        result = result.slice(0, Math.max(1, at));
    }
  }
  return result;
}

/** The bytes in chunks: one by one, or of random sizes, empty ones among them. Each has a memory of its own. */
export function chunksOf(random: Random, bytes: Uint8Array): Uint8Array[] {
  const isTiny = random.isOnceIn(3);
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < bytes.length;) {
    const size = isTiny ? 1 : random.below(1 + random.pick([3, 20, 200]));
    chunks.push(bytes.slice(at, at + size));
    at += size;
  }
  return chunks;
}

const REQUEST = [
  "GET /?a=1 HTTP/1.1",
  "Host: 127.0.0.1:80",
  "Upgrade: websocket",
  "Connection: keep-alive, Upgrade",
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
  "Sec-WebSocket-Version: 13",
  "Origin: http://127.0.0.1:80",
  "Sec-WebSocket-Protocol: chat, superchat",
  "User-Agent: fuzz/1.0",
];
const ANSWER = [
  "HTTP/1.1 101 Switching Protocols",
  "Upgrade: websocket",
  "Connection: Upgrade",
  "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
  "Server: fuzz",
];
const LINES = [
  "",
  " folded",
  "X",
  "X:",
  ": x",
  "Host: b",
  "Content-Length: 5",
  "Transfer-Encoding: chunked",
  "X: \u0000",
  "Connection: close",
  `X: ${"y".repeat(600)}`,
];

const STATUSES = ["HTTP/1.1 404 Not Found", "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.0 200 OK", "HTTP/1.1 304 x"];
const BODY_FIELDS = ["Transfer-Encoding: chunked", "Content-Length: 9", "Content-Length: x", "Server: fuzz"];
const BODIES = [
  "3\r\nabc\r\n10;x=y\r\n0123456789abcdef\r\n0\r\nX: y\r\n\r\n",
  `1f4\r\n${"x".repeat(500)}\r\n20\r\n${"y".repeat(32)}\r\n0\r\n\r\n`,
  "a body",
  "z".repeat(600),
];

/** The head of a request, or an answer with perhaps a body, lines of which may be missing, doubled, strange or changed. */
export function randomHead(random: Random, isAnswer: boolean): Uint8Array {
  const lines = [...(isAnswer ? ANSWER : REQUEST)];
  for (let changes = random.below(4); changes > 0; changes--) {
    const at = random.below(lines.length);
    if (random.isOnceIn(2)) lines.splice(at, random.below(2), random.pick(LINES));
    else lines.splice(at, random.below(2), random.pick(lines));
  }
  const body = isAnswer && random.isOnceIn(2) ? random.pick(BODIES) : "";
  if (body !== "") lines.splice(0, 2, random.pick(STATUSES), random.pick(BODY_FIELDS));
  const head = asciiOf(`${lines.join(random.isOnceIn(20) ? "\n" : "\r\n")}\r\n\r\n${body}`);
  return random.isOnceIn(3) ? head : mutated(random, head);
}
