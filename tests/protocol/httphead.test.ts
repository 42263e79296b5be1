import { HandshakeError } from "../../modules/protocol/errors.js";
import { HttpHeaders, HttpHeadReader, isFieldValue, isToken, type HttpHead } from "../../modules/protocol/httphead.js";
import { asciiOf, hexOf, pattern } from "../support/vectors.js";

const HEAD = "GET /chat?a=1 HTTP/1.1\r\nHost: example.org\r\nX-Empty:\r\nX-Padded: \t a b \t\r\n\r\n";

function headOf(text: string): HttpHead {
  const reader = new HttpHeadReader(4_096);
  expect(reader.read(asciiOf(text))).toHaveLength(0);
  return reader.parse();
}

function expectHead(head: HttpHead): void {
  expect(head.startLine).toBe("GET /chat?a=1 HTTP/1.1");
  expect(head.headers.keys()).toEqual(["host", "x-empty", "x-padded"]);
  expect(head.headers.get("HOST")).toBe("example.org");
  expect(head.headers.get("x-empty")).toBe("");
  expect(head.headers.get("x-padded")).toBe("a b");
}

/** What a call throws. */
function errorOf(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return error;
  }
  throw new Error("Nothing was thrown.");
}

describe("collecting", () => {
  test("a head in one chunk, with what comes behind it", () => {
    const reader = new HttpHeadReader(4_096);
    expect(reader.read(asciiOf(`${HEAD}rest`))).toEqual(asciiOf("rest"));
    expectHead(reader.parse());
  });

  test("a head cut at every place, with what comes behind it", () => {
    const bytes = asciiOf(`${HEAD}rest`);
    for (let at = 1; at < HEAD.length; at++) {
      const reader = new HttpHeadReader(4_096);
      expect(reader.read(bytes.subarray(0, at))).toBeUndefined();
      expect(reader.read(bytes.subarray(at))).toEqual(asciiOf("rest"));
      expectHead(reader.parse());
    }
  });

  test("a head byte by byte", () => {
    const reader = new HttpHeadReader(4_096);
    const rests = Array.from(asciiOf(HEAD), (byte) => reader.read(Uint8Array.of(byte)));
    expect(rests.pop()).toHaveLength(0);
    expect(rests.every((rest) => rest === undefined)).toBe(true);
    expectHead(reader.parse());
  });

  test("the caller's chunks stay as they are, and are not kept", () => {
    const reader = new HttpHeadReader(4_096);
    const chunk = asciiOf(HEAD.slice(0, 30));
    reader.read(chunk);
    expect(hexOf(chunk)).toBe(hexOf(asciiOf(HEAD.slice(0, 30))));
    chunk.fill(0);
    reader.read(asciiOf(HEAD.slice(30)));
    expectHead(reader.parse());
  });
});

describe("the limit", () => {
  const head = (size: number): Uint8Array => {
    const start = "GET / HTTP/1.1\r\nX: ";
    return asciiOf(`${start}${"a".repeat(size - start.length - 4)}\r\n\r\n`);
  };

  test.each([300, 512, 513, 1_024, 5_000])("a head of just %d bytes is read, whole or byte by byte", (size) => {
    const whole = new HttpHeadReader(size);
    expect(whole.read(head(size))).toHaveLength(0);
    const single = new HttpHeadReader(size);
    const rests = Array.from(head(size), (byte) => single.read(Uint8Array.of(byte)));
    expect(rests.at(-1)).toHaveLength(0);
    expect(single.parse()).toEqual(whole.parse());
  });

  test.each([300, 512, 1_024])("one byte more than %d is refused with 431", (size) => {
    const whole = errorOf(() => new HttpHeadReader(size).read(head(size + 1)));
    expect(whole).toBeInstanceOf(HandshakeError);
    expect(whole).toMatchObject({ statusCode: 431 });
    const reader = new HttpHeadReader(size);
    const single = errorOf(() => {
      for (const byte of head(size + 1)) reader.read(Uint8Array.of(byte));
    });
    expect(single).toMatchObject({ statusCode: 431 });
  });

  test("what comes behind a head of just the limit does not count", () => {
    const reader = new HttpHeadReader(300);
    expect(reader.read(Uint8Array.from([...head(300), ...pattern(1_000)]))).toEqual(pattern(1_000));
  });

  test("garbage without an end is refused at the limit, however it comes", () => {
    expect(errorOf(() => new HttpHeadReader(300).read(pattern(100_000)))).toMatchObject({ statusCode: 431 });
    const reader = new HttpHeadReader(300);
    expect(reader.read(pattern(299))).toBeUndefined();
    expect(errorOf(() => reader.read(pattern(1)))).toMatchObject({ statusCode: 431 });
  });
});

describe("what is not HTTP is refused with 400", () => {
  test.each([
    ["no colon", "Host"],
    ["no name", ": a"],
    ["white space before the colon", "Host : a"],
    ["white space in the name", "Ho st: a"],
    ["an obsolete line folding", "X: a\r\n b"],
    ["an obsolete line folding by a tab", "X: a\r\n\tb"],
    ["a folding behind the start line", " X: a"],
    ["a bare LF", "X: a\nY: b"],
    ["a bare CR", "X: a\rY: b"],
    ["a bare CR at the end of a value", "X: a\r"],
    ["a bare CR before a value", "X:\r a"],
    ["NUL", "X: a\0b"],
    ["NUL at the end of a value", "X: a\0"],
    ["a form feed", "X: \fa"],
    ["a vertical tab at the end", "X: a\v"],
    ["DEL", "X: a\x7f"],
    ["a control character in a name", "X\x01: a"],
    ["a letter beyond ASCII in a name", "X\xe9: a"],
    ["parentheses in a name", "X(): a"],
    ["Host twice", "Host: a\r\nHost: a"],
    ["Host twice in other letter case", "Host: a\r\nHOST: b"],
    ["Origin twice", "Origin: a\r\nOrigin: a"],
    ["Content-Length twice", "Content-Length: 0\r\nContent-Length: 0"],
    ["Sec-WebSocket-Key twice", "Sec-WebSocket-Key: a\r\nSec-WebSocket-Key: b"],
    ["Sec-WebSocket-Version twice", "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Version: 8"],
    ["Sec-WebSocket-Accept twice", "Sec-WebSocket-Accept: a\r\nSec-WebSocket-Accept: a"],
  ])("%s", (_name, lines) => {
    const error = errorOf(() => headOf(`GET / HTTP/1.1\r\n${lines}\r\n\r\n`));
    expect(error).toBeInstanceOf(HandshakeError);
    expect(error).toMatchObject({ statusCode: 400, code: "ERR_HANDSHAKE" });
  });

  test("a control character in the start line", () => {
    expect(errorOf(() => headOf("GET /\n HTTP/1.1\r\n\r\n"))).toMatchObject({ statusCode: 400 });
  });
});

test("bytes beyond ASCII in a value are read as octets", () => {
  expect(headOf("GET / HTTP/1.1\r\nX: \xe9\xff\r\n\r\n").headers.get("x")).toBe("\xe9\xff");
});

test("a value may have colons, and tabs within", () => {
  expect(headOf("GET / HTTP/1.1\r\nX: a:b\tc: d\r\n\r\n").headers.get("x")).toBe("a:b\tc: d");
});

test("a long head is decoded whole", () => {
  const value = "abcdefgh".repeat(400);
  expect(headOf(`GET / HTTP/1.1\r\nX: ${value}\r\n\r\n`).headers.get("x")).toBe(value);
});

describe("headers", () => {
  test("fields of the same name are joined in their order (RFC 9110, 5.3)", () => {
    const { headers } = headOf("GET / HTTP/1.1\r\nA: 1\r\nB: 2\r\na: 3\r\n\r\n");
    expect(headers.get("A")).toBe("1, 3");
    expect(headers.keys()).toEqual(["a", "b"]);
  });

  test("names of an object's own members are names like others", () => {
    const { headers } = headOf("GET / HTTP/1.1\r\n__proto__: a\r\nconstructor: b\r\n\r\n");
    expect([headers.get("__proto__"), headers.get("constructor"), headers.get("toString")]).toEqual([
      "a",
      "b",
      undefined,
    ]);
  });

  test.each([
    ["keep-alive, Upgrade", true],
    ["Upgrade", true],
    ["UPGRADE", true],
    ["upgrade,keep-alive", true],
    [", ,upgrade ,", true],
    ["keep-alive", false],
    ["upgrade-insecure", false],
    ["notupgrade", false],
    ["", false],
  ])("Connection: %j has the token upgrade: %s", (value, hasToken) => {
    const headers = new HttpHeaders();
    headers.append("Connection", value);
    expect(headers.hasToken("connection", "upgrade")).toBe(hasToken);
  });

  test("a list that is not there is empty", () => {
    expect(new HttpHeaders().list("x")).toEqual([]);
    expect(new HttpHeaders().hasToken("x", "a")).toBe(false);
  });
});

test.each([
  ["chat", true],
  ["v1.chat~x", true],
  ["", false],
  ["a b", false],
  ["a,b", false],
  ["a\r\n", false],
  ["\xe9", false],
])("%j is a token: %s", (text, isOne) => {
  expect(isToken(text)).toBe(isOne);
});

test.each([
  ["a\tb: c", true],
  ["", true],
  ["a\r\nX: b", false],
  ["a\n", false],
  ["a\0", false],
])("%j is a field's value: %s", (text, isOne) => {
  expect(isFieldValue(text)).toBe(isOne);
});
