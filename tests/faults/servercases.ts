/** Clients that want the server's memory, its time or its places. */

import { asciiOf, bytesOf, frame, header, joined, pattern } from "../support/vectors.js";
import { exchange, type FaultBench, type FaultCase } from "./faultbench.js";
import { letTimePass } from "../support/waiting.js";
import { upgradeRequest } from "../support/upgrades.js";

/** A frame of 2^40 bytes, as it is announced. */
export const HUGE_HEADER = "82ff0000010000000000";

async function neverReads(bench: FaultBench): Promise<void> {
  const maxQueueBytes = 20_000;
  const { serverTimeout } = bench.serverHost.times.alert;
  const server = await bench.serve({ maxQueueBytes, serverTimeout, keepAliveInterval: 0 });
  const well = await bench.open(server);
  const deaf = await bench.open(server);
  deaf.sendFrame(0x81, asciiOf("!flood"));
  deaf.socket.pause();
  let turns = 0;
  // The buffers of the system are filled first: megabytes, of which the simulator sends 75 KB in a second.
  for (let clientsCount = 2; clientsCount === 2; turns++) {
    await exchange(well, `turn ${turns}`);
    ({ clientsCount } = await server.figures());
  }
  // Also on a busy machine, where an exchange takes long.
  expect(turns).toBeGreaterThan(1);
  expect(await server.closedEvents(1)).toEqual(["closed 1006 unclean"]);
  const { largestQueue } = await server.figures();
  expect(largestQueue).toBeGreaterThan(maxQueueBytes / 2);
  expect(largestQueue).toBeLessThanOrEqual(maxQueueBytes);
  await exchange(well, "still there");
}

async function pingsWithoutReading(bench: FaultBench): Promise<void> {
  const { isXs } = bench.serverHost;
  const server = await bench.serve({ maxQueueBytes: 20_000, keepAliveInterval: 0 });
  const deaf = await bench.open(server);
  deaf.sendFrame(0x81, asciiOf("!watch"));
  deaf.socket.pause();
  const pings = joined(Array.from({ length: 1_000 }, () => frame(0x89, pattern(125), true)));
  for (let turn = 0; turn < (isXs ? 3 : 60); turn++) {
    deaf.send(pings);
    await letTimePass(2);
  }
  await letTimePass(isXs ? 2_000 : 100);
  // 16 Pongs wait in the library at most; what the system took is not ours.
  expect((await server.figures()).largestQueue).toBeLessThan(200_000);
  await bench.proveAlive(server);
}

async function slowHandshake(bench: FaultBench): Promise<void> {
  const { handshakeMs, noticeMs } = bench.serverHost.times;
  const server = await bench.serve({ handshakeTimeoutMs: handshakeMs, maxClients: 3 });
  const began = performance.now();
  const slow = bench.raw(server);
  const stop = slow.repeat(20, "G");
  await bench.proveAlive(server);
  expect(await slow.head()).toContain("408 Request Timeout");
  stop();
  expect(performance.now() - began).toBeLessThan(noticeMs);
}

async function manySlowHandshakes(bench: FaultBench): Promise<void> {
  const { handshakeMs } = bench.serverHost.times;
  const server = await bench.serve({ handshakeTimeoutMs: handshakeMs, maxClients: 4 });
  const slow = Array.from({ length: 12 }, () => bench.raw(server).send("GET / "));
  const answers = await Promise.all(slow.map((client) => client.all()));
  expect(answers.filter((answer) => / (?:408|503) /.test(answer))).toHaveLength(12);
  expect(answers.filter((answer) => answer.includes(" 503 ")).length).toBeGreaterThanOrEqual(4);
  await bench.proveAlive(server);
}

async function stopsWithinFrame(bench: FaultBench): Promise<void> {
  const server = await bench.serve(bench.serverHost.times.alert);
  const slow = await bench.open(server);
  slow.send(header(0x82, 1_000, true)).send(pattern(10));
  await bench.proveAlive(server);
  expect(await slow.all()).toBe("\x89\0");
  expect((await server.closedEvents(2)).at(-1)).toBe("closed 1006 unclean");
  await bench.proveAlive(server);
}

/** Each byte answers for a Ping: only the time that a message may take ends this. */
async function tricklesFrame(bench: FaultBench): Promise<void> {
  const { alert, messageMs, noticeMs } = bench.serverHost.times;
  const server = await bench.serve({ ...alert, messageTimeoutMs: messageMs });
  const slow = await bench.open(server);
  const began = performance.now();
  slow.send(header(0x82, 1_000, true));
  const stop = slow.repeat(20, "x");
  await bench.proveAlive(server);
  // Where this machine is slow, a Ping asks for the bytes.
  await slow.framesUntil("close:1008");
  stop();
  expect(performance.now() - began).toBeGreaterThan(messageMs * 0.9);
  expect(performance.now() - began).toBeLessThan(messageMs + noticeMs);
  slow.destroy();
  expect((await server.closedEvents(2)).at(-1)).toBe("closed 1008 unclean");
  await bench.proveAlive(server);
}

/** "a", 9,998 "b" and "c", each in a frame of its own. */
export function tinyFragments(isMasked: boolean): Uint8Array {
  return joined([
    frame(0x01, asciiOf("a"), isMasked),
    ...Array.from({ length: 9_998 }, () => frame(0, asciiOf("b"), isMasked)),
    frame(0x80, asciiOf("c"), isMasked),
  ]);
}

async function sendsTinyFragments(bench: FaultBench): Promise<void> {
  const bounded = await bench.serve({ maxFragments: 1_024 });
  const client = await bench.open(bounded);
  client.send(tinyFragments(true));
  expect(await client.frames(1)).toEqual(["close:1008"]);
  const unbounded = await bench.serve({ maxFragments: 0 });
  const other = await bench.open(unbounded);
  other.send(tinyFragments(true));
  await unbounded.until(({ longestText }) => longestText === 10_000);
}

async function announcesHugeFrames(bench: FaultBench): Promise<void> {
  const count = bench.serverHost.isXs ? 30 : 100;
  const server = await bench.serve({ maxClients: count });
  const before = await bench.serverHost.measureBuffers();
  const clients = await Promise.all(Array.from({ length: count }, () => bench.open(server)));
  for (const client of clients) client.send(bytesOf(`${HUGE_HEADER}37fa213d`));
  for (const client of clients) expect(await client.frames(1)).toEqual(["close:1009"]);
  expect((await bench.serverHost.measureBuffers()) - before).toBeLessThan(10_000_000);
}

async function floodsWithConnects(bench: FaultBench): Promise<void> {
  const server = await bench.serve({ maxClients: 5 });
  const first = await Promise.all(Array.from({ length: 5 }, () => bench.open(server)));
  const count = bench.serverHost.isXs ? 100 : 300;
  const late = Array.from({ length: count }, () => bench.raw(server).send(upgradeRequest()));
  const answers = await Promise.all(late.map((client) => client.all()));
  // As many as may ask at the same time are answered, twice over; those beyond get no answer.
  const refused = answers.filter((answer) => answer.startsWith("HTTP/1.1 503 "));
  expect(refused.length).toBeGreaterThan(0);
  expect(answers.filter((answer) => !answer.startsWith("HTTP/1.1 503 ") && answer !== "")).toEqual([]);
  expect((await server.figures()).clientsCount).toBe(5);
  for (const client of first) client.sendFrame(0x89);
  for (const client of first) expect(await client.frames(1)).toEqual(["pong:"]);
  first[0]?.destroy();
  await server.until(({ clientsCount }) => clientsCount === 4);
  await bench.proveAlive(server);
}

async function hookFails(bench: FaultBench, hook: "throws" | "rejects"): Promise<void> {
  const server = await bench.serve({}, hook);
  const client = bench.raw(server).send(upgradeRequest());
  expect(await client.all()).toContain("HTTP/1.1 500 ");
  expect(bench.serverHost.hasLogged("The accept hook failed")).toBe(true);
  await server.setHook("accepts");
  await bench.proveAlive(server);
}

async function hookIsSilent(bench: FaultBench): Promise<void> {
  const { handshakeMs } = bench.serverHost.times;
  const server = await bench.serve({ maxClients: 1, handshakeTimeoutMs: handshakeMs }, "is silent");
  const client = bench.raw(server).send(upgradeRequest());
  expect(await client.all()).toContain("HTTP/1.1 503 ");
  await server.setHook("accepts");
  await bench.proveAlive(server);
}

async function leavesSilentHook(bench: FaultBench): Promise<void> {
  const { handshakeMs } = bench.serverHost.times;
  const server = await bench.serve({ maxClients: 1, handshakeTimeoutMs: handshakeMs }, "is silent");
  const client = bench.raw(server).send(upgradeRequest());
  await letTimePass(handshakeMs / 4);
  client.destroy();
  await letTimePass(handshakeMs);
  expect(await bench.raw(server).send(upgradeRequest()).all()).toContain("HTTP/1.1 503 ");
  expect((await server.figures()).events).toEqual([]);
}

/** What hostile clients try. */
export const SERVER_CASES: readonly FaultCase[] = [
  {
    name: "a peer that never reads keeps its queue within maxQueueBytes, is closed in time, and the others go on",
    isLong: true,
    run: neverReads,
  },
  { name: "Pings of a peer that never reads the Pongs take no more memory than a few", run: pingsWithoutReading },
  {
    name: "slowloris on the handshake: bytes that trickle do not prolong it, and others connect meanwhile",
    run: slowHandshake,
  },
  {
    name: "slowloris on the handshake, by more peers than there are places: all are answered, and the places are free again",
    run: manySlowHandshakes,
  },
  {
    name: "slowloris on a frame: a peer that stops within it is closed by the Ping's deadline, and others go on",
    run: stopsWithinFrame,
  },
  {
    name: "slowloris on a frame: a peer that trickles it keeps its place for messageTimeoutMs, and is told 1008",
    run: tricklesFrame,
  },
  {
    name: "10,000 tiny fragments end with 1008, or make one message where maxFragments allows it",
    run: sendsTinyFragments,
  },
  { name: "announced frames of 2^40 bytes are refused from their headers, by many peers", run: announcesHugeFrames },
  {
    name: "a flood of connects past maxClients: those who have a place keep it, the others get 503 or no answer",
    run: floodsWithConnects,
  },
  {
    name: "an accept hook that throws is answered with 500, and the server lives",
    run: (bench) => hookFails(bench, "throws"),
  },
  {
    name: "an accept hook whose promise rejects is answered with 500, and the server lives",
    run: (bench) => hookFails(bench, "rejects"),
  },
  {
    name: "an accept hook that never answers: the client is answered with 503, and its place is free again",
    run: hookIsSilent,
  },
  { name: "an accept hook that never answers, and a client that leaves meanwhile", run: leavesSilentHook },
];
