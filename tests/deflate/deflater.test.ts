/** Messages to DEFLATE and back (RFC 7692, 7.2), without a connection. */

import { constants, deflateRawSync, inflateRawSync } from "node:zlib";
import { Codec } from "../../hosts/node/deflate/codec.js";
import { bytesOf, hexOf } from "../support/vectors.js";

/** Both sides of a connection. */
function pair({ windowBits = 15, isForgetful = false, threshold = 0 } = {}): { client: Codec; server: Codec } {
  const direction = { windowBits, isForgetful };
  const create = (): Codec => new Codec(direction, direction, { threshold, level: 6 });
  return { client: create(), server: create() };
}

function send(from: Codec, message: Uint8Array | string): Uint8Array {
  const deflated = from.deflate(message);
  if (deflated === undefined) throw new Error("it was not compressed");
  deflated.sent();
  return deflated.bytes;
}

/** Seeded, so that each run has the same: no bytes that compress, or texts that do. */
function random(seed: number): () => number {
  let state = seed;
  return () => (state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0) >>> 8;
}

function words(count: number, seed = 1): Uint8Array {
  const next = random(seed);
  return Buffer.from(Array.from({ length: count }, () => (next() % 500).toString(36)).join(" "));
}

const MAX = 1_000_000;

/** As Jest's comparison, and faster. */
function isSame(inflated: Uint8Array | string, message: Uint8Array): boolean {
  return typeof inflated !== "string" && Buffer.compare(inflated, message) === 0;
}

describe("RFC 7692, 7.2.3", () => {
  const VECTORS: readonly (readonly [name: string, hexes: readonly string[], texts: readonly string[]])[] = [
    ["7.2.3.1: one block", ["f248cdc9c90700"], ["Hello"]],
    ["7.2.3.2: the context is taken over", ["f248cdc9c90700", "f200110000"], ["Hello", "Hello"]],
    ["7.2.3.3: a block without compression", ["000500faff48656c6c6f00"], ["Hello"]],
    ["7.2.3.4: a block with BFINAL", ["f348cdc9c9070000"], ["Hello"]],
    ["7.2.3.5: two blocks", ["f248050000 00ffff cac9c90700"], ["Hello"]],
    ["7.2.3.6: an empty message", ["00"], [""]],
    ["behind BFINAL the context goes on", ["f348cdc9c9070000", "f200110000"], ["Hello", "Hello"]],
  ];

  test.each(VECTORS)("%s", (_name, hexes, texts) => {
    const { server } = pair();
    const inflated = hexes.map((hex) => server.inflate([bytesOf(hex)], 5));
    expect(inflated.map((bytes) => (typeof bytes === "string" ? bytes : Buffer.from(bytes).toString()))).toEqual(texts);
  });

  test("what is sent has no tail, and later messages refer to it", () => {
    const { client } = pair();
    const text = "Hello, hello, hello, hello, hello";
    const [first, second] = [send(client, text), send(client, text)];
    expect(hexOf(first).endsWith("0000ffff")).toBe(false);
    expect(second.length).toBeLessThan(first.length);
  });

  test("a message that was not sent is not referred to", () => {
    const { client, server } = pair();
    const message = words(100);
    client.deflate(message);
    expect(isSame(server.inflate([send(client, message)], MAX), message)).toBe(true);
  });

  test("without context takeover every message stands alone", () => {
    const { client, server } = pair({ isForgetful: true });
    const message = words(100);
    expect(hexOf(send(client, message))).toBe(hexOf(send(client, message)));
    expect(hexOf(send(server, message))).toBe(hexOf(send(server, message)));
    for (let count = 0; count < 3; count++)
      expect(isSame(server.inflate([send(client, message)], MAX), message)).toBe(true);
  });
});

describe("windows", () => {
  test.each([8, 9, 10, 12, 15])("of 2^%d bytes are kept to, over many messages", (bits) => {
    const { client, server } = pair({ windowBits: bits });
    const sent: Uint8Array[] = [];
    let length = 0;
    for (let seed = 1; seed <= 40; seed++) {
      const message = words(20 * seed, seed % 7);
      const bytes = send(client, message);
      expect(isSame(server.inflate([bytes], MAX), message)).toBe(true);
      expect(isSame(client.inflate([send(server, message)], MAX), message)).toBe(true);
      sent.push(bytes, bytesOf("0000ffff"));
      length += message.length;
    }
    // zlib itself, with that window and one stream over all messages, refuses what refers too far back.
    const stream = Buffer.concat([...sent, bytesOf("010000ffff")]);
    expect(inflateRawSync(stream, { windowBits: bits }).length).toBe(length);
  });

  test("a message of many windows, and then one that refers to its end", () => {
    const { client, server } = pair();
    const long = words(60_000);
    const end = long.slice(-1_000);
    expect(isSame(server.inflate([send(client, long)], MAX), long)).toBe(true);
    const short = send(client, end);
    expect(short.length).toBeLessThan(100);
    expect(isSame(server.inflate([short], MAX), end)).toBe(true);
  });
});

describe("what is sent as it is", () => {
  test("short messages, and what would not get shorter", () => {
    const { client } = pair({ threshold: 100 });
    expect(client.deflate("x".repeat(99))).toBeUndefined();
    expect(client.deflate("ü".repeat(49))).toBeUndefined();
    expect(client.deflate("ü".repeat(50))).toBeDefined();
    expect(client.deflate(new Uint8Array(99))).toBeUndefined();
    expect(client.deflate(new Uint8Array(100))).toBeDefined();
    const next = random(7);
    expect(client.deflate(Uint8Array.from({ length: 5_000 }, next))).toBeUndefined();
    expect(pair().client.deflate("")).toBeUndefined();
  });

  test("a lone surrogate is U+FFFD", () => {
    const { client, server } = pair();
    const inflated = server.inflate([send(client, "\ud800".repeat(30))], MAX);
    expect(Buffer.from(inflated as Uint8Array).toString()).toBe("\ufffd".repeat(30));
  });
});

describe("what is received", () => {
  const zeros = deflateRawSync(Buffer.alloc(5_000_000), { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4);

  test.each([0, 1, 63, 64, 65, 1_000, 16_383, 16_384, 16_385])("of %d bytes is within a limit of so many", (size) => {
    const whole = deflateRawSync(Buffer.alloc(size), { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4);
    const message = size === 0 ? bytesOf("00") : whole;
    expect(pair().server.inflate([message], size)).toEqual(new Uint8Array(size));
    if (size > 0) expect(pair().server.inflate([message], size - 1)).toBe("too big");
  });

  test("a bomb is not inflated beyond the limit", () => {
    const before = process.memoryUsage().arrayBuffers;
    const { server } = pair();
    for (let count = 0; count < 20; count++) expect(server.inflate([zeros], 10_000)).toBe("too big");
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1_000_000);
  });

  test("blocks with BFINAL count together, and are limited in number", () => {
    const block = deflateRawSync(Buffer.alloc(1_000));
    const blocks = (count: number): Uint8Array =>
      Buffer.concat([...Array.from({ length: count }, () => block), bytesOf("00")]);
    expect(pair().server.inflate([blocks(5)], 5_000)).toEqual(new Uint8Array(5_000));
    expect(pair().server.inflate([blocks(5)], 4_999)).toBe("too big");
    expect(pair().server.inflate([blocks(2_000)], MAX * 10)).toBe("invalid");
  });

  const whole = deflateRawSync(words(500), { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4);
  const BAD: readonly (readonly [name: string, bytes: Uint8Array])[] = [
    ["a reserved type of block", bytesOf("ff")],
    ["noise", bytesOf("0123456789abcdef")],
    ["no bytes at all", new Uint8Array(0)],
    ["a length that does not agree with its complement", bytesOf("0005000000")],
    ["what refers to before the start", bytesOf("f20011000000")],
    ...[1, 10, 100, whole.length - 2].map(
      (length) => [`a message cut off after ${length} bytes`, whole.subarray(0, length)] as const,
    ),
  ];

  test.each(BAD)("%s is invalid", (_name, bytes) => {
    expect(pair().server.inflate([bytes], MAX)).toBe("invalid");
  });

  test("is the receiver's own: a Uint8Array over just its bytes", () => {
    const { client, server } = pair();
    const inflated = server.inflate([send(client, "a".repeat(100))], MAX) as Uint8Array;
    expect(Object.getPrototypeOf(inflated)).toBe(Uint8Array.prototype);
    expect(inflated.buffer.byteLength).toBe(100);
    inflated.fill(0);
    const again = server.inflate([send(client, "a".repeat(100))], MAX) as Uint8Array;
    expect(Buffer.from(again).toString()).toBe("a".repeat(100));
  });
});
