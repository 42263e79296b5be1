import { BodyReader } from "../../modules/http/body.js";
import { WritableHeaders } from "../../modules/common/headers.js";
import { asciiOf } from "../support/vectors.js";

const MAX_BYTES = 40;

function readerFor(fields: Readonly<Record<string, string>>, statusCode = 200): BodyReader {
  const headers = new WritableHeaders();
  for (const [name, value] of Object.entries(fields)) headers.append(name, value);
  return new BodyReader(statusCode, headers, MAX_BYTES);
}

function textOf({ bytes }: BodyReader): string {
  return Buffer.from(bytes).toString("latin1");
}

const CHUNKED = { "Transfer-Encoding": "chunked" };

interface Case {
  readonly name: string;
  readonly fields: Readonly<Record<string, string>>;
  /** What comes; the body is whole with its last byte, and not before. */
  readonly wire: string;
  readonly body: string;
}

const WHOLE: readonly Case[] = [
  { name: "by its length", fields: { "Content-Length": "5" }, wire: "hello", body: "hello" },
  {
    name: "of exactly as much as is kept",
    fields: { "Content-Length": "40" },
    wire: "x".repeat(40),
    body: "x".repeat(40),
  },
  { name: "in one chunk", fields: CHUNKED, wire: "5\r\nhello\r\n0\r\n", body: "hello" },
  { name: "in chunks", fields: CHUNKED, wire: "3\r\nin \r\n6\r\nchunks\r\n0\r\n", body: "in chunks" },
  { name: "in chunks that have line ends", fields: CHUNKED, wire: "6\r\n\r\n0\r\n\n\r\n0\r\n", body: "\r\n0\r\n\n" },
  {
    name: "in a chunk of more than nine bytes",
    fields: CHUNKED,
    wire: `1A\r\n${"y".repeat(26)}\r\n0\r\n`,
    body: "y".repeat(26),
  },
  { name: "with extensions", fields: CHUNKED, wire: '2;a=b;c="d"\r\nab\r\n00 ; last\r\n', body: "ab" },
  { name: "with digits that begin with 0", fields: CHUNKED, wire: "00000002\r\nab\r\n000\r\n", body: "ab" },
  { name: "in chunks with line ends of LF alone", fields: CHUNKED, wire: "2\nab\n0\n", body: "ab" },
  { name: "in chunks that has none", fields: CHUNKED, wire: "0\r\n", body: "" },
  {
    name: "in chunks, whatever a length says (RFC 9112, 6.3)",
    fields: { ...CHUNKED, "Content-Length": "0" },
    wire: "1\r\na\r\n0\r\n",
    body: "a",
  },
  {
    name: "in chunks, in other letters",
    fields: { "transfer-encoding": "gzip, Chunked" },
    wire: "1\r\na\r\n0\r\n",
    body: "a",
  },
];

describe.each(WHOLE)("a body $name", ({ fields, wire, body }) => {
  const bytes = asciiOf(wire);

  test("is whole with its last byte, and not before", () => {
    const reader = readerFor(fields);
    for (const byte of bytes) {
      expect(reader.isWhole).toBe(false);
      reader.read(Uint8Array.of(byte));
    }
    expect([reader.isWhole, reader.isCut, textOf(reader)]).toEqual([true, false, body]);
  });

  test("is the same at every cut, with whatever comes behind it", () => {
    for (let at = 0; at <= bytes.length; at++) {
      const reader = readerFor(fields);
      reader.read(bytes.subarray(0, at));
      reader.read(Uint8Array.of(...bytes.subarray(at), ...asciiOf("X-Trailer: a\r\n\r\nHTTP/1.1 200 OK\r\n\r\n")));
      expect([reader.isWhole, textOf(reader)]).toEqual([true, body]);
    }
  });

  test("does not become whole by the end of the connection", () => {
    const reader = readerFor(fields);
    reader.read(bytes.subarray(0, -1));
    reader.end();
    expect(reader.isWhole).toBe(false);
  });
});

test("a body without length or chunks is whole by the end of the connection", () => {
  const reader = readerFor({});
  for (const part of ["all ", "of ", "it"]) {
    reader.read(asciiOf(part));
    expect(reader.isWhole).toBe(false);
  }
  reader.end();
  expect([reader.isWhole, textOf(reader)]).toEqual([true, "all of it"]);
});

test.each([
  ["a length of 0", { "Content-Length": "0" }, 404],
  ["204", {}, 204],
  ["304 with a length", { "Content-Length": "100" }, 304],
  ["304 in chunks", CHUNKED, 304],
  ["101", {}, 101],
])("there is no body with %s", (_name, fields, statusCode) => {
  const reader = readerFor(fields, statusCode);
  expect(reader.isWhole).toBe(true);
  reader.read(asciiOf("behind"));
  expect(textOf(reader)).toBe("");
});

describe("of a body that is too large", () => {
  test.each([
    ["by its length", { "Content-Length": "100" }, ["x".repeat(30), "x".repeat(30)]],
    ["in one piece", { "Content-Length": "100" }, ["x".repeat(100)]],
    ["until the end", {}, ["x".repeat(39), "x", "x"]],
    ["in chunks", CHUNKED, ["28\r\n", "x".repeat(40), "\r\n1\r\n", "x"]],
    ["in one chunk of 2 GB", CHUNKED, ["7fffffff\r\n", "x".repeat(50)]],
  ])("the start is kept: %s", (_name, fields, parts) => {
    const reader = readerFor(fields);
    for (const part of parts) {
      expect(reader.isCut).toBe(false);
      reader.read(asciiOf(part));
    }
    expect([reader.isCut, textOf(reader)]).toEqual([true, "x".repeat(40)]);
  });

  test("nothing is allocated for what its length says", () => {
    const reader = readerFor({ "Content-Length": "9007199254740991" });
    reader.read(asciiOf("a"));
    expect(reader.bytes.buffer.byteLength).toBeLessThanOrEqual(MAX_BYTES);
  });
});

describe("is no body", () => {
  test.each([
    ["a size that is none", "zz\r\n", ""],
    ["no size", "\r\n", ""],
    ["a size below 0", "-1\r\n", ""],
    ["a size with a sign", "+1\r\na", ""],
    ["a size of nine digits", "000000001\r\n", ""],
    ["a size by 0x", "0x1\r\na", ""],
    ["two sizes", "1 2\r\na", ""],
    ["no line end behind the data", "1\r\nab\r\n0\r\n", "a"],
    ["a size that does not end", "1".repeat(300), ""],
    ["an extension that does not end", `1;${"x".repeat(300)}`, ""],
  ])("%s", (_name, wire, kept) => {
    for (const size of [1, 7, 1_000]) {
      const reader = readerFor(CHUNKED);
      const bytes = asciiOf(wire);
      expect(() => {
        for (let at = 0; at < bytes.length; at += size) reader.read(bytes.subarray(at, at + size));
      }).toThrow(expect.objectContaining({ code: "ERR_HANDSHAKE", statusCode: 0 }) as Error);
      expect(textOf(reader)).toBe(kept);
    }
  });
});

test.each(["x", "-1", "1.5", "0x10", "", "5, 5"])("the length %j says nothing, and is told", (length) => {
  const reader = readerFor({ "Content-Length": length });
  expect([reader.isFramed, readerFor({}).isFramed, readerFor({ "Content-Length": "1" }).isFramed]).toEqual([
    false,
    true,
    true,
  ]);
  reader.read(asciiOf("body"));
  expect([reader.isWhole, textOf(reader)]).toEqual([false, "body"]);
});
