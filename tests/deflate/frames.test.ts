/** Compressed messages as frames (RFC 7692, 6): RSV1, fragments, control frames between them, limits, the queue. */

import { deflateRawSync, constants, inflateRawSync } from "node:zlib";
import { createDeflate } from "../../hosts/node/deflate.js";
import { Opcode, Role } from "../../modules/common/constants.js";
import { OptionError, ProtocolError } from "../../modules/common/errors.js";
import { CONNECTION_DEFAULTS, type AgreedSettings, type WebSocketOptions } from "../../modules/common/options.js";
import { Protocol } from "../../modules/protocol/protocol.js";
import { RecordingOwner } from "../support/vectorowner.js";
import { asciiOf, bytesOf, describeBytes, frame, joined, pattern } from "../support/vectors.js";

/** Settings of a connection that compresses. */
function agreed(options: WebSocketOptions = {}): AgreedSettings {
  const settings = { ...CONNECTION_DEFAULTS, ...options };
  const deflater = createDeflate({ threshold: 20 }, settings, { OptionError, ProtocolError })?.agree(
    "permessage-deflate",
  );
  if (typeof deflater !== "object") throw new Error("no agreement");
  return { ...settings, deflater };
}

function bench(options: WebSocketOptions = {}): { protocol: Protocol; owner: RecordingOwner } {
  const owner = new RecordingOwner();
  return { owner, protocol: new Protocol(Role.Server, agreed(options), owner, owner, 0) };
}

function compressed(payload: Uint8Array): Uint8Array {
  const flushed = deflateRawSync(payload, { finishFlush: constants.Z_SYNC_FLUSH });
  return new Uint8Array(flushed.subarray(0, -4));
}

/** What a receiver tells of these frames, byte by byte, in pieces, and in one. */
function received(bytes: Uint8Array, options?: WebSocketOptions): string[] {
  const results = [1, 3, 100, Infinity].map((size) => {
    const { protocol, owner } = bench(options);
    for (let at = 0; at < bytes.length; at += size) protocol.receive(bytes.slice(at, at + size), 0);
    return owner.take();
  });
  for (const result of results) expect(result).toEqual(results[0]);
  return results[0] ?? [];
}

const HELLO = bytesOf("f248cdc9c90700");
const PING = frame(0x89, asciiOf("p"), true);
const LONG = pattern(4_000);

/** Bytes that do not compress, the same in each run. */
function noise(length: number, seed = 1): Uint8Array {
  let state = seed;
  return Uint8Array.from({ length }, () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state & 0xff;
  });
}

describe("receiving", () => {
  test("a message in one frame, and one that refers to it", () => {
    const frames = joined([frame(0xc1, HELLO, true), frame(0xc2, bytesOf("f200110000"), true)]);
    expect(received(frames)).toEqual(["text:Hello", "binary:48656c6c6f"]);
  });

  test("a message that is not compressed, between two that are", () => {
    const frames = joined([frame(0xc1, HELLO, true), frame(0x81, asciiOf("plain"), true), frame(0xc1, HELLO, true)]);
    expect(received(frames)).toEqual(["text:Hello", "text:plain", "text:Hello"]);
  });

  test("fragments, some of them empty, with control frames between them", () => {
    const bytes = compressed(LONG);
    const frames = [frame(0x42, bytes.slice(0, 1), true), PING, frame(0x00, bytes.slice(1, 1), true)];
    frames.push(frame(0x00, bytes.slice(1, 30), true), PING, frame(0x80, bytes.slice(30), true));
    expect(received(joined(frames))).toEqual(["sent pong:70", "sent pong:70", `binary:${describeBytes(LONG)}`]);
  });

  test("an empty message", () => {
    expect(received(frame(0xc1, bytesOf("00"), true))).toEqual(["text:"]);
    const empty = joined([frame(0x41, bytesOf(""), true), frame(0x80, bytesOf("00"), true)]);
    expect(received(empty)).toEqual(["text:"]);
  });

  const TEXT_THAT_IS_NONE = compressed(bytesOf("c0".repeat(40)));
  const FAILURES: readonly (readonly [name: string, bytes: Uint8Array, status: number, options?: WebSocketOptions])[] =
    [
      ["RSV2", frame(0xa1, HELLO, true), 1002],
      ["RSV3 beside RSV1", frame(0xd1, HELLO, true), 1002],
      ["RSV1 in a Ping", frame(0xc9, HELLO, true), 1002],
      ["RSV1 in a continuation", joined([frame(0x41, HELLO, true), frame(0xc0, HELLO, true)]), 1002],
      [
        "RSV1 in the continuation of a plain message",
        joined([frame(0x02, HELLO, true), frame(0xc0, HELLO, true)]),
        1002,
      ],
      ["RSV1 and a reserved opcode", frame(0xc3, HELLO, true), 1002],
      ["a new message within one", joined([frame(0x41, HELLO, true), frame(0xc1, HELLO, true)]), 1002],
      ["what is no DEFLATE", frame(0xc1, bytesOf("ffffffff"), true), 1007],
      ["nothing", frame(0xc1, bytesOf(""), true), 1007],
      ["a message that is cut off", frame(0xc2, compressed(LONG).slice(0, -10), true), 1007],
      ["a text that is not UTF-8", frame(0xc1, TEXT_THAT_IS_NONE, true), 1007],
      ["a bomb", frame(0xc2, compressed(new Uint8Array(10_000_000)), true), 1009],
      ["a message of a byte too many", frame(0xc2, compressed(pattern(101)), true), 1009, { maxMessageBytes: 100 }],
      ["a frame that announces too much", frame(0xc2, pattern(3_000), true), 1009, { maxMessageBytes: 100 }],
      [
        "fragments that are too much together",
        joined([frame(0x42, pattern(700), true), frame(0x00, pattern(700), true)]),
        1009,
        { maxMessageBytes: 100 },
      ],
      [
        "a frame beyond maxReceiveFrameSize",
        frame(0xc2, pattern(1_200), true),
        1009,
        { maxReceiveFrameSize: 10, maxMessageBytes: 100 },
      ],
      [
        "too many fragments",
        joined([frame(0x42, HELLO, true), ...[1, 2, 3].map(() => frame(0x00, bytesOf("00"), true))]),
        1008,
        { maxFragments: 3 },
      ],
    ];

  for (const [name, bytes, status, options] of FAILURES)
    test(`${name}: ${status}`, () => {
      expect(received(bytes, options)).toEqual([`sent close:${status}`]);
    });

  test("just as much as maxMessageBytes, also where it could not be compressed", () => {
    const incompressible = noise(5_000);
    const bytes = compressed(incompressible);
    const options = { maxMessageBytes: 5_000 };
    expect(bytes.length).toBeGreaterThan(5_000);
    expect(received(frame(0xc2, bytes, true), options)).toEqual([`binary:${describeBytes(incompressible)}`]);
    const pieces = Array.from({ length: 500 }, (_, at) => bytes.slice(at * 11, at * 11 + 11));
    const frames = pieces.map((piece, at) => frame((at === 0 ? 0x42 : 0x00) | (at === 499 ? 0x80 : 0), piece, true));
    expect(received(joined(frames), options)).toEqual([`binary:${describeBytes(incompressible)}`]);
  });

  test("without an agreement RSV1 is refused", () => {
    const owner = new RecordingOwner();
    const protocol = new Protocol(Role.Server, CONNECTION_DEFAULTS, owner, owner, 0);
    protocol.receive(frame(0xc1, HELLO, true), 0);
    expect(owner.take()).toEqual(["sent close:1002"]);
  });

  test("RSV1 in a Close frame fails the connection, and is the peer's last", () => {
    expect(received(frame(0xc8, bytesOf("03e8"), true))).toEqual(["sent close:1002", "end"]);
    expect(received(joined([frame(0xc9, HELLO, true), frame(0xc8, bytesOf("03e8"), true)]))).toEqual([
      "sent close:1002",
      "end",
    ]);
  });

  test("a message that is trickled is refused in time", () => {
    const { protocol, owner } = bench({ messageTimeoutMs: 100 });
    protocol.receive(frame(0x41, HELLO, true), 0);
    protocol.tick(100);
    expect(owner.take()).toEqual(["sent close:1008"]);
  });
});

describe("sending", () => {
  /** The payload of the frames that were sent, inflated. */
  function inflated(owner: RecordingOwner): string {
    const bytes = joined(owner.frames.map(({ payload }) => payload));
    return inflateRawSync(joined([bytes, bytesOf("0000ffff010000ffff")])).toString();
  }

  test("RSV1 is in the first fragment only", () => {
    const { protocol, owner } = bench();
    const text = Array.from({ length: 300 }, (_, at) => at * 7919).join();
    expect(protocol.send(Opcode.Text, text, 100, 0)).toBe(true);
    const firsts = owner.frames.map(({ first }) => first.toString(16));
    expect(firsts.length).toBeGreaterThan(3);
    expect(firsts).toEqual(["41", ...firsts.slice(2).map(() => "0"), "80"]);
    expect(inflated(owner)).toBe(text);
  });

  test("a short message, and one that would not get shorter, goes as it is", () => {
    const { protocol, owner } = bench();
    protocol.send(Opcode.Text, "short", undefined, 0);
    protocol.send(Opcode.Binary, pattern(40), undefined, 0);
    expect(owner.frames.map(({ first }) => first.toString(16))).toEqual(["81", "82"]);
  });

  test("frames that were encoded for others are not sent", () => {
    const { protocol, owner } = bench();
    const payload = asciiOf("hello ".repeat(20));
    protocol.sendEncoded({ opcode: Opcode.Text, payload, frames: [frame(0x81, payload, false)] }, 0, 0);
    expect(owner.frames.map(({ first }) => first.toString(16))).toEqual(["c1"]);
    expect(inflated(owner)).toBe("hello ".repeat(20));
  });

  test("what finds no room is not sent, and is not referred to later", () => {
    const { protocol, owner } = bench({ maxQueueBytes: 1_000 });
    owner.isBlocking = true;
    const messages = [1, 2, 3].map((seed) =>
      Buffer.from(noise(600, seed).map((byte) => 0x20 + (byte & 0x3f))).toString(),
    );
    const taken = messages.map((message) => protocol.send(Opcode.Text, message, undefined, 0));
    expect(taken).toEqual([true, true, false]);
    owner.isBlocking = false;
    protocol.drained(1);
    expect(protocol.send(Opcode.Text, messages[2] ?? "", undefined, 2)).toBe(true);
    const { deflater } = agreed();
    const texts = owner.frames.map(({ payload }) => deflater?.createInflater().append(payload, true));
    expect(texts.map((bytes) => Buffer.from(bytes ?? []).toString())).toEqual(messages);
  });

  test("a message longer than the queue is sent where it gets short enough", () => {
    const { protocol } = bench({ maxQueueBytes: 300 });
    expect(protocol.send(Opcode.Text, "x".repeat(10_000), undefined, 0)).toBe(true);
  });
});
