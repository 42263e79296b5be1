/** Servers that want the client's memory or its time. */

import { asciiOf, bytesOf, frame, header, joined, pattern } from "../support/vectors.js";
import { type FaultBench, type FaultCase, type FaultClient, LONG_PATIENCE_MS } from "./faultbench.js";
import { HUGE_HEADER, tinyFragments } from "./servercases.js";
import { letTimePass } from "../support/waiting.js";
import type { RawPeer } from "../support/rawpeer.js";
import type { RawServer } from "../support/rawserver.js";

type Options = Parameters<FaultBench["connect"]>[1];

/** A client and the hostile server that has accepted it. */
async function accepted(
  bench: FaultBench,
  options: Options = {},
): Promise<{ readonly client: FaultClient; readonly peer: RawPeer; readonly server: RawServer }> {
  const server = await bench.rawServer();
  const accepting = server.next().then((peer) => peer.accept());
  const client = await bench.connect(server.port, options);
  return { client, peer: await accepting, server };
}

async function neverReads(bench: FaultBench): Promise<void> {
  const maxQueueBytes = 20_000;
  const { serverTimeout } = bench.clientHost.times.alert;
  const { client, peer } = await accepted(bench, { maxQueueBytes, serverTimeout, keepAliveInterval: 0 });
  peer.socket.pause();
  await client.flood();
  await client.until(({ ends }) => ends.length > 0, LONG_PATIENCE_MS);
  expect(await client.end()).toEqual({ closeStatus: 1006, wasClean: false, errorName: "TimeoutError" });
  const { largestQueue } = await client.figures();
  expect(largestQueue).toBeGreaterThan(maxQueueBytes / 2);
  expect(largestQueue).toBeLessThanOrEqual(maxQueueBytes);
  await bench.proveClientAlive();
}

async function pingsWithoutReading(bench: FaultBench): Promise<void> {
  const { isXs } = bench.clientHost;
  const { client, peer } = await accepted(bench, { maxQueueBytes: 20_000, keepAliveInterval: 0 });
  await client.watch();
  peer.socket.pause();
  const pings = joined(Array.from({ length: 1_000 }, () => frame(0x89, pattern(125), false)));
  for (let turn = 0; turn < (isXs ? 3 : 60); turn++) {
    peer.send(pings);
    await letTimePass(2);
  }
  await letTimePass(isXs ? 2_000 : 100);
  expect((await client.figures()).largestQueue).toBeLessThan(200_000);
  await bench.proveClientAlive();
}

async function slowAnswer(bench: FaultBench): Promise<void> {
  const { handshakeMs, noticeMs } = bench.clientHost.times;
  const server = await bench.rawServer();
  const began = performance.now();
  void server.next().then((peer) => peer.repeat(20, "H"));
  const client = await bench.tryConnecting(server.port, { connectTimeout: handshakeMs });
  expect(client.failure).toBe("TimeoutError");
  expect(performance.now() - began).toBeLessThan(noticeMs);
  expect(await client.end()).toMatchObject({ closeStatus: 1006, errorName: "TimeoutError" });
  await bench.proveClientAlive();
}

async function stopsWithinFrame(bench: FaultBench): Promise<void> {
  const { client, peer } = await accepted(bench, bench.clientHost.times.alert);
  peer.send(header(0x82, 1_000, false)).send(pattern(10));
  expect(await client.end()).toEqual({ closeStatus: 1006, wasClean: false, errorName: "TimeoutError" });
  await bench.proveClientAlive();
}

/** Each byte answers for a Ping: only the time that a message may take ends this. */
async function tricklesFrame(bench: FaultBench): Promise<void> {
  const { alert, messageMs } = bench.clientHost.times;
  const { client, peer } = await accepted(bench, { ...alert, messageTimeoutMs: messageMs });
  peer.send(header(0x82, 1_000, false));
  const stop = peer.repeat(20, "x");
  // Where this machine is slow, a Ping asks for the bytes.
  await peer.framesUntil("close:1008");
  stop();
  peer.socket.end();
  expect(await client.end()).toMatchObject({ closeStatus: 1008, wasClean: false });
  await bench.proveClientAlive();
}

async function sendsTinyFragments(bench: FaultBench): Promise<void> {
  const bounded = await accepted(bench, { maxFragments: 1_024 });
  bounded.peer.send(tinyFragments(false));
  expect(await bounded.peer.frames(1)).toEqual(["close:1008"]);
  bounded.peer.socket.end();
  expect(await bounded.client.end()).toMatchObject({ closeStatus: 1008, wasClean: false });
  const unbounded = await accepted(bench, { maxFragments: 0 });
  unbounded.peer.send(tinyFragments(false));
  const { texts } = await unbounded.client.until((figures) => figures.texts.length > 0);
  expect(texts).toEqual([`a${"b".repeat(9_998)}c`]);
}

async function announcesHugeFrame(bench: FaultBench): Promise<void> {
  const before = await bench.clientHost.measureBuffers();
  const { client, peer } = await accepted(bench);
  peer.send(bytesOf(HUGE_HEADER.replace("ff", "7f")));
  expect(await peer.frames(1)).toEqual(["close:1009"]);
  peer.socket.end();
  expect(await client.end()).toMatchObject({ closeStatus: 1009, errorName: "ProtocolError" });
  expect((await bench.clientHost.measureBuffers()) - before).toBeLessThan(10_000_000);
  await bench.proveClientAlive();
}

async function floodsWithMessages(bench: FaultBench): Promise<void> {
  const { client, peer } = await accepted(bench);
  const text = "m".repeat(100);
  peer.send(joined(Array.from({ length: 500 }, () => frame(0x81, asciiOf(text), false))));
  const { texts } = await client.until((figures) => figures.texts.length === 500);
  expect(new Set(texts)).toEqual(new Set([text]));
  peer.socket.resetAndDestroy();
  expect(await client.end()).toMatchObject({ closeStatus: 1006, errorName: "NetworkError" });
}

/** What hostile servers try. tests/client has more of them, on Node.js. */
export const CLIENT_CASES: readonly FaultCase[] = [
  {
    name: "a server that never reads: the queue stays within maxQueueBytes, and the connection is given up in time",
    isLong: true,
    run: neverReads,
  },
  { name: "Pings of a server that never reads the Pongs take no more memory than a few", run: pingsWithoutReading },
  { name: "slowloris on the answer: bytes that trickle do not prolong connectTimeout", run: slowAnswer },
  {
    name: "slowloris on a frame: a server that stops within it is given up by the Ping's deadline",
    run: stopsWithinFrame,
  },
  {
    name: "slowloris on a frame: a server that trickles it is given up after messageTimeoutMs, and told 1008",
    run: tricklesFrame,
  },
  {
    name: "10,000 tiny fragments end with 1008, or make one message where maxFragments allows it",
    run: sendsTinyFragments,
  },
  { name: "an announced frame of 2^40 bytes is refused from its header", run: announcesHugeFrame },
  { name: "500 messages in one segment, and a reset", run: floodsWithMessages },
];
