import { createServer, type AddressInfo } from "node:net";
import { WebSocket as PeerWebSocket } from "ws";
import { HttpListener } from "../../modules/http.js";
import { InvalidStateError, NetworkError, OptionError, WebSocketServer } from "../../modules/server.js";
import { findFreePort } from "../support/apps.js";
import { asciiOf, bytesOf, hexOf, pattern } from "../support/vectors.js";
import { ServerBench, silenceLog, withServer } from "./servertest.js";
import { eventually, letTimePass } from "../support/waiting.js";
import { upgradeRequest } from "../support/upgrades.js";

const NORMAL = bytesOf("03e8");

describe("starting", () => {
  test("a port in use rejects with NetworkError, and the server can be started later", async () => {
    // Not one of the system's choice, which it could give to somebody else when it is free.
    const occupier = createServer().listen(await findFreePort(), "127.0.0.1");
    await new Promise((resolve) => occupier.once("listening", resolve));
    const server = new WebSocketServer({ port: (occupier.address() as AddressInfo).port, address: "127.0.0.1" });
    const error: unknown = await server.start().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(NetworkError);
    expect(error).toMatchObject({ code: "EADDRINUSE", cause: { code: "EADDRINUSE" } });
    expect(server.started).toBe(false);
    await new Promise((resolve) => occupier.close(resolve));
    await server.start();
    expect(server.started).toBe(true);
    await server.stop();
  });

  test("twice is the caller's error", async () => {
    await withServer({}, async ({ server }) => {
      await expect(server.start()).rejects.toThrow(InvalidStateError);
      expect(server.started).toBe(true);
    });
  });

  test("is given up by a stop before it is done", async () => {
    const server = new WebSocketServer({ port: 0 });
    const starting = server.start();
    await server.stop();
    await expect(starting).rejects.toThrow(InvalidStateError);
    expect(server.started).toBe(false);
  });

  test("again after a stop that cut it short works", async () => {
    const server = new WebSocketServer({ port: 0, address: "127.0.0.1" });
    const first = server.start();
    const refused = expect(first).rejects.toThrow(InvalidStateError);
    server.abort();
    await server.start();
    await refused;
    expect(server.started).toBe(true);
    await server.stop();
  });

  test("stopping and starting again listens again", async () => {
    await withServer({ closeTimeoutMs: 50 }, async (bench) => {
      for (let turn = 0; turn < 3; turn++) {
        await bench.open();
        await bench.server.stop();
        expect(bench.server.clientsCount).toBe(0);
        await bench.server.start();
      }
    });
  });
});

describe("stopping", () => {
  test("closes every client with 1001, and resolves when they are gone", async () => {
    await withServer({}, async (bench) => {
      const clients = [await bench.open(), await bench.open()];
      const stopping = bench.server.stop();
      for (const client of clients) {
        expect(await client.frames(1)).toEqual(["close:1001"]);
        client.sendFrame(0x88, bytesOf("03e9"));
      }
      await stopping;
      for (const client of clients) await client.closed;
      expect(bench.closedEvents).toEqual(["closed 1001 clean", "closed 1001 clean"]);
      expect(bench.server.clientsCount).toBe(0);
    });
  });

  test("resolves within closeTimeoutMs though the peer is dead", async () => {
    await withServer({ closeTimeoutMs: 200 }, async (bench) => {
      await bench.open();
      const began = performance.now();
      await bench.server.stop();
      expect(performance.now() - began).toBeGreaterThan(190);
      expect(bench.closedEvents).toEqual(["closed 1006 unclean"]);
    });
  });

  test("resolves although the peer has stopped reading and its queue is full", async () => {
    await withServer({ closeTimeoutMs: 200, maxQueueBytes: 1_000_000 }, async (bench) => {
      const client = await bench.open();
      client.socket.pause();
      for (let turn = 0; turn < 100; turn++) bench.server.broadcast(pattern(100_000));
      await bench.server.stop();
      expect(bench.closedEvents).toEqual(["closed 1006 unclean"]);
    });
  });

  test("twice resolves twice", async () => {
    await withServer({ closeTimeoutMs: 100 }, async (bench) => {
      await bench.open();
      const stopping = [bench.server.stop(), bench.server.stop()];
      await Promise.all(stopping);
      expect(bench.closedEvents).toHaveLength(1);
    });
  });

  test("a server that was never started resolves", async () => {
    await new WebSocketServer({ port: 0 }).stop();
  });

  test("refuses new clients at once", async () => {
    await withServer({ closeTimeoutMs: 200 }, async (bench) => {
      await bench.open();
      const { port } = bench.server;
      const stopping = bench.server.stop();
      const late = new PeerWebSocket(`ws://127.0.0.1:${port}/`);
      await expect(new Promise((_resolve, reject) => late.once("error", reject))).rejects.toThrow("ECONNREFUSED");
      await stopping;
    });
  });

  test("abort ends every connection at once, within the call", async () => {
    await withServer({}, async (bench) => {
      const clients = [await bench.open(), await bench.open()];
      bench.server.abort();
      expect(bench.closedEvents).toEqual(["closed 1006 unclean", "closed 1006 unclean"]);
      expect(bench.server.clientsCount).toBe(0);
      expect(bench.server.started).toBe(false);
      for (const client of clients) expect(await client.all()).toBe("");
    });
  });
});

describe("clients", () => {
  test("are listed by address and port, and are sent to by it", async () => {
    await withServer({}, async (bench) => {
      const client = await bench.open();
      await bench.open();
      const endPoint = `127.0.0.1:${client.socket.localPort ?? 0}`;
      expect(bench.server.listClients()).toContain(endPoint);
      expect(bench.server.listClients()).toHaveLength(2);
      expect(bench.server.sendString(endPoint, "a")).toBe(true);
      expect(bench.server.sendData(endPoint, bytesOf("01"))).toBe(true);
      expect(bench.server.sendData(endPoint, bytesOf("0203").buffer as ArrayBuffer, 1)).toBe(true);
      expect(await client.frames(4)).toEqual(["text:61", "binary:01", "binary+:02", "continuation:03"]);
      expect(bench.server.sendString("127.0.0.1:1", "a")).toBe(false);
    });
  });

  test("are disconnected with a status, 1000 unless given", async () => {
    await withServer({}, async (bench) => {
      for (const [status, closeStatus] of [
        [undefined, 1000],
        [4000, 4000],
      ] as const) {
        const client = await bench.open();
        bench.server.disconnectClient(bench.server.listClients()[0] ?? "", status);
        expect(await client.frames(1)).toEqual([`close:${closeStatus}`]);
        client.sendFrame(0x88, bytesOf(closeStatus.toString(16).padStart(4, "0")));
        await client.closed;
        await eventually(() => bench.server.clientsCount === 0);
      }
      expect(bench.closedEvents).toEqual(["closed 1000 clean", "closed 4000 clean"]);
    });
  });

  test("are disconnected at once by isAbort", async () => {
    await withServer({}, async (bench) => {
      const client = await bench.open();
      bench.server.disconnectClient(bench.server.listClients()[0] ?? "", undefined, true);
      expect(bench.closedEvents).toEqual(["closed 1006 unclean"]);
      expect(await client.all()).toBe("");
      bench.server.disconnectClient("127.0.0.1:1");
    });
  });

  test("that close are told of once, with their status and reason", async () => {
    const reasons: unknown[] = [];
    await withServer(
      { onWebSocketClosed: (_s, e) => reasons.push(e.closeStatusDescription, e.error) },
      async (bench) => {
        const client = await bench.open();
        client.sendFrame(0x88, bytesOf("0fa06f6b"));
        expect(await client.frames(1)).toEqual(["close:4000"]);
        await client.closed;
        await bench.until("closed 4000 clean");
        expect(reasons).toEqual(["ok", undefined]);
        expect(bench.closedEvents).toHaveLength(1);
      },
    );
  });

  test.each([
    ["end TCP", "destroy" as const],
    ["reset TCP", "resetAndDestroy" as const],
  ])("that %s without Close are told of once, as 1006", async (_name, end) => {
    await withServer({}, async (bench) => {
      const client = await bench.open();
      client.socket[end]();
      await bench.until("closed 1006 unclean");
      await letTimePass(20);
      expect(bench.closedEvents).toHaveLength(1);
    });
  });

  test("a thousand messages of ws are echoed in order", async () => {
    await withServer({ onMessageReceived: (_s, e) => void e.webSocket.sendString(e.frame.text) }, async (bench) => {
      const peer = new PeerWebSocket(`ws://127.0.0.1:${bench.server.port}/`);
      const echoes: string[] = [];
      await new Promise((resolve) => peer.once("open", resolve));
      const done = new Promise((resolve) => {
        peer.on("message", (data: Buffer) => echoes.push(data.toString()) === 1_000 && resolve(undefined));
      });
      for (let at = 0; at < 1_000; at++) peer.send(String(at));
      await done;
      expect(echoes).toEqual(Array.from({ length: 1_000 }, (_, at) => String(at)));
      const closed = new Promise((resolve) => peer.once("close", resolve));
      peer.close(1000);
      expect(await closed).toBe(1000);
      await bench.until("closed 1000 clean");
    });
  });
});

describe("broadcast", () => {
  test("reaches all clients, as text or binary, and says how many", async () => {
    await withServer({}, async (bench) => {
      expect(bench.server.broadcast("nobody")).toBe(0);
      const clients = [await bench.open(), await bench.open(), await bench.open()];
      expect(bench.server.broadcast("a")).toBe(3);
      expect(bench.server.broadcast(bytesOf("0102"))).toBe(3);
      expect(bench.server.broadcast(bytesOf("03").buffer as ArrayBuffer)).toBe(3);
      expect(bench.server.broadcast("abc", 2)).toBe(3);
      for (const client of clients)
        expect(await client.frames(5)).toEqual([
          "text:61",
          "binary:0102",
          "binary:03",
          "text+:6162",
          "continuation:63",
        ]);
    });
  });

  test("leaves out clients that are closing", async () => {
    await withServer({}, async (bench) => {
      await bench.open();
      const client = await bench.open();
      bench.server.disconnectClient(`127.0.0.1:${client.socket.localPort ?? 0}`);
      expect(bench.server.broadcast("a")).toBe(1);
    });
  });

  test("of a wrong fragment size is the caller's error", async () => {
    await withServer({}, async ({ server }) => {
      await Promise.resolve();
      for (const size of [-1, 1.5, NaN]) expect(() => server.broadcast("a", size)).toThrow(OptionError);
    });
  });

  test("a client that does not read stalls no other, and is closed after serverTimeout", async () => {
    await withServer({ serverTimeout: 1_000, keepAliveInterval: 0, maxQueueBytes: 200_000 }, async (bench) => {
      const slow = await bench.open();
      const quick = await bench.open();
      slow.socket.pause();
      let sent = 0;
      while (bench.server.broadcast(pattern(60_000)) === 2 && sent < 1_000) {
        sent++;
        await eventually(() => quick.size >= sent * 60_000);
      }
      expect(sent).toBeLessThan(1_000);
      expect(bench.server.broadcast("quick")).toBeGreaterThanOrEqual(1);
      await eventually(() => quick.received.subarray(-5).toString() === "quick");
      // It has not waited for the end of the slow one.
      expect(bench.closedEvents).toEqual([]);
      await bench.until("closed 1006 unclean");
      expect(bench.server.clientsCount).toBe(1);
    });
  });
});

describe("without a port of its own", () => {
  test("it takes the requests of an HttpListener", async () => {
    const server = new WebSocketServer({ isStandAlone: false });
    const listener = new HttpListener({ port: 0, address: "127.0.0.1" });
    listener.onRequest = (context) => void server.addWebSocket(context);
    await listener.start();
    const bench = new ServerBench();
    const refused = new PeerWebSocket(`ws://127.0.0.1:${listener.port}/`);
    await expect(new Promise((_resolve, reject) => refused.once("error", reject))).rejects.toThrow("503");
    await server.start();
    const peer = new PeerWebSocket(`ws://127.0.0.1:${listener.port}/any`);
    await new Promise((resolve) => peer.once("open", resolve));
    expect(server.clientsCount).toBe(1);
    listener.stop();
    expect(server.clientsCount).toBe(1);
    await server.stop();
    bench.dispose();
  });
});

describe("nothing is left", () => {
  test("of 100 connections, however they ended", async () => {
    const log = silenceLog();
    const options = {
      closeTimeoutMs: 200,
      onMessageReceived: (): void => {
        throw new Error("handler");
      },
    };
    await withServer(options, async (bench) => {
      await bench.open().then((client) => client.destroy());
      await eventually(() => bench.server.clientsCount === 0);
      const timerCount = (): number => process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
      const before = timerCount();
      for (let turn = 0; turn < 100; turn++) {
        const client = await bench.open();
        if (turn % 4 === 0) client.destroy();
        else if (turn % 4 === 1) client.sendFrame(0x88, NORMAL);
        else if (turn % 4 === 2) client.sendFrame(0x81, asciiOf("a"));
        else bench.server.disconnectClient(bench.server.listClients()[0] ?? "", 1000, true);
        if (turn % 4 === 2) client.destroy();
        await client.closed;
      }
      await eventually(() => bench.server.clientsCount === 0);
      expect(bench.events.filter((event) => event === "opened")).toHaveLength(101);
      expect(bench.closedEvents).toHaveLength(101);
      await eventually(() => timerCount() <= before);
    });
    await eventually(() => !process.getActiveResourcesInfo().includes("TCPServerWrap"));
    log.mockRestore();
  });

  test("of a server that was stopped: its port is free", async () => {
    const first = new WebSocketServer({ port: await findFreePort(), address: "127.0.0.1" });
    await first.start();
    const second = new WebSocketServer({ port: first.port, address: "127.0.0.1" });
    await first.stop();
    await second.start();
    await second.stop();
  });
});

test.each([
  [{ port: 65_536 }],
  [{ maxClients: 0 }],
  [{ maxHeadBytes: 255 }],
  [{ handshakeTimeoutMs: 0 }],
  [{ prefix: "ws" }],
  [{ serverName: "a\r\nb" }],
  [{ subprotocols: ["a b"] }],
  [{ subprotocols: "mqtt" }],
  [{ allowedOrigins: null }],
  [{ maxQueueBytes: 1 }],
  [{ unknown: 1 }],
])("options %j are refused", (options) => {
  expect(() => new WebSocketServer(options as object)).toThrow(OptionError);
});

test("what a client receives is what was sent, at every length around a header's forms", async () => {
  await withServer({ maxMessageBytes: 70_000, maxQueueBytes: 80_000 }, async (bench) => {
    bench.server.onMessageReceived = (_sender, e) => void e.webSocket.sendBytes(e.frame.buffer, 0);
    const peer = new PeerWebSocket(`ws://127.0.0.1:${bench.server.port}/`);
    await new Promise((resolve) => peer.once("open", resolve));
    for (const length of [0, 1, 124, 125, 126, 127, 65_534, 65_535, 65_536, 65_537]) {
      peer.send(pattern(length));
      const echo = await new Promise<Buffer>((resolve) => peer.once("message", resolve));
      expect(hexOf(echo)).toBe(hexOf(pattern(length)));
    }
    peer.terminate();
  });
});

test("a request of the stand-alone server keeps its query from the prefix", async () => {
  await withServer({ prefix: "/ws" }, async (bench) => {
    expect(await bench.connect().send(upgradeRequest({}, "/ws?a=1")).head()).toContain(" 101 ");
  });
});
