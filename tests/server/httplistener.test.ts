/** What proxies, probes and slow or strange clients get of an HttpListener, over real sockets. */

import { HttpListener, queryValue, type HttpListenerContext, type HttpListenerOptions } from "../../modules/http.js";
import { HttpExchange } from "../../modules/http/exchange.js";
import { OptionError } from "../../modules/common/errors.js";
import { FakeSocket } from "../support/fakesocket.js";
import { asciiOf } from "../support/vectors.js";
import { silenceLog } from "./servertest.js";
import { eventually, letTimePass } from "../support/waiting.js";
import { RawPeer } from "../support/rawpeer.js";

const hello = ({ request, response }: HttpListenerContext): void => {
  response.close(`hello ${request.httpMethod} ${request.path} ${request.httpVersion}`);
};

async function withListener(
  options: HttpListenerOptions,
  run: (answerTo: (request: string) => Promise<string>, connect: () => RawPeer) => Promise<void>,
): Promise<void> {
  const listener = new HttpListener({ port: 0, address: "127.0.0.1", onRequest: hello, ...options });
  const clients: RawPeer[] = [];
  const connect = (): RawPeer => {
    const client = RawPeer.connect(listener.port);
    clients.push(client);
    return client;
  };
  await listener.start();
  try {
    await run((request) => connect().send(request).all(), connect);
  } finally {
    listener.stop();
    for (const client of clients) client.destroy();
  }
}

let log: jest.SpyInstance;
beforeEach(() => (log = silenceLog()));
afterEach(() => log.mockRestore());
afterEach(() => jest.useRealTimers());
const logged = (): string[] => log.mock.calls.map(([line]) => String(line));

test.each([
  ["haproxy's check", "OPTIONS / HTTP/1.0\r\n\r\n", "OPTIONS / 1.0"],
  ["nginx's default", "GET /a HTTP/1.0\r\nHost: device\r\nConnection: close\r\n\r\n", "GET /a 1.0"],
  ["ab", "GET / HTTP/1.0\r\nHost: a\r\nUser-Agent: ApacheBench/2.3\r\nAccept: */*\r\n\r\n", "GET / 1.0"],
  ["a later HTTP/1 (RFC 9110, 2.5)", "GET / HTTP/1.2\r\nHost: a\r\n\r\n", "GET / 1.1"],
  ["an empty line first (RFC 9112, 2.2)", "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET / 1.1"],
  ["lines of LF alone (RFC 9112, 2.2)", "GET / HTTP/1.1\nHost: a\n\n", "GET / 1.1"],
])("%s is served", async (_name, request, body) => {
  await withListener({}, async (answerTo) => {
    const answer = await answerTo(request);
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
    expect(answer.endsWith(`hello ${body}`)).toBe(true);
  });
});

test("an Upgrade of an HTTP/1.0 request, and one to h2c, are ignored (RFC 9110, 7.8)", async () => {
  const onRequest = ({ request, response }: HttpListenerContext): void => {
    response.close(String(request.isWebSocketRequest));
  };
  await withListener({ onRequest }, async (answerTo) => {
    const upgrade = "Host: a\r\nConnection: Upgrade\r\nUpgrade: ";
    expect(await answerTo(`GET / HTTP/1.0\r\n${upgrade}websocket\r\n\r\n`)).toMatch(/false$/);
    expect(await answerTo(`GET / HTTP/1.1\r\n${upgrade}h2c\r\n\r\n`)).toMatch(/false$/);
    expect(await answerTo(`GET / HTTP/1.1\r\n${upgrade}h2c, websocket\r\n\r\n`)).toMatch(/true$/);
  });
});

describe("limits of heads", () => {
  test.each([
    ["a head", 431, `GET / HTTP/1.1\r\n${"X: y\r\n".repeat(10_000)}`, "maxHeadBytes"],
    ["a field that counts", 431, `GET / HTTP/1.1\r\nAuthorization: ${"x".repeat(5_000)}\r\n\r\n`, "maxKeptHeadBytes"],
    ["a field that a handler reads", 431, `GET / HTTP/1.1\r\nX-Key: ${"x".repeat(5_000)}\r\n\r\n`, "maxKeptHeadBytes"],
    ["a request line", 414, `GET /${"x".repeat(5_000)} HTTP/1.1\r\n\r\n`, "maxKeptHeadBytes"],
  ])(
    "%s that is too long gets %d; the answer and one line of the log tell why",
    async (_name, status, request, option) => {
      await withListener({ keptHeaders: ["X-Key"] }, async (answerTo) => {
        for (let turn = 0; turn < 3; turn++) {
          const answer = await answerTo(request);
          expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
          expect(answer.slice(answer.indexOf("\r\n\r\n"))).toContain(option);
        }
        expect(logged()).toEqual([expect.stringContaining(option)]);
      });
    },
  );

  test("one request at a time may have twice as much; a second one meanwhile gets 503", async () => {
    await withListener({}, async (answerTo, connect) => {
      const fields = `Host: a\r\nAuthorization: Bearer ${"t".repeat(2_200)}\r\n`;
      const long = `GET /?access_token=${"t".repeat(2_200)} HTTP/1.1\r\nHost: a\r\n`;
      for (const request of [long, `GET / HTTP/1.1\r\n${fields}`]) {
        const first = connect().send(request);
        await eventually(async () => (await answerTo(`${long}\r\n`)).startsWith("HTTP/1.1 503 "));
        expect(await answerTo("GET / HTTP/1.1\r\nHost: a\r\n\r\n")).toMatch(/^HTTP\/1\.1 200 /);
        expect(await first.send("\r\n").all()).toMatch(/^HTTP\/1\.1 200 /);
        expect(await answerTo(`${long}\r\n`)).toMatch(/^HTTP\/1\.1 200 /);
      }
    });
  });

  test("a cookie of 6 KB that nobody asked for harms nothing", async () => {
    const onRequest = ({ request: { headers }, response }: HttpListenerContext): void => {
      response.close(`${headers.isComplete} ${headers.get("cookie")} ${headers.get("x-last")}`);
    };
    await withListener({ onRequest }, async (answerTo) => {
      const request = `GET / HTTP/1.1\r\nHost: a\r\nCookie: ${"c".repeat(6_000)}\r\nX-Last: 1\r\n\r\n`;
      expect(await answerTo(request)).toMatch(/false undefined 1$/);
    });
  });

  test.each([["cookie"], ["Cookie"]])("one that keptHeaders names as %s is there", async (name) => {
    const onRequest = ({ request: { headers }, response }: HttpListenerContext): void => {
      response.close(`${headers.isComplete} ${headers.get("cookie")?.length}`);
    };
    await withListener({ onRequest, keptHeaders: [name], maxKeptHeadBytes: 8_000 }, async (answerTo) => {
      const request = `GET / HTTP/1.1\r\nHost: a\r\nX: ${"x".repeat(7_000)}\r\nCookie: ${"c".repeat(6_000)}\r\n\r\n`;
      expect(await answerTo(request)).toMatch(/false 6000$/);
    });
  });

  test.each([[["a b"]], [["x".repeat(65)]], [[5]], [[""]]])("keptHeaders %j are refused", (keptHeaders) => {
    expect(() => new HttpListener({ keptHeaders } as object)).toThrow(OptionError);
  });
});

describe("slow answers", () => {
  test("a client that takes its answer slowly gets all of it, however long that takes", async () => {
    const size = 30_000_000;
    const onRequest = ({ response }: HttpListenerContext): void => {
      response.close(new Uint8Array(size));
    };
    await withListener({ onRequest, requestTimeoutMs: 1_000 }, async (_answerTo, connect) => {
      const began = performance.now();
      const client = connect();
      let count = 0;
      client.socket.removeAllListeners("data");
      client.socket.on("data", (bytes: Buffer) => {
        const before = Math.floor(count / 3_000_000);
        count += bytes.length;
        if (Math.floor(count / 3_000_000) === before) return;
        client.socket.pause();
        void letTimePass(150).then(() => client.socket.resume());
      });
      client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
      await client.closed;
      expect(count).toBeGreaterThanOrEqual(size);
      expect(performance.now() - began).toBeGreaterThan(1_200);
    });
  });

  test.each([
    ["whole pieces", 4_096],
    ["less than a piece", 1_000],
  ])("each time that the network has taken %s starts the time anew", (_name, step) => {
    jest.useFakeTimers();
    const socket = new FakeSocket();
    socket.room = 0;
    const ended = jest.fn();
    const exchange: HttpExchange = new HttpExchange(
      socket,
      { maxHeadBytes: 1_000, maxKeptHeadBytes: 1_000, keptHeaders: [], requestTimeoutMs: 60 },
      {
        requestReceived: ({ response }) => response.close(new Uint8Array(20_000)),
        takeSpare: () => false,
        headRefused: () => undefined,
        ended,
      },
    );
    socket.handlers = exchange;
    exchange.received(asciiOf("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
    for (let turn = 0; turn < 5; turn++) {
      jest.advanceTimersByTime(40);
      socket.room += step;
      if (socket.bufferedAmount === 0) exchange.drained();
    }
    expect(socket.isDestroyed).toBe(false);
    jest.advanceTimersByTime(200);
    expect(socket.isDestroyed).toBe(true);
    expect(ended).toHaveBeenCalledTimes(1);
  });
});

describe("allowedHosts", () => {
  const names = { allowedHosts: ["device.local", ".example.org"] };
  const get = (host: string): string => `GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`;

  test.each([["device.local:8080"], ["a.example.org"], ["127.0.0.1"], ["[::1]:80"], ["localhost"]])(
    "%s is answered",
    async (host) => {
      await withListener(names, async (answerTo) => {
        expect(await answerTo(get(host))).toMatch(/^HTTP\/1\.1 200 /);
      });
    },
  );

  test("another name gets 421; what to allow is logged once", async () => {
    await withListener(names, async (answerTo) => {
      for (const host of ["evil.example", "evil.example:80"])
        expect(await answerTo(get(host))).toMatch(/^HTTP\/1\.1 421 /);
      expect(logged()).toEqual([expect.stringContaining('add "evil.example" to allowedHosts')]);
      expect(await answerTo("OPTIONS / HTTP/1.0\r\n\r\n")).toMatch(/^HTTP\/1\.1 200 /);
    });
  });

  test("strangers cannot fill the log", async () => {
    await withListener(names, async (answerTo) => {
      for (let at = 0; at < 20; at++) await answerTo(get(`${"x".repeat(300)}${at}.example`));
      expect(logged().length).toBeLessThan(10);
      expect(Math.max(...logged().map(({ length }) => length))).toBeLessThan(500);
    });
  });

  test.each([[["http://a"]], [["a:80"]], [[""]], [["."]], [[5]], [["a/b"]]])("%j are refused", (allowedHosts) => {
    expect(() => new HttpListener({ allowedHosts } as object)).toThrow(OptionError);
  });
});

test("a value of the query", async () => {
  const onRequest = ({ request, response }: HttpListenerContext): void => {
    response.close(queryValue(request.rawUrl, "returnUrl"));
  };
  await withListener({ onRequest }, async (answerTo) => {
    expect(await answerTo("GET /login?returnUrl=/a?b=c HTTP/1.1\r\nHost: a\r\n\r\n")).toMatch(/\r\n\r\n\/a\?b=c$/);
  });
});
