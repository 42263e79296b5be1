/** After a failure: the transport ends when the peer's Close frame has come, and what it sends meanwhile is dropped. */

import { Opcode, Role } from "../../modules/common/constants.js";
import { ProtocolError } from "../../modules/common/errors.js";
import { CONNECTION_DEFAULTS, type WebSocketOptions } from "../../modules/common/options.js";
import { Protocol } from "../../modules/protocol/protocol.js";
import { RecordingOwner } from "../support/vectorowner.js";
import { asciiOf, bytesOf, frame, header, joined, pattern } from "../support/vectors.js";

function bench(options: WebSocketOptions = {}): { protocol: Protocol; owner: RecordingOwner } {
  const owner = new RecordingOwner();
  return { owner, protocol: new Protocol(Role.Server, { ...CONNECTION_DEFAULTS, ...options }, owner, owner, 0) };
}

const CLOSE = frame(0x88, bytesOf("03e8"), true);
const TEXT = frame(0x81, asciiOf("not for anyone"), true);
/** The header of a message that is too long, and its payload. */
const TOO_LONG = joined([header(0x82, 20_000, true), pattern(20_000)]);

/** What fails a connection, and the status. */
const FAILURES: readonly (readonly [name: string, bytes: Uint8Array, status: number])[] = [
  ["a reserved bit", frame(0xc1, asciiOf("a"), true), 1002],
  ["a reserved opcode with a long payload", frame(0x83, pattern(70_000), true), 1002],
  ["a frame without a mask", frame(0x81, asciiOf("unmasked"), false), 1002],
  ["a long frame without a mask", frame(0x81, pattern(300), false), 1002],
  ["a Ping of 126 bytes", frame(0x89, pattern(126), true), 1002],
  ["a length that is not the shortest", bytesOf("81fe000500000000" + "6162636465"), 1002],
  ["a length of 64 bits that is not the shortest", bytesOf("81ff000000000000000500000000" + "6162636465"), 1002],
  ["a continuation outside of a message", frame(0x80, asciiOf("a"), true), 1002],
  ["what is not UTF-8", frame(0x81, bytesOf("ff616263"), true), 1007],
  ["a message that is too long", TOO_LONG, 1009],
];

describe.each(FAILURES)("%s", (_name, bytes, status) => {
  const behind = joined([bytes, TEXT, frame(0x89, asciiOf("ping"), true), header(0x01, 90_000, true), pattern(90_000)]);

  test("the transport ends with the Close frame behind it, byte by byte, in pieces or in one", () => {
    for (const size of [1, 7, 1_000, Infinity]) {
      const { protocol, owner } = bench();
      const all = joined([behind, CLOSE]);
      const endedAt: number[] = [];
      for (let at = 0; at < all.length; at += size) {
        const until = Math.min(all.length, at + size);
        if (owner.events.includes("end")) endedAt.push(at);
        protocol.receive(all.slice(at, until), 100);
      }
      expect(endedAt).toEqual([]);
      expect(owner.events).toEqual([`sent close:${status}`, "end"]);
      expect(protocol.outcome).toMatchObject({ status, wasClean: false });
    }
  });

  test("without it the transport ends after the moment to read why", () => {
    const { protocol, owner } = bench();
    protocol.receive(behind.slice(), 100);
    expect(protocol.deadline).toBe(350);
    protocol.tick(350);
    expect(owner.take()).toEqual([`sent close:${status}`, "end"]);
    protocol.receive(CLOSE.slice(), 360);
    expect(owner.take()).toEqual([]);
  });
});

test("a frame of more than 2^53 - 1 bytes has no end: only time does", () => {
  const { protocol, owner } = bench();
  protocol.receive(joined([bytesOf("82ff8000000000000000" + "00000000"), CLOSE]), 100);
  expect(owner.take()).toEqual(["sent close:1002"]);
  protocol.tick(350);
  expect(owner.take()).toEqual(["end"]);
});

test("a failure by the application ends with the peer's Close frame, too", () => {
  const { protocol, owner } = bench();
  protocol.receive(header(0x81, 5, true), 100);
  protocol.fail(new ProtocolError(1011, "A handler failed."), 100);
  protocol.receive(joined([asciiOf("12345"), TEXT, CLOSE]), 101);
  expect(owner.take()).toEqual(["sent close:1011", "end"]);
});

test("a failure while it is paused: what comes then is read and dropped", () => {
  const { protocol, owner } = bench();
  protocol.pause();
  protocol.fail(new ProtocolError(1011, "A handler failed."), 100);
  protocol.receive(joined([TEXT, CLOSE]), 101);
  expect(owner.take()).toEqual(["sent close:1011", "end"]);
});

test("the end waits for our own Close frame to leave", () => {
  const { protocol, owner } = bench();
  owner.isBlocking = true;
  protocol.send(Opcode.Text, asciiOf("a"), 0, 0);
  protocol.receive(joined([frame(0xc1, asciiOf("a"), true), CLOSE]), 100);
  expect(owner.take()).toEqual(["sent text:61"]);
  owner.isBlocking = false;
  protocol.drained(101);
  expect(owner.take()).toEqual(["sent close:1002", "end"]);
});

describe("1009 names the option that the limit came from", () => {
  test.each([
    [{}, TOO_LONG, "A frame announces 20000 bytes; maxMessageBytes allows 16384."],
    [{ maxReceiveFrameSize: 100 }, TOO_LONG, "A frame announces 20000 bytes; maxReceiveFrameSize allows 100."],
    [
      { maxReceiveFrameSize: 15_000, maxMessageBytes: 17_000 },
      joined([frame(0x01, pattern(15_000), true), header(0x80, 15_000, true)]),
      "A message has 30000 bytes; maxMessageBytes allows 17000.",
    ],
  ])("%j", (options, bytes, reason) => {
    const { protocol, owner } = bench(options);
    protocol.receive(bytes.slice(), 0);
    const [close] = owner.frames;
    expect(new TextDecoder().decode(close?.payload.subarray(2))).toBe(reason);
    expect(protocol.outcome).toMatchObject({ status: 1009, description: reason });
  });
});

describe("wasClean is false where our Close frame never left", () => {
  test.each([
    ["behind messages", true],
    ["in the transport", false],
  ])("%s", (_name, isBehind) => {
    const { protocol, owner } = bench();
    if (isBehind) {
      owner.isBlocking = true;
      protocol.send(Opcode.Text, asciiOf("a"), 0, 0);
    }
    owner.isBlocking = true;
    protocol.receive(CLOSE.slice(), 1);
    expect(owner.events).not.toContain("end");
    protocol.transportClosed({ code: "ECONNRESET", message: "lost" }, 2);
    expect(protocol.outcome).toMatchObject({ status: 1000, wasClean: false, error: { code: "ECONNRESET" } });
  });

  test("and true where it has", () => {
    const { protocol, owner } = bench();
    owner.isBlocking = true;
    protocol.receive(CLOSE.slice(), 1);
    owner.isBlocking = false;
    protocol.drained(2);
    expect(owner.take()).toEqual(["sent close:1000", "end"]);
    protocol.transportClosed({ code: "ECONNRESET", message: "lost" }, 3);
    expect(protocol.outcome).toMatchObject({ status: 1000, wasClean: true, error: undefined });
  });
});

describe("bytes that leave are a sign of life", () => {
  const options = { keepAliveInterval: 1_000, serverTimeout: 2_000 } as const;

  test("a peer that takes something now and then is not given up, one that takes nothing is", () => {
    const { protocol, owner } = bench(options);
    owner.isBlocking = true;
    owner.bufferedAmount = 12_000;
    protocol.send(Opcode.Text, asciiOf("a"), 0, 0);
    let time = 0;
    while (owner.bufferedAmount > 2_000) {
      time += 500;
      owner.bufferedAmount -= 500;
      protocol.tick(time);
    }
    expect(owner.take()).toEqual(["sent text:61"]);
    const stopped = time;
    for (; !owner.events.includes("destroy") && time < 60_000; time += 100) protocol.tick(time);
    expect(time - stopped).toBeGreaterThanOrEqual(2_000);
    expect(time - stopped).toBeLessThanOrEqual(4_200);
    expect(protocol.outcome).toMatchObject({ error: { code: "ERR_TIMEOUT" } });
  });

  test("a Ping that waits behind what leaves is no reason to give up", () => {
    const { protocol, owner } = bench(options);
    owner.isBlocking = true;
    protocol.send(Opcode.Text, asciiOf("a"), 0, 0);
    for (let at = 0; at < 8; at++) protocol.send(Opcode.Text, asciiOf("b"), 0, 0);
    for (let time = 900; time <= 7_200; time += 900) {
      protocol.drained(time);
      protocol.tick(time + 500);
    }
    expect(owner.events).not.toContain("destroy");
  });
});
