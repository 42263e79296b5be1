import { AnswerReader, type AnswerRules } from "../../modules/http/answer.js";
import { asciiOf } from "../support/vectors.js";

const RULES: AnswerRules = { wantedStatus: 200, maxHeadBytes: 1_000, neededFields: [], maxBodyBytes: 600 };
const UPGRADE: AnswerRules = { ...RULES, wantedStatus: 101 };

const SWITCHED = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n";
const HINTS = "HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n";

/** Reads an answer in pieces. @returns in how many bytes it was there, and what it is */
function read(rules: AnswerRules, wire: string, size: number): string {
  const reader = new AnswerReader(rules);
  const bytes = asciiOf(wire);
  for (let at = 0; at < bytes.length; at += size) {
    const rest = reader.read(bytes.subarray(at, at + size));
    if (rest === undefined) continue;
    const { statusCode, reason, headers, body } = reader.answer;
    const [content, unread] = [body, rest].map((part) => Buffer.from(part).toString("latin1"));
    return `${statusCode} ${reason} [${headers.keys().join()}] ${content ?? ""}|${unread ?? ""}`;
  }
  return "more is to come";
}

describe.each<[name: string, rules: AnswerRules, wire: string, answer: string]>([
  ["the wanted one", RULES, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab", "200 OK [content-length] ab|"],
  ["another one", RULES, "HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nab", "404 Not Found [content-length] ab|"],
  ["one behind interim ones", RULES, `${HINTS}HTTP/1.1 100\r\n\r\nHTTP/1.1 204 \r\n\r\n`, "204  [] |"],
  ["the 101 that is wanted", UPGRADE, SWITCHED, "101 Switching Protocols [upgrade] |"],
  ["the 101 behind an interim one", UPGRADE, HINTS + SWITCHED, "101 Switching Protocols [upgrade] |"],
  ["a 101 that nobody wants", RULES, SWITCHED, "101 Switching Protocols [upgrade] |"],
  ["one in HTTP/1.0", RULES, "HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\na", "200 OK [content-length] a|"],
  ["one in HTTP/1.2 (RFC 9110, 2.5)", UPGRADE, SWITCHED.replace("1.1", "1.2"), "101 Switching Protocols [upgrade] |"],
  ["one whose lines end with LF", RULES, "HTTP/1.1 200 OK\nContent-Length: 1\n\na", "200 OK [content-length] a|"],
  [
    "in chunks with a trailer that does not end",
    RULES,
    "HTTP/1.1 401 No\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n",
    "401 No [transfer-encoding] a|",
  ],
])("%s", (_name, rules, wire, answer) => {
  test.each([1, 2, 3, 7, 10_000])("is there with its last byte, in pieces of %d", (size) => {
    expect(read(rules, wire.slice(0, -1), size)).toBe("more is to come");
    expect(read(rules, wire, size)).toBe(answer);
  });
});

test("the first frames behind a 101 are kept", () => {
  expect(read(UPGRADE, `${HINTS}${SWITCHED}frames`, 10_000)).toBe("101 Switching Protocols [upgrade] |frames");
});

test("the start of a body that is not wanted is told", () => {
  const wire = `HTTP/1.1 500 Oops\r\nContent-Length: 100000\r\n\r\n${"x".repeat(1_000)}`;
  expect(read(RULES, wire, 10_000)).toBe(`500 Oops [content-length] ${"x".repeat(512)}|`);
});

test("the connection's end completes a body without length, and nothing else", () => {
  const reader = new AnswerReader(RULES);
  expect(reader.end()).toBe(false);
  reader.read(asciiOf("HTTP/1.1 200 OK\r\n"));
  expect(reader.end()).toBe(false);
  reader.read(asciiOf("\r\nabc"));
  expect(reader.end()).toBe(true);
});

describe("throws, and no status is made up", () => {
  test.each<[name: string, wire: string, message: RegExp]>([
    ["an alert of TLS", "\x15\x03\x03\x00\x02\x02\x46", /alert of TLS: write wss:\/\//],
    ["one byte of it", "\x15", /TLS/],
    ["SSH, before its line ends", "SSH-2.0", /not HTTP/],
    ["HTTP/2, before its head ends", "HTTP/2 200 OK\r\n", /not HTTP/],
    ["a version without digit", "HTTP/1.x 200 OK\r\n\r\n", /not HTTP/],
    ["small letters", "http/1.1 200 OK\r\n", /not HTTP/],
    ["two digits", "HTTP/1.1 20 OK\r\n\r\n", /not HTTP/],
    ["four digits", "HTTP/1.1 2000 OK\r\n\r\n", /not HTTP/],
    ["a status below 100", "HTTP/1.1 099 OK\r\n\r\n", /not HTTP/],
    ["interim answers without end", HINTS.repeat(5), /without end/],
  ])("%s", (_name, wire, message) => {
    const reader = new AnswerReader(RULES);
    expect(() => reader.read(asciiOf(wire))).toThrow(message);
    expect([reader.answer.statusCode, reader.isRefusal]).toEqual([0, false]);
  });
});

describe("throws, with the status", () => {
  test.each<[name: string, statusCode: number, wire: string, message: RegExp]>([
    ["a field that is none", 200, "HTTP/1.1 200 OK\r\nno field\r\n", /header field/],
    ["a body that is too large", 200, `HTTP/1.1 200 OK\r\n\r\n${"x".repeat(601)}`, /more than 600 bytes/],
    ["a length that is none", 200, "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", /Content-Length/],
    ["a head that is too large", 200, `HTTP/1.1 200 OK\r\n${"A: b\r\n".repeat(200)}`, /maxHeadBytes/],
    ["a 101 in HTTP/1.0", 101, "HTTP/1.0 101 x\r\n\r\n", /HTTP\/1\.1/],
  ])("%s", (_name, statusCode, wire, message) => {
    const reader = new AnswerReader(statusCode === 101 ? UPGRADE : RULES);
    expect(() => reader.read(asciiOf(wire))).toThrow(message);
    expect(reader.answer.statusCode).toBe(statusCode);
  });

  test("a refusal whose head cannot be read is one all the same, with the fields before", () => {
    const reader = new AnswerReader(RULES);
    expect(() => reader.read(asciiOf("HTTP/1.1 403 Forbidden\r\nServer: a\r\nno field\r\n"))).toThrow();
    expect(reader.isRefusal).toBe(true);
    expect(reader.answer).toMatchObject({ statusCode: 403, reason: "Forbidden" });
    expect(reader.answer.headers.get("server")).toBe("a");
  });
});
