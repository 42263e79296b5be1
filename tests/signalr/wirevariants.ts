/** What a client may write to a hub, well or badly, and what becomes of it: here, and at ASP.NET Core 10. */

import type { Messages } from "./wirepeer.js";

/** A variant. Outcomes are those of wirepeer.ts. */
export interface Variant {
  readonly name: string;
  readonly messages: Messages;
  readonly here: string;
  /** The same, unless given; undefined: it cannot be waited for. */
  readonly there: string | undefined;
}

/** How a variant begins its connection, or goes on with it. */
export const GOES_ON = "goes on";
export const REFUSED = "refused";
const AGREED = `{} ${GOES_ON}`;

const HANDSHAKE = '{"protocol":"json","version":1}';

function records(...texts: readonly string[]): string {
  return texts.map((text) => `${text}\x1e`).join("");
}

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function variant(name: string, messages: Messages, here: string, there: string | undefined = here): Variant {
  return { name, messages, here, there };
}

/** Variants with one outcome; each is a record, or what is sent instead of one. */
function all(outcome: string, variants: Readonly<Record<string, string | Messages>>): Variant[] {
  return Object.entries(variants).map(([name, value]) =>
    variant(name, typeof value === "string" ? [records(value)] : value, outcome),
  );
}

/** Variants whose outcome is another one there. */
function differently(
  here: string,
  there: string | undefined,
  variants: Readonly<Record<string, string | Messages>>,
): Variant[] {
  return all(here, variants).map((same) => ({ ...same, there }));
}

const asked = (protocol: string, version: string): string => `{"protocol":${protocol},"version":${version}}`;
const nested = (depth: number): string => "[".repeat(depth) + "]".repeat(depth);

/** The first records of a connection. */
export const HANDSHAKES: readonly Variant[] = [
  ...all(AGREED, {
    "as it is": HANDSHAKE,
    "version 0": asked('"json"', "0"),
    "version 2": asked('"json"', "2"),
    "version -1": asked('"json"', "-1"),
    "protocol JSON": asked('"JSON"', "1"),
    "protocol Json": asked('"Json"', "1"),
    "an escaped protocol": asked('"\\u006ason"', "1"),
    "version first": '{"version":1,"protocol":"json"}',
    "other fields": '{"protocol":"json","version":1,"extra":{"a":[1,{}]},"b":null}',
    "a type": '{"type":1,"protocol":"json","version":1}',
    "an error": '{"protocol":"json","version":1,"error":"x"}',
    "protocol twice": '{"protocol":"xml","protocol":"json","version":1}',
    "version twice": '{"protocol":"json","version":7,"version":1}',
    "white space": ' \t\r\n{ "protocol" : "json" , "version" : 1 } \n',
    "10 levels": `{"protocol":"json","version":1,"a":${nested(9)}}`,
    bytes: [bytes(records(HANDSHAKE))],
    "in two messages": [HANDSHAKE.slice(0, 10), records(HANDSHAKE.slice(10))],
    "half as text, half as bytes": [HANDSHAKE.slice(0, 10), bytes(records(HANDSHAKE.slice(10)))],
    "a Ping behind it": [records(HANDSHAKE, '{"type":6}')],
  }),
  ...["xml", "messagepack", " json", ""].map((name) =>
    variant(
      `protocol "${name}"`,
      [records(asked(`"${name}"`, "1"))],
      `{"error":"The protocol '${name}' is not supported."} closed 1000`,
    ),
  ),
  ...["3", "2147483647"].map((version) =>
    variant(
      `version ${version}`,
      [records(asked('"json"', version))],
      `{"error":"The server does not support version ${version} of the 'json' protocol."} closed 1000`,
    ),
  ),
  ...all(REFUSED, {
    "version 1.5": asked('"json"', "1.5"),
    "a version of text": asked('"json"', '"1"'),
    "a version of null": asked('"json"', "null"),
    "no version": '{"protocol":"json"}',
    "a protocol of null": asked("null", "1"),
    "a protocol of 1": asked("1", "1"),
    "no protocol": '{"version":1}',
    "nothing in it": "{}",
    "names in capitals": '{"Protocol":"json","Version":1}',
    "a byte order mark": `\ufeff${HANDSHAKE}`,
    "a comment": `/* hello */${HANDSHAKE}`,
    "a trailing comma": '{"protocol":"json","version":1,}',
    "an empty record": "",
    "no JSON": "hello",
    "an array": "[]",
    null: "null",
    "bytes that are not UTF-8": [Uint8Array.of(0x7b, 0xff, 0x7d, 0x1e)],
  }),
  ...differently(AGREED, REFUSED, { "version 1.0": asked('"json"', "1.0") }),
  ...differently(REFUSED, AGREED, {
    "something behind it": `${HANDSHAKE}x`,
    "1,100 characters": `{"protocol":"json","version":1,"a":"${"x".repeat(1_060)}"}`,
    "30 levels": `{"protocol":"json","version":1,"a":${nested(29)}}`,
  }),
  variant(
    "a call behind it",
    [records(HANDSHAKE, '{"type":1,"invocationId":"a","target":"Add","arguments":[1,2]}')],
    `{} {"type":3,"invocationId":"a","result":3} ${GOES_ON}`,
  ),
  variant("a bad record behind it", [records(HANDSHAKE, "hello")], `{} ${REFUSED}`),
];

const ADD = '"target":"Add","arguments":[1,2]';
const called = (target: string, values = "1,2", more = ""): string =>
  `{"type":1,"invocationId":"a","target":"${target}","arguments":[${values}]${more}}`;
const streamed = (target: string, values: string, id = '"a"'): string =>
  `{"type":4,"invocationId":${id},"target":"${target}","arguments":[${values}]}`;
const completed = (outcome: string): string => `{"type":3,"invocationId":"a"${outcome}} ${GOES_ON}`;
const failed = (error: string): string => completed(`,"error":"${error}"`);
const SUM = completed(',"result":3');

const FORMS: readonly Variant[] = [
  ...all(SUM, {
    "as it is": called("Add"),
    "type last": `{"invocationId":"a",${ADD},"type":1}`,
    "type twice": `{"type":6,"type":1,"invocationId":"a",${ADD}}`,
    "arguments first": '{"arguments":[1,2],"type":1,"invocationId":"a","target":"Add"}',
    "other fields": `{"type":1,"extra":{"a":[1]},"invocationId":"a",${ADD}}`,
    "white space around": ` \r\n${called("Add")}\t`,
    "in two messages": [called("Add").slice(0, 9), records(called("Add").slice(9))],
    "an empty message before": ["", records(called("Add"))],
  }),
  ...all(REFUSED, {
    "a type of text": `{"type":"1","invocationId":"a",${ADD}}`,
    "a type of null": `{"type":null,"invocationId":"a",${ADD}}`,
    "no type": `{"invocationId":"a",${ADD}}`,
    "names in capitals": '{"Type":1,"InvocationId":"a","Target":"Add","Arguments":[1,2]}',
    "an empty record": "",
    "white space": "  ",
    "no JSON": "hello",
    "half of one": '{"type":6',
    "an array": "[]",
    null: "null",
    "an empty object": "{}",
    "a byte order mark": `\ufeff${called("Add")}`,
    "a comment": `/* x */${called("Add")}`,
    NaN: called("Echo", "NaN"),
    "a control character in a text": called("Echo", '"\u0001"'),
    "a handshake again": HANDSHAKE,
    "70 levels": called("Echo", nested(68)),
  }),
  ...differently(SUM, REFUSED, { "type 1.0": `{"type":1.0,"invocationId":"a",${ADD}}` }),
  ...differently(GOES_ON, REFUSED, { "type 1.5": `{"type":1.5,"invocationId":"a",${ADD}}` }),
  // There, nothing more is read from the connection, until the client is taken for silent.
  ...differently(GOES_ON, undefined, { "a type of the future": '{"type":10}', "type 0": '{"type":0}' }),
  ...differently(REFUSED, SUM, {
    "something behind it": `${called("Add")}x`,
    "two objects": called("Add") + called("Add"),
    bytes: [bytes(records(called("Add")))],
  }),
  variant("20 levels", [records(called("Echo", nested(18)))], completed(`,"result":${nested(18)}`)),
  variant("40 levels", [records(called("Echo", nested(38)))], REFUSED, completed(`,"result":${nested(38)}`)),
  variant("a lone surrogate", [records(called("Echo", '"\\ud800"'))], completed(',"result":"\\ud800"'), REFUSED),
];

const INVOCATIONS: readonly Variant[] = [
  ...all(GOES_ON, {
    "no answer": `{"type":1,${ADD}}`,
    "an empty invocationId": `{"type":1,"invocationId":"",${ADD}}`,
    "an unknown method, no answer": '{"type":1,"target":"Missing","arguments":[]}',
  }),
  ...all(REFUSED, {
    "invocationId 1": `{"type":1,"invocationId":1,${ADD}}`,
    "a target of null": '{"type":1,"invocationId":"a","target":null,"arguments":[]}',
    "a target of 1": '{"type":1,"invocationId":"a","target":1,"arguments":[]}',
    "no target": '{"type":1,"invocationId":"a","arguments":[]}',
    "arguments of null": '{"type":1,"invocationId":"a","target":"Nothing","arguments":null}',
    "arguments of an object": '{"type":1,"invocationId":"a","target":"Nothing","arguments":{}}',
    "no arguments": '{"type":1,"invocationId":"a","target":"Nothing"}',
    "streamIds of text": called("Add", "1,2", ',"streamIds":"s"'),
    "streamIds of numbers": called("Add", "1,2", ',"streamIds":[1]'),
  }),
  ...all(SUM, {
    "a method in small letters": called("add"),
    headers: `{"type":1,"headers":{"a":"b"},"invocationId":"a",${ADD}}`,
    "no streamIds in a list": called("Add", "1,2", ',"streamIds":[]'),
  }),
  ...differently(GOES_ON, REFUSED, { "invocationId null": `{"type":1,"invocationId":null,${ADD}}` }),
  ...differently(SUM, REFUSED, {
    "headers of null": `{"type":1,"headers":null,"invocationId":"a",${ADD}}`,
    "streamIds of null": called("Add", "1,2", ',"streamIds":null'),
  }),
  ...differently(SUM, failed("Failed to invoke 'Add' due to an error on the server."), {
    "too many arguments": called("Add", "1,2,3"),
  }),
  ...differently(
    SUM,
    failed(
      "An unexpected error occurred invoking 'Add' on the server. HubException: Client sent 1 stream(s), Hub method expects 0.",
    ),
    { "a stream to a method that has none": called("Add", "1,2", ',"streamIds":["s"]') },
  ),
  ...["", "Missing"].map((name) =>
    variant(
      `the method "${name}"`,
      [records(called(name, ""))],
      failed(`Failed to invoke '${name}' due to an error on the server. HubException: Method does not exist.`),
    ),
  ),
  variant("a result of null", [records(called("Echo", "null"))], completed(',"result":null')),
  variant("no result", [records(called("Nothing", ""))], completed(""), completed(',"result":null')),
  variant(
    "a HubException",
    [records(called("Fail", '"no"'))],
    failed("no"),
    failed("An unexpected error occurred invoking 'Fail' on the server. HubException: no"),
  ),
  variant(
    "another exception",
    [records(called("FailHidden", ""))],
    failed("An unexpected error occurred invoking 'FailHidden' on the server."),
  ),
  variant(
    "a call of a streaming method",
    [records(called("Count", "2,0"))],
    failed("The client attempted to invoke the streaming 'Count' method with a non-streaming invocation."),
  ),
];

const UPLOAD = '{"type":1,"invocationId":"a","target":"Sum","arguments":[],"streamIds":["s"]}';

const STREAMS: readonly Variant[] = [
  variant(
    "a stream",
    [records(streamed("Count", "2,0"))],
    `{"type":2,"invocationId":"a","item":0} {"type":2,"invocationId":"a","item":1} ${completed("")}`,
  ),
  variant(
    "a stream of a method that has none",
    [records(streamed("Add", "1,2"))],
    failed("The client attempted to invoke the non-streaming 'Add' method with a streaming invocation."),
  ),
  variant(
    "a stream that fails",
    [records(streamed("FailingStream", "1"))],
    `{"type":2,"invocationId":"a","item":0} ${failed("stream failed")}`,
    `{"type":2,"invocationId":"a","item":0} ${failed("An error occurred on the server while streaming results. HubException: stream failed")}`,
  ),
  ...all(completed(""), {
    "a stream that is cancelled": [records(streamed("Count", "9,5000"), '{"type":5,"invocationId":"a"}')],
    "a stream that is cancelled twice": [
      records(streamed("Count", "9,5000"), '{"type":5,"invocationId":"a"}', '{"type":5,"invocationId":"a"}'),
    ],
  }),
  variant(
    "an upload",
    [
      records(
        UPLOAD,
        '{"type":2,"invocationId":"s","item":3}',
        '{"type":2,"invocationId":"s","item":4}',
        '{"type":3,"invocationId":"s"}',
      ),
    ],
    completed(',"result":7'),
  ),
  variant(
    "an upload that fails",
    [records(UPLOAD, '{"type":3,"invocationId":"s","error":"broken"}')],
    failed("broken"),
    failed("An unexpected error occurred invoking 'Sum' on the server. HubException: broken"),
  ),
  ...all(GOES_ON, {
    "a cancellation of nothing": '{"type":5,"invocationId":"z"}',
    "an item of nothing": '{"type":2,"invocationId":"z","item":1}',
  }),
  ...all(REFUSED, {
    "a stream with an empty id": streamed("Count", "1,0", '""'),
    "a stream with an id of null": streamed("Count", "1,0", "null"),
    "a stream without id": '{"type":4,"target":"Count","arguments":[1,0]}',
    "a cancellation of an empty id": '{"type":5,"invocationId":""}',
    "a cancellation without id": '{"type":5}',
    "an item without item": '{"type":2,"invocationId":"z"}',
    "an item of an empty id": '{"type":2,"invocationId":"","item":1}',
    "an item without id": '{"type":2,"item":1}',
  }),
];

const ENDS: readonly Variant[] = [
  ...all(GOES_ON, {
    "a completion of nothing": '{"type":3,"invocationId":"z"}',
    "a completion of nothing with a result": '{"type":3,"invocationId":"z","result":1}',
    "a completion of nothing with an error": '{"type":3,"invocationId":"z","error":"x"}',
    "a Ping": '{"type":6}',
    "an Ack": '{"type":8,"sequenceId":1}',
    "a Sequence": '{"type":9,"sequenceId":1}',
  }),
  ...all(REFUSED, {
    "a completion without id": '{"type":3}',
    "a completion of an empty id": '{"type":3,"invocationId":""}',
    "a completion with both": '{"type":3,"invocationId":"z","error":"x","result":1}',
    "a completion with an error of 1": '{"type":3,"invocationId":"z","error":1}',
    "a Close with an error of 1": '{"type":7,"error":1}',
    "a Close with allowReconnect of text": '{"type":7,"allowReconnect":"true"}',
  }),
  ...differently(GOES_ON, REFUSED, {
    "a completion with an error, and a result of null": '{"type":3,"invocationId":"z","error":"x","result":null}',
    "a Ping with fields": '{"type":6,"invocationId":7}',
    "an Ack without sequenceId": '{"type":8}',
  }),
  ...differently("closed 1000", '{"type":7} closed 1000', {
    "a Close": '{"type":7}',
    "a Close with an error": '{"type":7,"error":"x"}',
  }),
  ...differently("closed 1000", REFUSED, { "a Close with an error of null": '{"type":7,"error":null}' }),
];

/** Records behind a handshake. */
export const RECORDS: readonly Variant[] = [...FORMS, ...INVOCATIONS, ...STREAMS, ...ENDS];

const OLD = "200 version 0 connectionId availableTransports";
const NEW = "200 version 1 connectionId connectionToken availableTransports";

/** Requests, and their answers here and there. "UPGRADE" is one to a WebSocket. */
export const REQUESTS: readonly (readonly [method: string, target: string, here: string, there: string])[] = [
  ["POST", "/hub/negotiate", OLD, OLD],
  ["POST", "/hub/negotiate?negotiateVersion=0", OLD, OLD],
  ["POST", "/hub/negotiate?negotiateVersion=1", NEW, NEW],
  ["POST", "/hub/negotiate?negotiateVersion=9", NEW, NEW],
  ["POST", "/hub/negotiate?negotiateVersion=x", OLD, "200 error"],
  ["POST", "/hub/negotiate?NEGOTIATEVERSION=1", OLD, NEW],
  ["POST", "/hub/negotiate/?negotiateVersion=1", NEW, NEW],
  ["POST", "/HUB/Negotiate?negotiateVersion=1", NEW, NEW],
  ["POST", "/hub//negotiate", "404", "404"],
  ["POST", "/hub/negotiate/x", "404", "404"],
  ["POST", "/%68ub/negotiate", "404", OLD],
  ["GET", "/hub/negotiate", "405", "405"],
  ["PUT", "/hub/negotiate", "405", "405"],
  // For pages of other origins.
  ["OPTIONS", "/hub/negotiate", "204", "405"],
  ["GET", "/hub", "400", "400"],
  // There, it is a client of Server-Sent Events or of long polling.
  ["POST", "/hub", "405", "400"],
  ["UPGRADE", "/hub", "101", "101"],
  ["UPGRADE", "/hub/", "101", "101"],
  ["UPGRADE", "/HUB?x=1", "101", "101"],
  ["UPGRADE", "/hub?id=", "101", "101"],
  ["UPGRADE", "/hub?id=nonsense", "404", "404"],
  ["UPGRADE", "/hub//", "404", "404"],
  ["UPGRADE", "/hub/x", "404", "404"],
  ["UPGRADE", "/hubx", "404", "404"],
];
