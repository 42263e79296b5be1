import { HandshakeError } from "../../modules/common/errors.js";
import { isFieldValue, isToken } from "../../modules/common/text.js";
import type { HttpHead, HttpHeadReader, HttpHeadRules } from "../../modules/http/head.js";
import { WritableHeaders } from "../../modules/common/headers.js";
import { createRequestReader } from "../support/requestreader.js";
import { asciiOf, hexOf, pattern } from "../support/vectors.js";

const HEAD = "GET /chat?a=1 HTTP/1.1\r\nHost: example.org\r\nX-Empty:\r\nX-Padded: \t a b \t\r\n\r\n";

function headOf(text: string): HttpHead {
  const reader = createRequestReader();
  expect(reader.read(asciiOf(text))).toHaveLength(0);
  return reader.head;
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
    const reader = createRequestReader();
    expect(reader.read(asciiOf(`${HEAD}rest`))).toEqual(asciiOf("rest"));
    expectHead(reader.head);
  });

  test("a head cut at every place, with what comes behind it", () => {
    const bytes = asciiOf(`${HEAD}rest`);
    for (let at = 1; at < HEAD.length; at++) {
      const reader = createRequestReader();
      expect(reader.read(bytes.subarray(0, at))).toBeUndefined();
      expect(reader.read(bytes.subarray(at))).toEqual(asciiOf("rest"));
      expectHead(reader.head);
    }
  });

  test("a head byte by byte", () => {
    const reader = createRequestReader();
    const rests = Array.from(asciiOf(HEAD), (byte) => reader.read(Uint8Array.of(byte)));
    expect(rests.pop()).toHaveLength(0);
    expect(rests.every((rest) => rest === undefined)).toBe(true);
    expectHead(reader.head);
  });

  test("the caller's chunks stay as they are, and are not kept", () => {
    const reader = createRequestReader();
    const chunk = asciiOf(HEAD.slice(0, 30));
    reader.read(chunk);
    expect(hexOf(chunk)).toBe(hexOf(asciiOf(HEAD.slice(0, 30))));
    chunk.fill(0);
    reader.read(asciiOf(HEAD.slice(30)));
    expectHead(reader.head);
  });
});

describe("the limit", () => {
  const head = (size: number): Uint8Array => {
    const start = "GET / HTTP/1.1\r\nX: ";
    return asciiOf(`${start}${"a".repeat(size - start.length - 4)}\r\n\r\n`);
  };

  test.each([300, 512, 513, 1_024, 5_000])("a head of just %d bytes is read, whole or byte by byte", (size) => {
    const whole = createRequestReader(size);
    expect(whole.read(head(size))).toHaveLength(0);
    const single = createRequestReader(size);
    const rests = Array.from(head(size), (byte) => single.read(Uint8Array.of(byte)));
    expect(rests.at(-1)).toHaveLength(0);
    expect(single.head).toEqual(whole.head);
  });

  test.each([300, 512, 1_024])("one byte more than %d is refused with 431", (size) => {
    const whole = errorOf(() => createRequestReader(size).read(head(size + 1)));
    expect(whole).toBeInstanceOf(HandshakeError);
    expect(whole).toMatchObject({ statusCode: 431 });
    const reader = createRequestReader(size);
    const single = errorOf(() => {
      for (const byte of head(size + 1)) reader.read(Uint8Array.of(byte));
    });
    expect(single).toMatchObject({ statusCode: 431 });
  });

  test("what comes behind a head of just the limit does not count", () => {
    const reader = createRequestReader(300);
    expect(reader.read(Uint8Array.from([...head(300), ...pattern(1_000)]))).toEqual(pattern(1_000));
  });

  test("a line without an end is refused at the limit, however it comes (RFC 9112, 3)", () => {
    const line = new Uint8Array(100_000).fill(0x80);
    expect(errorOf(() => createRequestReader(300).read(line))).toMatchObject({ statusCode: 414 });
    const reader = createRequestReader(300);
    expect(reader.read(line.subarray(0, 299))).toBeUndefined();
    expect(errorOf(() => reader.read(line.subarray(0, 1)))).toMatchObject({ statusCode: 414 });
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
    ["a line of LF alone that is no field", "X: a\nY"],
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

describe("line ends (RFC 9112, 2.2)", () => {
  test("LF alone ends a line, and the head", () => {
    const reader = createRequestReader();
    expect(reader.read(asciiOf(`${HEAD}rest`.replaceAll("\r\n", "\n")))).toEqual(asciiOf("rest"));
    expectHead(reader.head);
  });

  test("an empty line before a request is passed over, a second one is not", () => {
    expectHead(headOf(`\r\n${HEAD}`));
    expectHead(headOf(`\n${HEAD}`));
    expect(errorOf(() => createRequestReader().read(asciiOf("\r\n\r\n")))).toMatchObject({ statusCode: 400 });
  });
});

describe("what is kept", () => {
  const rules = { maxKeptHeadBytes: 300, needed: ["host", "upgrade"] };
  const long = "x".repeat(3_000);
  const read = (fields: string, cut: number): HttpHead => {
    const reader = createRequestReader(16_384, rules);
    const bytes = asciiOf(`GET / HTTP/1.1\r\n${fields}\r\n\r\n`);
    for (let at = 0; at < bytes.length; at += cut) reader.read(bytes.subarray(at, at + cut));
    return reader.head;
  };

  test.each([1, 7, 100_000])("a long field that nobody asked for takes no place; %d bytes at a time", (cut) => {
    const { headers } = read(`A: 1\r\nCookie: ${long}\r\nHost: a\r\nB: 2\r\nUpgrade: websocket`, cut);
    expect([...headers]).toEqual([
      ["a", "1"],
      ["host", "a"],
      ["b", "2"],
      ["upgrade", "websocket"],
    ]);
    expect(headers.isComplete).toBe(false);
  });

  test.each([1, 7, 100_000])(
    "those nobody asked for make room for those that are needed; %d bytes at a time",
    (cut) => {
      const many = Array.from({ length: 7 }, (_, at) => `X-${at}: ${at}`).join("\r\n");
      const { headers } = read(`${many}\r\nHost: ${"h".repeat(150)}\r\nUpgrade: websocket\r\nY: 1`, cut);
      expect(headers.keys()).toEqual(["host", "upgrade"]);
      expect(headers.get("host")).toBe("h".repeat(150));
      expect(headers.isComplete).toBe(false);
    },
  );

  test.each([1, 7, 100_000])(
    "a field that is needed and has no room is refused with 431; %d bytes at a time",
    (cut) => {
      const error = errorOf(() => read(`Host: ${long}`, cut));
      expect(error).toMatchObject({ statusCode: 431, message: expect.stringContaining("maxKeptHeadBytes") as string });
    },
  );

  test.each([1, 7, 100_000])("a request line that has no room is refused with 414; %d bytes at a time", (cut) => {
    const reader = createRequestReader(16_384, rules);
    const bytes = asciiOf(`GET /${long} HTTP/1.1\r\n\r\n`);
    const act = (): void => {
      for (let at = 0; at < bytes.length; at += cut) reader.read(bytes.subarray(at, at + cut));
    };
    expect(errorOf(act)).toMatchObject({ statusCode: 414 });
  });

  test.each([1, 7, 100_000])("one that is given the spare room has twice as much, once; %d bytes at a time", (cut) => {
    const takeSpare = jest.fn(() => true);
    const feed = (text: string): HttpHead => {
      const reader = createRequestReader(16_384, rules, { takeSpare });
      const bytes = asciiOf(text);
      for (let at = 0; at < bytes.length; at += cut) reader.read(bytes.subarray(at, at + cut));
      return reader.head;
    };
    const target = `/${"x".repeat(350)}`;
    expect(feed(`GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`).startLine).toBe(`GET ${target} HTTP/1.1`);
    expect(feed(`GET / HTTP/1.1\r\nHost: ${"h".repeat(400)}\r\n\r\n`).headers.get("host")).toBe("h".repeat(400));
    expect(takeSpare).toHaveBeenCalledTimes(2);
    expect(errorOf(() => feed(`GET ${target} HTTP/1.1\r\nHost: ${"h".repeat(400)}\r\n\r\n`))).toMatchObject({
      statusCode: 431,
    });
    takeSpare.mockReturnValue(false);
    expect(errorOf(() => feed(`GET ${target} HTTP/1.1\r\n\r\n`))).toMatchObject({ statusCode: 503 });
  });

  test("a field is kept whole or not at all", () => {
    const { headers } = read(`X: 1\r\nX: ${long}\r\nX: 3\r\nY: 4`, 50);
    expect([...headers]).toEqual([["y", "4"]]);
  });

  test("each field counts 32 bytes beside its text", () => {
    const many = Array.from({ length: 1_000 }, (_, at) => `${at}:`).join("\r\n");
    const { headers } = read(many, 100_000);
    expect(headers.keys().length).toBeGreaterThan(5);
    expect(headers.keys().length).toBeLessThan(300 / 32);
  });

  test.each(["a\0b", "a\rb", "a\r"])("a field that is passed over has no %j", (text) => {
    for (const cut of [1, 7, 100_000])
      expect(errorOf(() => read(`Cookie: ${long}${text}${long}`, cut))).toMatchObject({ statusCode: 400 });
  });

  test("all is kept where there is room", () => {
    expect(headOf(HEAD).headers.isComplete).toBe(true);
  });
});

describe("answers", () => {
  const read = (fields: string, rules: Partial<HttpHeadRules> = {}): HttpHeadReader => {
    const reader = createRequestReader(16_384, { isAnswer: true, ...rules });
    expect(reader.read(asciiOf(`HTTP/1.1 426 No\r\n${fields}\r\n\r\n`))).toHaveLength(0);
    return reader;
  };

  test("the status line is there as soon as it has come, also where the fields are refused", () => {
    const reader = createRequestReader(16_384, { isAnswer: true });
    reader.read(asciiOf("HTTP/1.1 426 No\r\n"));
    expect(reader.startLine).toBe("HTTP/1.1 426 No");
    expect(() => reader.read(asciiOf("A: 1\r\nB : 2\r\n"))).toThrow(HandshakeError);
    expect([reader.startLine, ...reader.headers]).toEqual(["HTTP/1.1 426 No", ["a", "1"]]);
  });

  test("fields that a request has once may come twice", () => {
    const { headers } = read("Sec-WebSocket-Version: 13\r\nSec-WebSocket-Version: 8, 7");
    expect(headers.get("sec-websocket-version")).toBe("13, 8, 7");
  });

  test("a line end before white space is a space (RFC 9112, 5.2)", () => {
    const { headers } = read(" ignored\r\nA:\r\n\t1\r\n  2\t\r\nB: 3\r\na: 4\r\n 5");
    expect([...headers]).toEqual([
      ["a", "1 2, 4 5"],
      ["b", "3"],
    ]);
  });

  test("a folded field that has no room is left out, and one that is needed refused", () => {
    const folded = `A: 1\r\nB: 2\r\n ${"x".repeat(400)}\r\n 3`;
    expect([...read(folded, { maxKeptHeadBytes: 300 }).headers]).toEqual([["a", "1"]]);
    expect(() => read(folded, { maxKeptHeadBytes: 300, needed: ["b"] })).toThrow("maxKeptHeadBytes");
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
    expect(headers.getAll("A")).toEqual(["1", "3"]);
    expect(headers.getAll("C")).toEqual([]);
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
    const headers = new WritableHeaders();
    headers.append("Connection", value);
    expect(headers.hasToken("connection", "upgrade")).toBe(hasToken);
  });

  test("lists without empty elements, their elements as they are", () => {
    const headers = new WritableHeaders();
    headers.append("X", ", a ,\tB,,c d,");
    headers.append("X", "e");
    expect(headers.list("x")).toEqual(["a", "B", "c d", "e"]);
    expect(headers.hasElement("x", "B")).toBe(true);
    expect(headers.hasElement("x", "b")).toBe(false);
    expect(headers.hasToken("x", "b")).toBe(true);
  });

  test("a list has 100 elements at most", () => {
    const headers = new WritableHeaders();
    headers.append("X", "a,".repeat(1_000));
    expect(headers.list("x")).toHaveLength(100);
    headers.append("Y", ",".repeat(2_000));
    expect(headers.list("y")).toEqual([]);
  });

  test("a list that is not there is empty", () => {
    expect(new WritableHeaders().list("x")).toEqual([]);
    expect(new WritableHeaders().hasToken("x", "a")).toBe(false);
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
