import { WebSocket as PeerWebSocket } from "ws";
import { asciiOf, frame, joined } from "../support/vectors.js";
import { silenceLog, withServer } from "./servertest.js";
import { eventually, letTimePass } from "../support/waiting.js";
import { upgradeRequest } from "../support/upgrades.js";

/** The status of the answer to a request, after which the server ends the connection. */
async function answerTo(request: string | Uint8Array, options: Parameters<typeof withServer>[0] = {}): Promise<string> {
  let answer = "";
  await withServer(options, async (bench) => {
    answer = await bench.connect().send(request).all();
    expect(bench.events).toEqual([]);
    expect(bench.server.clientsCount).toBe(0);
  });
  return answer;
}

function statusOf(answer: string): number {
  expect(answer).toMatch(/^HTTP\/1\.1 \d{3} [^\r\n]+\r\n/);
  expect(answer).toMatch(/\r\nConnection: (?:Upgrade, )?close\r\n/);
  return Number(answer.slice(9, 12));
}

test("the answer of RFC 6455, 1.3", async () => {
  await withServer({}, async (bench) => {
    const head = await bench.connect().send(upgradeRequest()).head();
    expect(head).toBe(
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
        "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nServer: xs-websockets\r\n\r\n",
    );
    await bench.until("opened");
    expect(bench.server.clientsCount).toBe(1);
  });
});

test('serverName is what the Server field says, and "" leaves it out', async () => {
  await withServer({ serverName: "lamp" }, async (bench) => {
    expect(await bench.connect().send(upgradeRequest()).head()).toContain("\r\nServer: lamp\r\n");
  });
  await withServer({ serverName: "" }, async (bench) => {
    expect(await bench.connect().send(upgradeRequest()).head()).not.toContain("Server:");
  });
});

describe("a request is refused", () => {
  const post = upgradeRequest().replace("GET", "POST");
  test.each([
    ["with 404 at another path", 404, upgradeRequest({}, "/other")],
    ["with 404 at a path that only begins so", 404, upgradeRequest({}, "/ws/x")],
    ["with 400 without Upgrade", 400, upgradeRequest({ Upgrade: undefined }, "/ws")],
    ["with 400 without Connection", 400, upgradeRequest({ Connection: "keep-alive" }, "/ws")],
    ["with 400 without a key", 400, upgradeRequest({ "Sec-WebSocket-Key": undefined }, "/ws")],
    ["with 400 without Host", 400, upgradeRequest({ Host: undefined }, "/ws")],
    ["with 400 with a body", 400, upgradeRequest({ "Content-Length": "3" }, "/ws")],
    ["with 400 for HTTP/1.0", 400, upgradeRequest({}, "/ws").replace("HTTP/1.1", "HTTP/1.0")],
    ["with 400 for a line that is not HTTP", 400, "hello\r\n\r\n"],
    ["with 400 for an empty head", 400, "\r\n\r\n"],
    ["with 400 for the head of a TLS handshake", 400, "\x16\x03\x01\r\n\r\n"],
    ["with 405 for another method", 405, post.replace("/ ", "/ws ")],
    ["with 431 for a large head", 431, upgradeRequest({ "X-Large": "a".repeat(20_000) }, "/ws")],
    ["with 431 for a large field that counts", 431, upgradeRequest({ Authorization: "a".repeat(5_000) }, "/ws")],
    ["with 414 for garbage without end", 414, "a".repeat(10_000)],
    ["with 403 for the page of another server", 403, upgradeRequest({ Origin: "http://evil.org" }, "/ws")],
    ["with 403 for a page without an origin", 403, upgradeRequest({ Origin: "null" }, "/ws")],
  ])("%s", async (_name, status, request) => {
    expect(statusOf(await answerTo(request, { prefix: "/ws" }))).toBe(status);
  });

  test("with 426 and the version that is spoken (RFC 6455, 4.4)", async () => {
    const answer = await answerTo(upgradeRequest({ "Sec-WebSocket-Version": "8" }));
    expect(statusOf(answer)).toBe(426);
    expect(answer).toContain("\r\nSec-WebSocket-Version: 13\r\n");
    expect(answer).toContain("\r\nUpgrade: websocket\r\n");
    // RFC 9110, 7.8: an option of Connection, too.
    expect(answer).toContain("\r\nConnection: Upgrade, close\r\n");
  });

  test("with 405 and the method that is allowed", async () => {
    expect(await answerTo(upgradeRequest().replace("GET", "PUT"))).toContain("\r\nAllow: GET\r\n");
  });

  test("with 503 where the server is full, until someone leaves", async () => {
    await withServer({ maxClients: 2 }, async (bench) => {
      const first = await bench.open();
      await bench.open();
      expect(statusOf(await bench.connect().send(upgradeRequest()).all())).toBe(503);
      first.destroy();
      await eventually(() => bench.server.clientsCount === 1);
      await bench.open();
      expect(bench.server.clientsCount).toBe(2);
    });
  });
});

describe("origins", () => {
  test.each([
    ["of this server", { Origin: "http://127.0.0.1" }, []],
    ["none", {}, []],
    ["that are allowed", { Origin: "https://App.example.org" }, ["https://app.example.org"]],
    ["any", { Origin: "null" }, ["*"]],
  ])("%s may connect", async (_name, changes, allowedOrigins) => {
    await withServer({ allowedOrigins }, async (bench) => {
      expect(await bench.connect().send(upgradeRequest(changes)).head()).toContain(" 101 ");
    });
  });
});

describe("a request that comes in pieces", () => {
  test("byte by byte", async () => {
    await withServer({}, async (bench) => {
      const client = bench.connect();
      for (const letter of upgradeRequest()) {
        client.send(letter);
        await new Promise((resolve) => setImmediate(resolve));
      }
      expect(await client.head()).toContain(" 101 ");
    });
  });

  test("that never ends is answered with 408 at handshakeTimeoutMs, however slowly it comes", async () => {
    await withServer({ handshakeTimeoutMs: 150 }, async (bench) => {
      const client = bench.connect().send("GET / HT");
      const stop = client.repeat(20, "X");
      const answer = await client.head();
      stop();
      expect(statusOf(answer)).toBe(408);
      await client.closed;
    });
  });

  test("slow clients hold up no more than their own places", async () => {
    await withServer({ handshakeTimeoutMs: 700, maxClients: 3 }, async (bench) => {
      const slow = [bench.connect(), bench.connect()];
      for (const client of slow) client.send("GET ");
      expect(await bench.connect().send(upgradeRequest()).head()).toContain(" 101 ");
      for (const client of slow) expect(await client.all()).toContain(" 408 ");
    });
  });

  test("and whose client leaves, leaves nothing", async () => {
    await withServer({ maxClients: 1 }, async (bench) => {
      for (let turn = 0; turn < 5; turn++) {
        const client = bench.connect().send("GET / HTTP/1.1\r\n");
        await letTimePass(5);
        client.destroy();
        await client.closed;
      }
      await eventually(async () => (await bench.connect().send(upgradeRequest()).head()).includes(" 101 "), "a place");
    });
  });
});

describe("the first frames", () => {
  const request = asciiOf(upgradeRequest());
  const all = joined([request, frame(0x81, asciiOf("one"), true), frame(0x81, asciiOf("two"), true)]);

  test("in the segment of the request are read", async () => {
    await withServer({}, async (bench) => {
      bench.connect().send(all);
      await bench.until("message two");
      expect(bench.events).toEqual(["opened", "message one", "message two"]);
    });
  });

  test("are read wherever the segments part", async () => {
    await withServer({ maxClients: 100 }, async (bench) => {
      for (let at = request.length - 6; at < all.length; at++) {
        bench.events.length = 0;
        const client = bench.connect().send(all.subarray(0, at));
        await letTimePass(4);
        client.send(all.subarray(at));
        await bench.until("message two");
        expect(bench.events).toEqual(["opened", "message one", "message two"]);
        client.destroy();
        await eventually(() => bench.server.clientsCount === 0);
      }
    });
  });

  test("behind a request whose hook is not done yet are read when it is", async () => {
    const hook = { accept: (): void => undefined };
    const acceptClient = (): Promise<boolean> => new Promise((resolve) => (hook.accept = () => resolve(true)));
    await withServer({ acceptClient }, async (bench) => {
      const client = bench.connect().send(all.subarray(0, request.length + 4));
      await letTimePass(20);
      client.send(all.subarray(request.length + 4));
      await letTimePass(20);
      expect(bench.events).toEqual([]);
      hook.accept();
      await bench.until("message two");
      expect(bench.events).toEqual(["opened", "message one", "message two"]);
    });
  });
});

describe("garbage", () => {
  test.each([
    ["bytes at random", Buffer.from(Array.from({ length: 9_000 }, (_, at) => (at * 7_919) & 0xff)), 400],
    ["zeros", new Uint8Array(5_000), 414],
    ["line ends", Buffer.from("\r\n".repeat(20)), 400],
  ])("of %s is refused, and the server lives", async (_name, bytes, status) => {
    await withServer({}, async (bench) => {
      expect(statusOf(await bench.connect().send(bytes).all())).toBe(status);
      await bench.open();
    });
  });

  test("instead of frames fails the connection with 1002, and the server lives", async () => {
    await withServer({}, async (bench) => {
      const client = await bench.open();
      client.send(Buffer.from("GET / HTTP/1.1\r\n\r\n"));
      expect(await client.frames(1)).toEqual(["close:1002"]);
      await client.closed;
      await bench.until("closed 1002 unclean");
      await bench.open();
    });
  });
});

describe("subprotocols", () => {
  async function agreedOn(offered: string[], subprotocols: string[]): Promise<string> {
    const told: string[] = [];
    const opened = (_sender: unknown, e: { readonly subprotocol: string | undefined }): void =>
      void told.push(e.subprotocol ?? "none");
    await withServer({ subprotocols, onWebSocketOpened: opened }, async (bench) => {
      const peer = new PeerWebSocket(`ws://127.0.0.1:${bench.server.port}/`, offered);
      await new Promise((resolve, reject) => peer.once("open", resolve).once("error", reject));
      expect(told).toEqual([peer.protocol || "none"]);
      peer.terminate();
    });
    return told.join();
  }

  test("the server's first that the client offers is agreed on", async () => {
    expect(await agreedOn(["json", "mqtt"], ["mqtt", "json"])).toBe("mqtt");
  });

  test("none is agreed on where none was offered", async () => {
    expect(await agreedOn([], ["mqtt"])).toBe("none");
  });

  test("none is echoed that is not the server's", async () => {
    await withServer({ subprotocols: ["mqtt"] }, async (bench) => {
      const head = await bench
        .connect()
        .send(upgradeRequest({ "Sec-WebSocket-Protocol": "json" }))
        .head();
      expect(head).toContain(" 101 ");
      expect(head).not.toContain("Sec-WebSocket-Protocol");
    });
  });
});

describe("the accept hook", () => {
  test.each([
    ["true", () => true, 101],
    ["a promise of true", () => Promise.resolve(true), 101],
    ["false", () => false, 403],
    ["a promise of false", () => Promise.resolve(false), 403],
    ["what acts as a promise", () => ({ then: (decided: (answer: boolean) => void) => decided(true) }) as never, 101],
    ["a status", () => ({ statusCode: 404 }), 404],
    ["a promise of a status", () => Promise.resolve({ statusCode: 429 }), 429],
  ])("that says %s", async (_name, acceptClient, status) => {
    await withServer({ acceptClient }, async (bench) => {
      expect(await bench.connect().send(upgradeRequest()).head()).toContain(`HTTP/1.1 ${status} `);
    });
  });

  test("may answer with header fields", async () => {
    const refusal = { statusCode: 401, headers: { "WWW-Authenticate": "Basic" } };
    for (const acceptClient of [() => refusal, () => Promise.resolve(refusal)]) {
      const answer = await answerTo(upgradeRequest(), { acceptClient });
      expect(statusOf(answer)).toBe(401);
      expect(answer).toContain("\r\nWWW-Authenticate: Basic\r\n");
    }
  });

  test.each([
    [
      "throws",
      () => {
        throw new Error("hook");
      },
    ],
    ["rejects", () => Promise.reject(new Error("hook"))],
    ["answers nothing", () => undefined as never],
    ["answers null", () => null as never],
    ["promises null", () => Promise.resolve(null as never)],
    ["promises nothing", () => Promise.resolve(undefined as never)],
    ["answers with a status that is no refusal", () => ({ statusCode: 101 })],
    ["answers with a status that is none", () => Promise.resolve({ statusCode: NaN })],
    ["answers with a header that cannot be sent", () => ({ statusCode: 401, headers: { X: "a\r\nY: b" } })],
    ["promises a header that cannot be sent", () => Promise.resolve({ statusCode: 401, headers: { "X Y": "a" } })],
  ])("that %s is answered with 500, and logged", async (_name, acceptClient) => {
    const log = silenceLog();
    expect(statusOf(await answerTo(upgradeRequest(), { acceptClient }))).toBe(500);
    expect(log).toHaveBeenCalledWith(expect.stringContaining("accept hook"));
    log.mockRestore();
  });

  test("that never answers is given up with 503 after handshakeTimeoutMs, and frees the client's place", async () => {
    let asked = 0;
    const acceptClient = (): Promise<boolean> => {
      asked++;
      return new Promise(() => undefined);
    };
    await withServer({ acceptClient, handshakeTimeoutMs: 400, maxClients: 1 }, async (bench) => {
      expect(statusOf(await bench.connect().send(upgradeRequest()).all())).toBe(503);
      await eventually(async () => {
        expect(statusOf(await bench.connect().send(upgradeRequest()).all())).toBe(503);
        // A server that is full asks nobody.
        return asked === 2;
      });
    });
  });

  test("sees the request", async () => {
    const seen: unknown[] = [];
    const acceptClient = (request: { path: string; rawUrl: string; isWebSocketRequest: boolean }): boolean => {
      seen.push(request.path, request.rawUrl, request.isWebSocketRequest);
      return true;
    };
    await withServer({ acceptClient, prefix: "/ws" }, async (bench) => {
      await bench.connect().send(upgradeRequest({}, "/ws?token=1")).head();
    });
    expect(seen).toEqual(["/ws", "/ws?token=1", true]);
  });

  test("whose client leaves meanwhile harms nothing", async () => {
    const hook = { accept: (): void => undefined, isAsked: false };
    const acceptClient = (): Promise<boolean> => {
      hook.isAsked = true;
      return new Promise((resolve) => (hook.accept = () => resolve(true)));
    };
    await withServer({ acceptClient }, async (bench) => {
      const client = bench.connect().send(upgradeRequest());
      await eventually(() => hook.isAsked);
      client.socket.resetAndDestroy();
      await letTimePass(20);
      hook.accept();
      await eventually(() => bench.server.clientsCount === 0);
      await letTimePass(20);
      expect([[], ["opened", "closed 1006 unclean"]]).toContainEqual(bench.events);
    });
  });

  test("that is not done when the server stops is not waited for: its client is refused", async () => {
    const hook = { accept: (): void => undefined, isAsked: false };
    const acceptClient = (): Promise<boolean> => {
      hook.isAsked = true;
      return new Promise((resolve) => (hook.accept = () => resolve(true)));
    };
    await withServer({ acceptClient }, async (bench) => {
      const client = bench.connect().send(upgradeRequest());
      await eventually(() => hook.isAsked);
      await bench.server.stop();
      hook.accept();
      await client.closed;
      expect(bench.events).toEqual([]);
    });
  });
});
