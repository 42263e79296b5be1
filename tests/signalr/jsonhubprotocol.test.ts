/** Every message of the hub protocol with its exact JSON, both ways. */

import * as fc from "fast-check";
import { HubProtocolError } from "../../modules/signalr/errors.js";
import { MessageType, type HubMessage } from "../../modules/signalr/wire/messages.js";
import { PropertyNames } from "../../modules/signalr/wire/limits.js";
import { JsonHubProtocol } from "../../modules/signalr/wire/json.js";
import { fuzzSettings } from "../fuzz/random.js";

fc.configureGlobal({ seed: fuzzSettings(0).seed });

const protocol = new JsonHubProtocol();

/** The message of a record; undefined for one of a type that is not known. */
function parseHubMessage(record: string, of: JsonHubProtocol = protocol): HubMessage | undefined {
  const messages: HubMessage[] = [];
  of.createReader(1_000_000).read(`${record}\x1e`, (message) => messages.push(message));
  return messages[0];
}

/** A message, and its record without the separator. */
const MESSAGES: readonly (readonly [name: string, message: HubMessage, record: string])[] = [
  [
    "Invocation",
    { type: MessageType.Invocation, invocationId: "123", target: "Send", arguments: [42, "Test Message"] },
    '{"type":1,"invocationId":"123","target":"Send","arguments":[42,"Test Message"]}',
  ],
  [
    "Invocation without an answer",
    { type: MessageType.Invocation, target: "Send", arguments: [] },
    '{"type":1,"target":"Send","arguments":[]}',
  ],
  [
    "Invocation with a stream",
    { type: MessageType.Invocation, invocationId: "123", target: "Send", arguments: [42], streamIds: ["1"] },
    '{"type":1,"invocationId":"123","target":"Send","arguments":[42],"streamIds":["1"]}',
  ],
  [
    "StreamItem",
    { type: MessageType.StreamItem, invocationId: "123", item: 42 },
    '{"type":2,"invocationId":"123","item":42}',
  ],
  [
    "StreamItem of null",
    { type: MessageType.StreamItem, invocationId: "123", item: null },
    '{"type":2,"invocationId":"123","item":null}',
  ],
  ["Completion", { type: MessageType.Completion, invocationId: "123" }, '{"type":3,"invocationId":"123"}'],
  [
    "Completion with a result",
    { type: MessageType.Completion, invocationId: "123", result: 42 },
    '{"type":3,"invocationId":"123","result":42}',
  ],
  [
    "Completion with a result of null",
    { type: MessageType.Completion, invocationId: "123", result: null },
    '{"type":3,"invocationId":"123","result":null}',
  ],
  [
    "Completion with an error",
    { type: MessageType.Completion, invocationId: "123", error: "It didn't work!" },
    '{"type":3,"invocationId":"123","error":"It didn\'t work!"}',
  ],
  [
    "StreamInvocation",
    { type: MessageType.StreamInvocation, invocationId: "123", target: "Send", arguments: [42, "Test Message"] },
    '{"type":4,"invocationId":"123","target":"Send","arguments":[42,"Test Message"]}',
  ],
  [
    "StreamInvocation with a stream",
    { type: MessageType.StreamInvocation, invocationId: "123", target: "Send", arguments: [], streamIds: ["1", "2"] },
    '{"type":4,"invocationId":"123","target":"Send","arguments":[],"streamIds":["1","2"]}',
  ],
  ["CancelInvocation", { type: MessageType.CancelInvocation, invocationId: "123" }, '{"type":5,"invocationId":"123"}'],
  ["Ping", { type: MessageType.Ping }, '{"type":6}'],
  ["Close", { type: MessageType.Close }, '{"type":7}'],
  [
    "Close with an error",
    { type: MessageType.Close, error: "Connection closed because of an error!" },
    '{"type":7,"error":"Connection closed because of an error!"}',
  ],
  ["Close with allowReconnect", { type: MessageType.Close, allowReconnect: true }, '{"type":7,"allowReconnect":true}'],
];

test.each(MESSAGES)("%s", (_name, message, record) => {
  expect(protocol.format(message)).toBe(`${record}\x1e`);
  expect(parseHubMessage(record)).toEqual(message);
});

test("the table has every type", () => {
  expect(new Set(MESSAGES.map(([, { type }]) => type))).toEqual(new Set(Object.values(MessageType)));
});

test("what others write differently is read alike", () => {
  const invocation = { type: MessageType.Invocation, target: "a", arguments: [] };
  expect(parseHubMessage('{"arguments":[],"invocationId":null,"streamIds":null,"target":"a","type":1}')).toEqual(
    invocation,
  );
  expect(parseHubMessage('{"type":1,"invocationId":"","target":"a","arguments":[]}')).toEqual(invocation);
  expect(parseHubMessage(' {"type":1,"headers":{"a":"b"},"target":"a","arguments":[]} ')).toEqual(invocation);
  const completion = { type: MessageType.Completion, invocationId: "1", error: "x" };
  expect(parseHubMessage('{"type":3,"invocationId":"1","error":"x","result":null}')).toEqual(completion);
  expect(parseHubMessage('{"type":3,"invocationId":"1","error":null,"result":1}')).toMatchObject({ result: 1 });
  expect(parseHubMessage('{"type":6,"type":6,"__proto__":{"a":1}}')).toEqual({ type: MessageType.Ping });
});

test("a type that is not known is passed over", () => {
  expect(parseHubMessage('{"type":10}')).toBeUndefined();
  expect(parseHubMessage('{"type":0}')).toBeUndefined();
  // Ack and Sequence are of stateful reconnect, which nobody has agreed to.
  expect(parseHubMessage('{"type":8,"sequenceId":1394}')).toBeUndefined();
  expect(parseHubMessage('{"type":9,"sequenceId":1234}')).toBeUndefined();
});

test.each([
  ["nothing", ""],
  ["half of one", '{"type":6'],
  ["no JSON", "hello"],
  ["an array", "[6]"],
  ["null", "null"],
  ["a number", "6"],
  ["no type", "{}"],
  ["a type of text", '{"type":"6"}'],
  ["an Invocation without target", '{"type":1,"arguments":[]}'],
  ["an Invocation with a target that is a number", '{"type":1,"target":1,"arguments":[]}'],
  ["an Invocation without arguments", '{"type":1,"target":"a"}'],
  ["an Invocation with arguments that are an object", '{"type":1,"target":"a","arguments":{}}'],
  ["an Invocation with a numeric id", '{"type":1,"target":"a","arguments":[],"invocationId":1}'],
  ["an Invocation with streamIds that are text", '{"type":1,"target":"a","arguments":[],"streamIds":"1"}'],
  ["an Invocation with numeric streamIds", '{"type":1,"target":"a","arguments":[],"streamIds":[1]}'],
  ["a StreamItem without id", '{"type":2,"item":1}'],
  ["a StreamItem without item", '{"type":2,"invocationId":"1"}'],
  ["a Completion without id", '{"type":3}'],
  ["a Completion with both", '{"type":3,"invocationId":"1","error":"x","result":1}'],
  ["a Completion with an error that is an object", '{"type":3,"invocationId":"1","error":{}}'],
  ["a StreamInvocation without id", '{"type":4,"target":"a","arguments":[]}'],
  ["a CancelInvocation without id", '{"type":5}'],
  ["a Close with an error that is a number", '{"type":7,"error":1}'],
  ["a Close with allowReconnect of text", '{"type":7,"allowReconnect":"true"}'],
])("refused: %s", (_name, record) => {
  expect(() => parseHubMessage(record)).toThrow(HubProtocolError);
});

describe("nesting", () => {
  const nested = (depth: number): string => `{"type":6,"a":${"[".repeat(depth - 1)}${"]".repeat(depth - 1)}}`;

  test("20 levels unless told otherwise", () => {
    expect(parseHubMessage(nested(20))).toEqual({ type: MessageType.Ping });
    expect(() => parseHubMessage(nested(21))).toThrow("more than 20 levels");
    expect(() => parseHubMessage("[".repeat(100_000))).toThrow("more than 20 levels");
    expect(() => parseHubMessage('{"a":'.repeat(100_000))).toThrow("more than 20 levels");
    expect(parseHubMessage(nested(40), new JsonHubProtocol(40))).toEqual({ type: MessageType.Ping });
    expect(() => new JsonHubProtocol(3)).toThrow("maximumDepth");
  });

  test("many brackets beside each other, or in texts, are no levels", () => {
    expect(parseHubMessage(`{"type":6,"a":[${"[],".repeat(100)}{}]}`)).toEqual({ type: MessageType.Ping });
    const text = JSON.stringify(`\\"[[${'\\"{'.repeat(50)}`);
    expect(parseHubMessage(`{"type":6,"a":${text}}`)).toEqual({ type: MessageType.Ping });
    expect(() => parseHubMessage(`{"type":6,"a":[${text},${"[".repeat(20)}${"]".repeat(20)}]}`)).toThrow("levels");
  });
});

describe("a reader", () => {
  const stream = MESSAGES.map(([, , record]) => `${record}\x1e`).join("");

  function read(...pieces: readonly string[]): HubMessage[] {
    const reader = protocol.createReader(1_024);
    const messages: HubMessage[] = [];
    for (const piece of pieces) reader.read(piece, (message) => messages.push(message));
    return messages;
  }

  const all = MESSAGES.map(([, message]) => message);

  test("takes several records in one message, and each split across two", () => {
    expect(read(stream)).toEqual(all);
    for (let at = 0; at <= stream.length; at++) expect(read(stream.slice(0, at), stream.slice(at))).toEqual(all);
    expect(read(...Array.from(stream))).toEqual(all);
  });

  test("delivers what is before a bad record", () => {
    const reader = protocol.createReader(1_024);
    const messages: HubMessage[] = [];
    expect(() => reader.read('{"type":6}\x1ebad\x1e{"type":6}\x1e', (message) => messages.push(message))).toThrow();
    expect(messages).toEqual([{ type: MessageType.Ping }]);
  });

  test("keeps no more of a record than it may have", () => {
    const reader = protocol.createReader(100);
    const ignore = (): void => undefined;
    reader.read("x".repeat(60), ignore);
    expect(() => reader.read("x".repeat(41), ignore)).toThrow("more than 100 characters");
    expect(() => protocol.createReader(100).read(`${"x".repeat(101)}\x1e`, ignore)).toThrow("more than 100 characters");
  });

  test("counts the bytes of pieces, which take more than their characters", () => {
    const reader = protocol.createReader(100);
    reader.read("€".repeat(33), () => undefined);
    expect(() => reader.read("€", () => undefined)).toThrow("more than 100 characters");
  });

  test("reads no further than it may, and gives the rest back", () => {
    const reader = protocol.createReader(1_024);
    const ping = '{"type":6}\x1e';
    for (const count of [1, 15, 16, 17, 40]) {
      const messages: HubMessage[] = [];
      const take = (message: HubMessage): unknown => messages.push(message);
      const text = `${ping.repeat(50)}{"ty`;
      const rest = reader.read(text, take, () => messages.length < count);
      expect([messages.length, rest]).toEqual([count, text.slice(count * ping.length)]);
      expect(reader.read(rest ?? "", take)).toBe("");
      reader.read('pe":6}\x1e', take);
      expect(messages).toHaveLength(51);
    }
  });

  test("counts values, and refuses too many before there are any", () => {
    const reader = protocol.createReader(1_024, { maximumValues: 10 });
    const read = (values: string): number[] => {
      const record = `{"type":1,"target":"a","arguments":[${values}]}`;
      const lengths: number[] = [];
      reader.read(`${record}\x1e`, (_message, length) => lengths.push(length - record.length));
      return lengths;
    };
    for (const [values, count] of [
      ["", 3],
      ["1", 4],
      ['",[{"', 4],
      ["[]", 4],
      ["[[],[]],{}", 7],
      ['1,2,3,4,5,6,"\\"],"', 10],
    ] as const)
      expect(read(values)).toEqual([16 * count]);
    expect(() => read("1,2,3,4,5,6,7,8")).toThrow("more than 10 values");
    expect(() => read(`${"[".repeat(9)}1${"]".repeat(9)}`)).toThrow("more than 10 values");
  });

  test("admits so many names, whatever looks like one", () => {
    const reader = protocol.createReader(1_024, { maximumValues: 0, names: new PropertyNames(2, 32) });
    const read = (value: string): unknown => reader.read(`{"type":2,"invocationId":"1","item":${value}}\x1e`, ignore);
    const ignore = (): void => undefined;
    read('{"a":"x","b" :{"a":"c\\":"}}');
    read('["d","e:",{"b":1}]');
    expect(() => read('{"a":{"c"\n:1}}')).toThrow("maximumPropertyNames");
    const long = protocol.createReader(1_024, { maximumValues: 0, names: new PropertyNames(2, 32) });
    expect(() => long.read(`{"${"x".repeat(33)}":1}\x1e`, ignore)).toThrow("maximumPropertyNames");
  });

  test("refuses bytes", () => {
    expect(() => protocol.createReader(100).read(new Uint8Array(1), () => undefined)).toThrow(HubProtocolError);
  });

  test("whatever comes, it throws nothing but its own error", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: "binary" })), (pieces) => {
        try {
          read(...pieces, "\x1e");
        } catch (error) {
          expect(error).toBeInstanceOf(HubProtocolError);
        }
      }),
    );
  });

  test("any values go round", () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue({ maxDepth: 5 })), fc.nat(2_000), (values, at) => {
        const message: HubMessage = { type: MessageType.Invocation, target: "t", arguments: values };
        const text = protocol.format(message);
        const reader = protocol.createReader(1_000_000);
        const messages: HubMessage[] = [];
        for (const piece of [text.slice(0, at), text.slice(at)]) reader.read(piece, (read) => messages.push(read));
        expect(JSON.stringify(messages)).toBe(JSON.stringify([message]));
      }),
    );
  });
});
