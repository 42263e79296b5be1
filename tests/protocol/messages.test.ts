import { FragmentationType, Opcode, Role } from "../../modules/common/constants.js";
import type { ProtocolError } from "../../modules/common/errors.js";
import { MessageReader, type MessageListener } from "../../modules/protocol/messages.js";
import { CONNECTION_DEFAULTS, type WebSocketOptions } from "../../modules/common/options.js";
import { asciiOf, bytesOf, hexOf, pattern } from "../support/vectors.js";

interface Received {
  readonly bytes: Uint8Array | undefined;
  readonly text: string | undefined;
  readonly fragmentation: FragmentationType;
}

/** A reader, and the error that fails its connection. What a server sends is not masked. */
class Reading {
  error: ProtocolError | undefined = undefined;
  readonly controls: string[] = [];
  readonly reader: MessageReader;

  constructor(options: WebSocketOptions, messageReceived: MessageListener["messageReceived"]) {
    const settings = { ...CONNECTION_DEFAULTS, ...options };
    this.reader = new MessageReader(Role.Client, settings, {
      listener: { messageReceived },
      controlReceived: (opcode, payload) => this.controls.push(`${opcode} ${hexOf(payload)}`),
      failNow: (error) => (this.error = error),
    });
  }

  /** A frame that comes whole. @returns the error that fails the connection, if there is one */
  receive(opcode: Opcode, isFinal: boolean, payload: Uint8Array): ProtocolError | undefined {
    this.reader.frameReceived(opcode, isFinal, payload, 0, payload.length);
    return this.error;
  }

  /** The header of a frame. */
  start(opcode: Opcode, isFinal: boolean, length: number): ProtocolError | undefined {
    this.reader.frameStarted(opcode, isFinal, length);
    return this.error;
  }

  /** A piece of its payload. */
  piece(bytes: Uint8Array, isEnd: boolean): ProtocolError | undefined {
    this.reader.payloadReceived(bytes, isEnd);
    return this.error;
  }
}

function reading(options: WebSocketOptions = {}): { reader: Reading; received: Received[] } {
  const received: Received[] = [];
  const reader = new Reading(options, (payload, fragmentation, textBytes) => {
    if (typeof payload !== "string") received.push({ bytes: payload, text: undefined, fragmentation });
    else received.push({ bytes: textBytes, text: payload, fragmentation });
  });
  return { reader, received };
}

test("a text has characters, a binary message has bytes", () => {
  const { reader, received } = reading();
  reader.receive(Opcode.Text, true, asciiOf("a"));
  reader.receive(Opcode.Binary, true, asciiOf("b"));
  const fragmentation = FragmentationType.NotFragmented;
  expect(received).toEqual([
    { bytes: undefined, text: "a", fragmentation },
    { bytes: asciiOf("b"), text: undefined, fragmentation },
  ]);
});

test.each([false, true])("the bytes are the receiver's own, deliverFragments %s", (deliverFragments) => {
  const { reader, received } = reading({ deliverFragments });
  const chunk = pattern(10);
  reader.reader.frameReceived(Opcode.Binary, true, chunk, 2, 6);
  reader.reader.frameReceived(Opcode.Binary, true, chunk, 6, 6);
  chunk.fill(0xff);
  expect(received.map(({ bytes }) => hexOf(bytes ?? chunk))).toEqual([hexOf(pattern(10).subarray(2, 6)), ""]);
  received[0]?.bytes?.fill(0);
  expect(hexOf(chunk)).toBe("ff".repeat(10));
});

test("the bytes of a message in pieces are the receiver's own", () => {
  const { reader, received } = reading();
  const chunk = pattern(10);
  reader.start(Opcode.Binary, true, 10);
  reader.piece(chunk.subarray(0, 5), false);
  reader.piece(chunk.subarray(5), true);
  chunk.fill(0xff);
  expect(hexOf(received[0]?.bytes ?? chunk)).toBe(hexOf(pattern(10)));
});

test("a limit is met by the announced length, before any payload", () => {
  const { reader } = reading({ maxMessageBytes: 100 });
  expect(reader.start(Opcode.Binary, true, 101)?.closeStatus).toBe(1009);
});

test("the errors of limits name what came, what is allowed, and the option", () => {
  expect(reading({ maxMessageBytes: 100 }).reader.start(Opcode.Binary, true, 101)?.message).toMatch(/101.*100/);
  const fragments = reading({ maxMessageBytes: 100 }).reader;
  fragments.receive(Opcode.Binary, false, pattern(60));
  expect(fragments.start(Opcode.Continuation, true, 60)?.message).toMatch(/120.*maxMessageBytes.*100/);
  const many = reading({ maxFragments: 1 }).reader;
  many.receive(Opcode.Binary, false, pattern(1));
  expect(many.start(Opcode.Continuation, true, 1)?.message).toMatch(/1.*maxFragments/);
});

test("the sum of a message begins anew with the next one", () => {
  const { reader, received } = reading({ maxMessageBytes: 100 });
  for (let turn = 0; turn < 3; turn++) {
    expect(reader.receive(Opcode.Binary, false, pattern(60))).toBeUndefined();
    expect(reader.receive(Opcode.Continuation, true, pattern(40))).toBeUndefined();
  }
  expect(received.map(({ bytes }) => bytes?.length)).toEqual([100, 100, 100]);
});

test.each(["ff", "c0", "61eda0"])("%s fails a text as soon as it comes, within a frame", (hex) => {
  const { reader } = reading();
  reader.start(Opcode.Text, true, 1_000);
  expect(reader.piece(asciiOf("good"), false)).toBeUndefined();
  expect(reader.piece(bytesOf(hex), false)?.closeStatus).toBe(1007);
});

test("the error of a text that is not UTF-8 has its cause", () => {
  const { reader } = reading();
  expect(reader.receive(Opcode.Text, true, bytesOf("ff"))?.cause).toMatchObject({ name: "TypeError" });
});

test("a handler may start the next message's frames: the reader is between messages when it tells", () => {
  const texts: string[] = [];
  const reader: Reading = new Reading({}, (payload) => {
    texts.push(String(payload));
    if (texts.length < 3) expect(reader.receive(Opcode.Text, true, asciiOf("next"))).toBeUndefined();
  });
  reader.receive(Opcode.Text, false, asciiOf("fir"));
  reader.receive(Opcode.Continuation, true, asciiOf("st"));
  expect(texts).toEqual(["first", "next", "next"]);
});

test("deliverFragments: each fragment says which it is", () => {
  const { reader, received } = reading({ deliverFragments: true });
  reader.receive(Opcode.Text, false, asciiOf("a"));
  reader.receive(Opcode.Continuation, false, asciiOf("b"));
  reader.receive(Opcode.Continuation, true, asciiOf("c"));
  reader.receive(Opcode.Text, true, asciiOf("d"));
  expect(received.map(({ fragmentation }) => fragmentation)).toEqual([
    FragmentationType.FirstFragment,
    FragmentationType.Fragment,
    FragmentationType.FinalFragment,
    FragmentationType.NotFragmented,
  ]);
});

test("deliverFragments: a fragment that comes in pieces is delivered once, whole", () => {
  const { reader, received } = reading({ deliverFragments: true });
  reader.start(Opcode.Binary, false, 4);
  reader.piece(bytesOf("01"), false);
  reader.piece(bytesOf("0203"), false);
  expect(received).toEqual([]);
  reader.piece(bytesOf("04"), true);
  expect(received.map(({ bytes }) => hexOf(bytes ?? pattern(0)))).toEqual(["01020304"]);
});

test("a control frame between the pieces of a message leaves it as it is, be it in pieces itself", () => {
  const { reader, received } = reading();
  reader.receive(Opcode.Text, false, asciiOf("a"));
  reader.receive(Opcode.Ping, true, bytesOf("01"));
  reader.start(Opcode.Pong, true, 2);
  reader.piece(bytesOf("02"), false);
  reader.piece(bytesOf("03"), true);
  expect(reader.receive(Opcode.Continuation, true, asciiOf("b"))).toBeUndefined();
  expect(reader.controls).toEqual(["9 01", "10 0203"]);
  expect(received.map(({ text }) => text)).toEqual(["ab"]);
});
