import { FragmentationType, Opcode, Role } from "../../modules/common/constants.js";
import { MessageReader } from "../../modules/protocol/message.js";
import { CONNECTION_DEFAULTS, type WebSocketOptions } from "../../modules/common/options.js";
import { asciiOf, bytesOf, hexOf, pattern } from "../support/vectors.js";

interface Received {
  readonly bytes: Uint8Array | undefined;
  readonly text: string | undefined;
  readonly fragmentation: FragmentationType;
}

/** A frame that comes whole. */
function receive(
  reader: MessageReader,
  opcode: Opcode,
  isFinal: boolean,
  payload: Uint8Array,
): ReturnType<MessageReader["frameReceived"]> {
  return reader.frameReceived(opcode, isFinal, payload, 0, payload.length);
}

function reading(options: WebSocketOptions = {}): { reader: MessageReader; received: Received[] } {
  const received: Received[] = [];
  // What a server sends is not masked.
  const reader = new MessageReader(
    Role.Client,
    { ...CONNECTION_DEFAULTS, ...options },
    {
      messageReceived: (payload, fragmentation, textBytes) => {
        if (typeof payload !== "string") received.push({ bytes: payload, text: undefined, fragmentation });
        else received.push({ bytes: textBytes, text: payload, fragmentation });
      },
    },
  );
  return { reader, received };
}

test("a text has characters, a binary message has bytes", () => {
  const { reader, received } = reading();
  receive(reader, Opcode.Text, true, asciiOf("a"));
  receive(reader, Opcode.Binary, true, asciiOf("b"));
  const fragmentation = FragmentationType.NotFragmented;
  expect(received).toEqual([
    { bytes: undefined, text: "a", fragmentation },
    { bytes: asciiOf("b"), text: undefined, fragmentation },
  ]);
});

test.each([false, true])("the bytes are the receiver's own, deliverFragments %s", (deliverFragments) => {
  const { reader, received } = reading({ deliverFragments });
  const chunk = pattern(10);
  reader.frameReceived(Opcode.Binary, true, chunk, 2, 6);
  reader.frameReceived(Opcode.Binary, true, chunk, 6, 6);
  chunk.fill(0xff);
  expect(received.map(({ bytes }) => hexOf(bytes ?? chunk))).toEqual([hexOf(pattern(10).subarray(2, 6)), ""]);
  received[0]?.bytes?.fill(0);
  expect(hexOf(chunk)).toBe("ff".repeat(10));
});

test("the bytes of a message in pieces are the receiver's own", () => {
  const { reader, received } = reading();
  const chunk = pattern(10);
  reader.startFrame(Opcode.Binary, true, 10);
  reader.payloadReceived(chunk.subarray(0, 5), false);
  reader.payloadReceived(chunk.subarray(5), true);
  chunk.fill(0xff);
  expect(hexOf(received[0]?.bytes ?? chunk)).toBe(hexOf(pattern(10)));
});

test("a limit is met by the announced length, before any payload", () => {
  const { reader } = reading({ maxMessageBytes: 100 });
  expect(reader.startFrame(Opcode.Binary, true, 101)?.closeStatus).toBe(1009);
});

test("the errors of limits name what came, what is allowed, and the option", () => {
  expect(reading({ maxMessageBytes: 100 }).reader.startFrame(Opcode.Binary, true, 101)?.message).toMatch(/101.*100/);
  const fragments = reading({ maxMessageBytes: 100 }).reader;
  receive(fragments, Opcode.Binary, false, pattern(60));
  expect(fragments.startFrame(Opcode.Continuation, true, 60)?.message).toMatch(/120.*maxMessageBytes.*100/);
  const many = reading({ maxFragments: 1 }).reader;
  receive(many, Opcode.Binary, false, pattern(1));
  expect(many.startFrame(Opcode.Continuation, true, 1)?.message).toMatch(/1.*maxFragments/);
});

test("the sum of a message begins anew with the next one", () => {
  const { reader, received } = reading({ maxMessageBytes: 100 });
  for (let turn = 0; turn < 3; turn++) {
    expect(receive(reader, Opcode.Binary, false, pattern(60))).toBeUndefined();
    expect(receive(reader, Opcode.Continuation, true, pattern(40))).toBeUndefined();
  }
  expect(received.map(({ bytes }) => bytes?.length)).toEqual([100, 100, 100]);
});

test.each(["ff", "c0", "61eda0"])("%s fails a text as soon as it comes, within a frame", (hex) => {
  const { reader } = reading();
  reader.startFrame(Opcode.Text, true, 1_000);
  expect(reader.payloadReceived(asciiOf("good"), false)).toBeUndefined();
  expect(reader.payloadReceived(bytesOf(hex), false)?.closeStatus).toBe(1007);
});

test("the error of a text that is not UTF-8 has its cause", () => {
  const { reader } = reading();
  expect(receive(reader, Opcode.Text, true, bytesOf("ff"))?.cause).toMatchObject({ name: "TypeError" });
});

test("a handler may start the next message's frames: the reader is between messages when it tells", () => {
  const texts: string[] = [];
  const reader: MessageReader = new MessageReader(Role.Client, CONNECTION_DEFAULTS, {
    messageReceived: (payload) => {
      texts.push(String(payload));
      if (texts.length < 3) expect(receive(reader, Opcode.Text, true, asciiOf("next"))).toBeUndefined();
    },
  });
  receive(reader, Opcode.Text, false, asciiOf("fir"));
  receive(reader, Opcode.Continuation, true, asciiOf("st"));
  expect(texts).toEqual(["first", "next", "next"]);
});

test("deliverFragments: each fragment says which it is", () => {
  const { reader, received } = reading({ deliverFragments: true });
  receive(reader, Opcode.Text, false, asciiOf("a"));
  receive(reader, Opcode.Continuation, false, asciiOf("b"));
  receive(reader, Opcode.Continuation, true, asciiOf("c"));
  receive(reader, Opcode.Text, true, asciiOf("d"));
  expect(received.map(({ fragmentation }) => fragmentation)).toEqual([
    FragmentationType.FirstFragment,
    FragmentationType.Fragment,
    FragmentationType.FinalFragment,
    FragmentationType.NotFragmented,
  ]);
});

test("deliverFragments: a fragment that comes in pieces is delivered once, whole", () => {
  const { reader, received } = reading({ deliverFragments: true });
  reader.startFrame(Opcode.Binary, false, 4);
  reader.payloadReceived(bytesOf("01"), false);
  reader.payloadReceived(bytesOf("0203"), false);
  expect(received).toEqual([]);
  reader.payloadReceived(bytesOf("04"), true);
  expect(received.map(({ bytes }) => hexOf(bytes ?? pattern(0)))).toEqual(["01020304"]);
});
