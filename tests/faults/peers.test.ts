/** Peers that want the server's memory, its time or its places. */

import { delay, eventually, silenceLog, withServer } from "../server/servertest.js";
import { upgradeRequest } from "../support/rawclient.js";
import { asciiOf, bytesOf, frame, header, joined, pattern } from "../support/vectors.js";
import { withFaults } from "./faultbench.js";

test("a peer that never reads keeps its queue within its bound, is closed in time, and the others go on", async () => {
  const maxQueueBytes = 100_000;
  await withServer({ maxQueueBytes, serverTimeout: 500, keepAliveInterval: 0 }, async (bench) => {
    const deaf = await bench.open();
    deaf.socket.pause();
    const well = await bench.open();
    const [deafEnd = "", wellEnd = ""] = bench.server.listClients();
    let refused = 0;
    let heard = 0;
    for (let turn = 0; bench.server.clientsCount === 2; turn++) {
      // Megabytes fill the buffers of the system first.
      for (let piece = 0; piece < 20; piece++) if (!bench.server.sendData(deafEnd, pattern(50_000))) refused++;
      bench.server.sendString(wellEnd, `turn ${turn}`);
      await well.until(`turn ${turn}`);
      heard++;
      await delay(2);
    }
    expect(refused).toBeGreaterThan(0);
    expect(heard).toBeGreaterThan(5);
    expect(bench.closedEvents).toEqual(["closed 1006 unclean"]);
    expect(bench.server.listClients()).toEqual([wellEnd]);
  });
});

test("the queue of a peer that never reads holds at most maxQueueBytes", async () => {
  const maxQueueBytes = 100_000;
  let largest = 0;
  await withServer(
    {
      maxQueueBytes,
      onWebSocketOpened: (_sender, { webSocket }) => {
        while (webSocket.sendBytes(pattern(10_000))) largest = Math.max(largest, webSocket.bufferedAmount);
      },
    },
    async (bench) => {
      const deaf = await bench.open();
      deaf.socket.pause();
      await delay(50);
      expect(largest).toBeGreaterThan(50_000);
      expect(largest).toBeLessThanOrEqual(maxQueueBytes);
    },
  );
});

test("Pings of a peer that never reads the Pongs take no more memory than a few", async () => {
  const before: number[] = [];
  await withServer(
    {
      maxQueueBytes: 20_000,
      onWebSocketOpened: (_sender, { webSocket }) => {
        const timer = setInterval(() => before.push(webSocket.bufferedAmount), 20);
        webSocket.onConnectionClosed = () => {
          clearInterval(timer);
        };
      },
    },
    async (bench) => {
      const deaf = await bench.open();
      deaf.socket.pause();
      const pings = joined(Array.from({ length: 1_000 }, () => frame(0x89, pattern(125), true)));
      for (let turn = 0; turn < 60; turn++) {
        deaf.send(pings);
        await delay(2);
      }
      await delay(100);
      // 16 Pongs wait in the library at most; what the system took is not ours.
      expect(Math.max(...before)).toBeLessThan(200_000);
    },
  );
});

describe("slowloris", () => {
  test("on the handshake: bytes that trickle do not prolong it, and others connect meanwhile", async () => {
    await withServer({ handshakeTimeoutMs: 300, maxClients: 3 }, async (bench) => {
      const began = performance.now();
      const slow = bench.connect();
      const timer = setInterval(() => slow.socket.writable && slow.send("GET / HTTP/1.1\r\n".charAt(0)), 20);
      const well = await bench.open();
      well.sendFrame(0x81, asciiOf("a"));
      expect(await slow.all()).toContain("408 Request Timeout");
      clearInterval(timer);
      expect(performance.now() - began).toBeLessThan(800);
    });
  });

  test("on the handshake, by more peers than there are places: all are answered, and the places are free again", async () => {
    await withServer({ handshakeTimeoutMs: 200, maxClients: 4 }, async (bench) => {
      const slow = Array.from({ length: 12 }, () => bench.connect().send("GET / "));
      const answers = await Promise.all(slow.map((client) => client.all()));
      expect(answers.filter((answer) => / (?:408|503) /.test(answer))).toHaveLength(12);
      expect(answers.filter((answer) => answer.includes(" 503 ")).length).toBeGreaterThanOrEqual(4);
      await bench.open();
    });
  });

  test("on a frame: a peer that stops within it is closed by the Ping's deadline, and others go on", async () => {
    await withFaults({ keepAliveInterval: 100, serverTimeout: 150 }, async (bench) => {
      const slow = await bench.servers.open();
      slow.send(header(0x82, 1_000, true)).send(pattern(10));
      await bench.proveAlive();
      expect(bench.servers.server.clientsCount).toBeGreaterThan(0);
      expect(await slow.all()).toBe("\x89\0");
      await bench.proveAlive();
    });
  });
});

test("10,000 tiny fragments end with 1008, or make one message where maxFragments allows it", async () => {
  const fragments = joined([
    frame(0x01, asciiOf("a"), true),
    ...Array.from({ length: 9_998 }, () => frame(0, asciiOf("b"), true)),
    frame(0x80, asciiOf("c"), true),
  ]);
  await withServer({}, async (bench) => {
    const client = await bench.open();
    client.send(fragments);
    expect(await client.frames(1)).toEqual(["close:1008"]);
  });
  await withServer({ maxFragments: 0 }, async (bench) => {
    const client = await bench.open();
    client.send(fragments);
    await bench.until(`message a${"b".repeat(9_998)}c`);
  });
});

test("an announced frame of 2^40 bytes is refused from its header, by 100 peers at the same time", async () => {
  await withServer({ maxClients: 100 }, async (bench) => {
    const before = process.memoryUsage().arrayBuffers;
    const clients = await Promise.all(Array.from({ length: 100 }, () => bench.open()));
    for (const client of clients) client.send(bytesOf("82ff000001000000000037fa213d"));
    for (const client of clients) expect(await client.frames(1)).toEqual(["close:1009"]);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(10_000_000);
  });
});

test("a flood of 300 connects past maxClients: those who have a place keep it, the others get 503", async () => {
  await withServer({ maxClients: 5 }, async (bench) => {
    const first = await Promise.all(Array.from({ length: 5 }, () => bench.open()));
    const late = Array.from({ length: 300 }, () => bench.connect().send(upgradeRequest()));
    const answers = await Promise.all(late.map((client) => client.all()));
    expect(answers.filter((answer) => !answer.startsWith("HTTP/1.1 503 "))).toEqual([]);
    expect(bench.server.clientsCount).toBe(5);
    for (const client of first) client.sendFrame(0x89);
    for (const client of first) expect(await client.frames(1)).toEqual(["pong:"]);
    first[0]?.destroy();
    await eventually(() => bench.server.clientsCount === 4);
    await bench.open();
  });
});

describe("an accept hook", () => {
  test.each([
    [
      "that throws",
      () => {
        throw new Error("hook");
      },
    ],
    ["whose promise rejects", () => Promise.reject(new Error("hook"))],
  ])("%s is answered with 500, and the server lives", async (_name, acceptClient) => {
    const log = silenceLog();
    let isBroken = true;
    await withServer({ acceptClient: () => (isBroken ? acceptClient() : true) }, async (bench) => {
      const client = bench.connect().send(upgradeRequest());
      expect(await client.all()).toContain("HTTP/1.1 500 ");
      expect(log).toHaveBeenCalledWith(expect.stringContaining("accept hook"));
      isBroken = false;
      await bench.open();
    });
    log.mockRestore();
  });

  test("that never answers: the client is answered with 503, and its place is free again", async () => {
    let isSilent = true;
    await withServer(
      {
        maxClients: 1,
        handshakeTimeoutMs: 200,
        acceptClient: () => (isSilent ? new Promise<boolean>(() => undefined) : true),
      },
      async (bench) => {
        const client = bench.connect().send(upgradeRequest());
        expect(await client.all()).toContain("HTTP/1.1 503 ");
        isSilent = false;
        await bench.open();
      },
    );
  });

  test("that never answers, and a client that leaves meanwhile", async () => {
    await withServer(
      { maxClients: 1, handshakeTimeoutMs: 200, acceptClient: () => new Promise<boolean>(() => undefined) },
      async (bench) => {
        const client = bench.connect().send(upgradeRequest());
        await delay(50);
        client.destroy();
        await delay(250);
        expect(await bench.connect().send(upgradeRequest()).all()).toContain("HTTP/1.1 503 ");
        expect(bench.events).toEqual([]);
      },
    );
  });
});
