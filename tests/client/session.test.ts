/** One object, several connections: what it tells while and after each. */

import { WebSocketServer } from "../../modules/server.js";
import {
  FragmentationType,
  InvalidStateError,
  NetworkError,
  TimeoutError,
  WebSocketMessageType,
  WebSocketState,
} from "../../modules/client.js";
import { asciiOf, bytesOf } from "../support/vectors.js";
import { ClientBench, expectHandles, openHandles, openOn, withOpen } from "./clienttest.js";
import { eventually, letTimePass } from "../support/waiting.js";
import { withRawServer } from "../support/rawserver.js";

test("an open connection tells where it leads", async () => {
  await withRawServer(async (server) => {
    const bench = new ClientBench({ subprotocols: ["chat"] });
    const connected = bench.client.connect(`ws://127.0.0.1:${server.port}/path/x?query`);
    expect(bench.client).toMatchObject({ state: WebSocketState.Connecting, host: "127.0.0.1", port: server.port });
    await (await server.next()).accept();
    await connected;
    expect(bench.client).toMatchObject({
      state: WebSocketState.Open,
      isSSL: false,
      isServer: false,
      prefix: "/path/x",
      remoteEndPoint: `127.0.0.1:${server.port}`,
      subprotocol: undefined,
      closeStatus: undefined,
      closeStatusDescription: undefined,
      bufferedAmount: 0,
    });
    bench.client.abort();
    expect(bench.client.state).toBe(WebSocketState.Aborted);
  });
});

test("IPv6: the end point is in brackets, and Host too", async () => {
  const server = new WebSocketServer({ port: 0, address: "::1" });
  const hosts: (string | undefined)[] = [];
  server.onWebSocketOpened = (_sender, { request }) => hosts.push(request.headers.get("host"));
  await server.start();
  const bench = new ClientBench();
  await bench.client.connect(`ws://[::1]:${server.port}/`);
  expect(bench.client.remoteEndPoint).toBe(`[::1]:${server.port}`);
  expect(hosts).toEqual([`[::1]:${server.port}`]);
  bench.client.abort();
  server.abort();
});

test("connect while it is open throws, and disturbs nothing", async () => {
  await withOpen({}, async (bench, peer, server) => {
    await expect(bench.client.connect(server.url)).rejects.toBeInstanceOf(InvalidStateError);
    await expect(bench.client.connect("nonsense")).rejects.toBeInstanceOf(InvalidStateError);
    expect(bench.events).toEqual([]);
    peer.sendFrame(0x81, asciiOf("a"));
    await bench.until("text a");
  });
});

test("connect while it is closing throws", async () => {
  await withOpen({}, async (bench, peer, server) => {
    bench.client.close();
    expect(bench.client.state).toBe(WebSocketState.CloseSent);
    await expect(bench.client.connect(server.url)).rejects.toBeInstanceOf(InvalidStateError);
    await peer.frames(1);
  });
});

describe("the same object connects again", () => {
  /** Ends of a connection, each with something left over. */
  const ENDS: readonly (readonly [name: string, end: (bench: ClientBench) => unknown, status: number])[] = [
    ["after close()", ({ client }) => client.close(3_000, "over"), 3_000],
    ["after abort()", ({ client }) => client.abort(), 1_006],
  ];

  test.each(ENDS)("%s: nothing of the first connection is left in the second", async (_name, end, status) => {
    await withRawServer(async (server) => {
      const bench = new ClientBench();
      const first = await openOn(server, bench);
      // Half a message, half a frame.
      first.send(bytesOf("01 01 61"), bytesOf("82 7e"));
      await letTimePass(20);
      end(bench);
      if (bench.ends.length === 0) {
        // The second half of the frame that had begun, and then the answer.
        first.send(bytesOf("0000"), bytesOf("88 02 0bb8")).socket.end();
        await bench.closed();
      }
      expect(bench.client.closeStatus).toBe(bench.ends[0]?.closeStatus);

      const second = await openOn(server, bench);
      expect(bench.client).toMatchObject({
        state: WebSocketState.Open,
        closeStatus: undefined,
        closeStatusDescription: undefined,
        bufferedAmount: 0,
      });
      second.sendFrame(0x81, asciiOf("fresh"));
      await bench.until("text fresh");
      bench.client.sendString("b");
      expect(await second.frames(1)).toEqual(["text:62"]);
      second.sendFrame(0x88, bytesOf("03e8"));
      expect(await second.frames(1)).toEqual(["close:1000"]);
      second.socket.end();
      await eventually(() => bench.ends.length === 2);
      expect(bench.ends[1]).toMatchObject({ closeStatus: 1_000, wasClean: true, error: undefined });
      expect([status, 1_002]).toContain(bench.ends[0]?.closeStatus);
    });
  });

  test("with other headers and another path", async () => {
    await withRawServer(async (server) => {
      const bench = new ClientBench();
      const requests: string[] = [];
      for (const name of ["one", "two"]) {
        const connected = bench.client.connect(`${server.url}${name}`, { [`X-${name}`]: name });
        const peer = await server.next();
        const request = await peer.head();
        requests.push(request);
        bench.client.abort();
        await expect(connected).rejects.toMatchObject({ code: "ERR_ABORTED" });
      }
      expect(requests[0]).toMatch(/^GET \/one [^]*X-one: one/);
      expect(requests[1]).toMatch(/^GET \/two [^]*X-two: two/);
      expect(requests[1]).not.toContain("X-one");
    });
  });

  test("the subprotocol of the first is not that of the second", async () => {
    const server = new WebSocketServer({ port: 0, address: "127.0.0.1", subprotocols: ["chat"] });
    await server.start();
    const bench = new ClientBench({ subprotocols: ["chat"] });
    const url = `ws://127.0.0.1:${server.port}/`;
    await bench.client.connect(url);
    expect(bench.client.subprotocol).toBe("chat");
    bench.client.abort();
    server.abort();
    expect((await bench.failure(url)).code).toBe("ECONNREFUSED");
    expect(bench.client.subprotocol).toBeUndefined();
  });
});

test("300 connections that open, exchange messages and end in turns leave nothing behind", async () => {
  const before = openHandles();
  const server = new WebSocketServer({ port: 0, address: "127.0.0.1", keepAliveInterval: 1_000 });
  server.onMessageReceived = (_sender, { frame, webSocket }) => webSocket.sendString(frame.text);
  await server.start();
  const url = `ws://127.0.0.1:${server.port}/`;
  const bench = new ClientBench();
  for (let turn = 0; turn < 300; turn++) {
    await bench.client.connect(url);
    bench.client.sendString(`${turn}`);
    await bench.until(`text ${turn}`);
    if (turn % 3 === 0) bench.client.abort();
    else if (turn % 3 === 1) bench.client.close();
    else for (const endPoint of server.listClients()) server.disconnectClient(endPoint);
    await eventually(() => bench.ends.length === turn + 1 && server.clientsCount === 0);
  }
  expect(new Set(bench.events.filter((event) => event.startsWith("closed")))).toEqual(
    new Set(["closed 1006 unclean", "closed 1000 clean"]),
  );
  server.abort();
  await expectHandles(before);
});

describe("a server that goes away", () => {
  test.each<[name: string, end: "end" | "destroy" | "resetAndDestroy"]>([
    ["ends TCP without a Close frame", "end"],
    ["closes its socket", "destroy"],
    ["resets TCP", "resetAndDestroy"],
  ])("%s: it is closed, unclean, with an error", async (_name, end) => {
    await withOpen({}, async (bench, peer) => {
      peer.socket[end]();
      const closed = await bench.closed();
      expect(closed).toMatchObject({ closeStatus: 1_006, closeStatusDescription: "", wasClean: false });
      expect(closed.error).toBeInstanceOf(NetworkError);
      expect(bench.client).toMatchObject({ state: WebSocketState.Closed, closeStatus: 1_006 });
      expect(() => bench.client.sendString("a")).toThrow(InvalidStateError);
      await letTimePass(20);
      expect(bench.ends).toHaveLength(1);
    });
  });

  test("falls silent: it is sent a Ping, and given up after serverTimeout", async () => {
    await withOpen({ keepAliveInterval: 60, serverTimeout: 200 }, async (bench, peer) => {
      const startedAt = performance.now();
      expect(await peer.frames(1)).toEqual(["ping:"]);
      const closed = await bench.closed();
      expect(performance.now() - startedAt).toBeGreaterThan(250);
      expect(closed.error).toBeInstanceOf(TimeoutError);
      expect(closed).toMatchObject({ closeStatus: 1_006, wasClean: false });
    });
  });

  test("answers Pings: it stays", async () => {
    await withOpen({ keepAliveInterval: 100, serverTimeout: 1_000 }, async (bench, peer) => {
      for (let turn = 0; turn < 12; turn++) {
        expect(await peer.frames(1)).toEqual(["ping:"]);
        peer.sendFrame(0x8a);
      }
      expect(bench.ends).toEqual([]);
      expect(bench.client.state).toBe(WebSocketState.Open);
    });
  });

  test("sends, but answers no Ping: any byte shows that it lives", async () => {
    await withOpen({ keepAliveInterval: 100, serverTimeout: 1_000 }, async (bench, peer) => {
      for (let turn = 0; turn < 24; turn++) {
        peer.sendFrame(0x81, asciiOf(`${turn}`));
        await letTimePass(50);
      }
      expect(bench.ends).toEqual([]);
    });
  });
});

test("a frame tells its type, its bytes and its sender", async () => {
  const frames: unknown[] = [];
  const options = {
    onMessageReceived: (_sender: unknown, { frame }: { frame: object }): void => void frames.push(frame),
  };
  await withOpen(options, async (bench, peer, server) => {
    peer.sendFrame(0x81, asciiOf("text")).sendFrame(0x82, bytesOf("00ff"));
    await bench.until("binary 00ff");
    const common = { isFragmented: false, fragmentation: FragmentationType.NotFragmented };
    const endPoint = `127.0.0.1:${server.port}`;
    expect(frames).toMatchObject([
      { ...common, endPoint, messageType: WebSocketMessageType.Text, text: "text", messageLength: 4 },
      { ...common, endPoint, messageType: WebSocketMessageType.Binary, text: "", messageLength: 2 },
    ]);
  });
});
