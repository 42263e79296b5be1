import {
  ClientWebSocket,
  ClientWebSocketHeaders,
  OptionError,
  type ClientWebSocketOptions,
  type HeadersInit,
  type HttpHeaders,
} from "../../modules/client.js";
import { ClientBench } from "./clienttest.js";
import { withRawServer } from "../support/rawserver.js";
import { upgradeAnswer } from "../support/upgrades.js";

describe("ClientWebSocketHeaders", () => {
  test("keeps fields by name, in any letter case", () => {
    const headers = new ClientWebSocketHeaders();
    headers.set("userId", "nano");
    headers.set("X-Other", "  a\tb  ");
    headers.set("USERID", "other");
    expect(headers.count).toBe(2);
    expect(headers.keys).toEqual(["USERID", "X-Other"]);
    expect(headers.values).toEqual(["other", "a\tb"]);
    expect([headers.get("userid"), headers.get("x-other"), headers.get("x-none")]).toEqual([
      "other",
      "a\tb",
      undefined,
    ]);
    headers.remove("UserId");
    headers.remove("x-none");
    expect([...headers]).toEqual([["X-Other", "a\tb"]]);
  });

  test.each<[string, HeadersInit]>([
    ["a plain object", { a: "1", B: "2" }],
    [
      "entries",
      [
        ["a", "1"],
        ["B", "2"],
      ],
    ],
    [
      "a Map",
      new Map([
        ["a", "1"],
        ["B", "2"],
      ]),
    ],
    ["another one", new ClientWebSocketHeaders({ a: "1", B: "2" })],
  ])("is made of %s", (_name, init) => {
    expect([...new ClientWebSocketHeaders(init)]).toEqual([
      ["a", "1"],
      ["B", "2"],
    ]);
  });

  test.each(["__proto__", "constructor", "toString"])("has no field of its own accord, not even %s", (name) => {
    const headers = new ClientWebSocketHeaders();
    expect(headers.get(name)).toBeUndefined();
    headers.set(name, "value");
    expect([...headers]).toEqual([[name, "value"]]);
  });
});

const NAMES: readonly (readonly [name: string, part: RegExp])[] = [
  ["", /must be one word/],
  ["a b", /must be one word/],
  ["a:", /must be one word/],
  ["a\r\nHost", /must be one word/],
  ["a\n", /must be one word/],
  ["a\u0000", /must be one word/],
  ["ä", /must be one word/],
  ["(a)", /must be one word/],
  ...[
    "Upgrade",
    "Connection",
    "CONNECTION",
    "Sec-WebSocket-Key",
    "Sec-WebSocket-Version",
    "Sec-WebSocket-Protocol",
    "Sec-WebSocket-Extensions",
    "Sec-WebSocket-Accept",
    "Content-Length",
    "Transfer-Encoding",
  ].map((name) => [name, /is set by the library/] as const),
];

const VALUES: readonly (readonly [name: string, value: string])[] = [
  ["CR LF and a field", "a\r\nX-Injected: b"],
  ["CR", "a\rb"],
  ["LF", "a\nb"],
  ["LF at the end", "a\n"],
  ["CR LF CR LF and a request", "a\r\n\r\nGET / HTTP/1.1"],
  ["NUL", "a\u0000b"],
  ["another control character", "a\u0007b"],
  ["DEL", "a\u007fb"],
  ["a letter of ISO 8859-1", "ä"],
  ["a character whose low byte is LF", "a\u010ab"],
  ["a line separator", "a\u2028b"],
  ["a lone surrogate", "\ud800"],
];

describe("an injection throws", () => {
  test.each(NAMES)("by the name %j", (name, part) => {
    expect(() => new ClientWebSocketHeaders([[name, "value"]])).toThrow(OptionError);
    expect(() => {
      new ClientWebSocketHeaders().set(name, "value");
    }).toThrow(part);
  });

  test.each(VALUES)("by a value with %s", async (_name, value) => {
    const bench = new ClientBench();
    const error = await bench.failure("ws://127.0.0.1:9/", { userId: value });
    expect(error).toBeInstanceOf(OptionError);
    expect(error.message).toContain("The value of the header userId");
    expect(bench.events).toEqual([]);
  });

  test.each(["", "a b", "a/b", "a?b", "a#b", "user@host", "host:x", "host:0", "host:65536", "[::1", "a,b", "http://a"])(
    "by the Host %j",
    (host) => {
      expect(() => new ClientWebSocketHeaders({ host })).toThrow(/^The header Host must be a name or an IP address/);
    },
  );

  test("by a value that is no text", () => {
    for (const value of [1, null, undefined, {}, ["a"]])
      expect(() => new ClientWebSocketHeaders({ userId: value as string })).toThrow(OptionError);
  });
});

describe("the request", () => {
  async function requestOf(url: (port: number) => string, headers?: HeadersInit): Promise<string[]> {
    let request = "";
    await withRawServer(async (server) => {
      const bench = new ClientBench({ subprotocols: ["chat.v2", "chat.v1"] });
      const connected = bench.client.connect(url(server.port), headers);
      const rejected = expect(connected).rejects.toMatchObject({ code: "ERR_ABORTED" });
      request = await (await server.next()).head();
      bench.client.abort();
      await rejected;
    });
    return request.split("\r\n");
  }

  test("has the path, the query, the port, the subprotocols and the fields that were given", async () => {
    const [requestLine, ...fields] = await requestOf((port) => `ws://127.0.0.1:${port}/a%20b?c=d`, {
      userId: "nano",
      "X-Empty": "",
    });
    expect(requestLine).toBe("GET /a%20b?c=d HTTP/1.1");
    expect(fields[0]).toMatch(/^Host: 127\.0\.0\.1:\d+$/);
    expect(fields.slice(1).map((field) => field.replace(/Key: .{22}==/, "Key: KEY"))).toEqual([
      "Upgrade: websocket",
      "Connection: Upgrade",
      "Sec-WebSocket-Key: KEY",
      "Sec-WebSocket-Version: 13",
      "Sec-WebSocket-Protocol: chat.v2, chat.v1",
      "userId: nano",
      "X-Empty: ",
      "",
      "",
    ]);
  });

  test.each(["virtual.example", "virtual.example:8080", "[::1]:80", "10.0.0.1"])(
    "has the Host %s, once",
    async (host) => {
      const [, ...fields] = await requestOf((port) => `ws://127.0.0.1:${port}/`, { "X-A": "b", hOsT: host });
      expect(fields.filter((field) => field.toLowerCase().startsWith("host"))).toEqual([`Host: ${host}`]);
      expect(fields[0]).toBe(`Host: ${host}`);
      expect(fields).toContain("X-A: b");
    },
  );

  test("has a key of 16 random bytes, another one each time", async () => {
    const keys = new Set<string>();
    for (let turn = 0; turn < 5; turn++) {
      const fields = await requestOf((port) => `ws://127.0.0.1:${port}/`);
      const key = fields.find((field) => field.startsWith("Sec-WebSocket-Key: "))?.slice(19) ?? "";
      expect(Buffer.from(key, "base64")).toHaveLength(16);
      keys.add(key);
    }
    expect(keys.size).toBe(5);
  });
});

describe("the header fields of the answer", () => {
  const fields = { "Set-Cookie": ["SERVER=s1; Path=/", "other=2; Expires=Thu, 03 Dec 2026 10:00:00 GMT"], "X-A": "b" };

  /** What the client has of a connection's answer, and after its end. */
  async function headersOf(options: ClientWebSocketOptions): Promise<(HttpHeaders | undefined)[]> {
    const found: (HttpHeaders | undefined)[] = [];
    await withRawServer(async (server) => {
      const bench = new ClientBench(options);
      const connected = bench.client.connect(server.url);
      const peer = await server.next();
      peer.send(upgradeAnswer(await peer.head(), fields));
      await connected;
      found.push(bench.client.httpResponseHeaders);
      peer.socket.destroy();
      await bench.closed();
      found.push(bench.client.httpResponseHeaders);
      const again = bench.client.connect(server.url);
      found.push(bench.client.httpResponseHeaders);
      bench.client.abort();
      await again.catch(() => undefined);
    });
    return found;
  }

  test("are there with collectHttpResponseDetails, until it connects again", async () => {
    const [open, closed, again] = await headersOf({ collectHttpResponseDetails: true });
    expect(open?.getAll("set-cookie")).toEqual(fields["Set-Cookie"]);
    expect(open?.get("x-a")).toBe("b");
    expect(open?.get("UPGRADE")).toBe("websocket");
    expect(closed).toBe(open);
    expect(again).toBeUndefined();
  });

  test("take no memory otherwise", async () => {
    expect(await headersOf({})).toEqual([undefined, undefined, undefined]);
    expect(new ClientWebSocket().httpResponseHeaders).toBeUndefined();
  });
});
