/** A network between client and server that delays, splits, corrupts, stalls, resets and half-closes. */

import { NODE_PACE } from "../conformance/peer.js";
import { inParallel } from "../conformance/script.js";
import type { FaultBench, FaultCase, FaultServer } from "./faultbench.js";
import type { FaultTimes } from "./faulthosts.js";
import type { Harms } from "./proxy.js";
import { letTimePass } from "../support/waiting.js";

const TEXTS = ["first", "second \u20ac", "x".repeat(3_000)];

/** The patience of the slower side. */
function timesOf({ serverHost, clientHost }: FaultBench): FaultTimes {
  return clientHost.isXs ? clientHost.times : serverHost.times;
}

const SHAPES: readonly (readonly [string, Harms])[] = [
  ["late", { toServer: { delayMs: 40 }, toClient: { delayMs: 40 } }],
  ["split into bytes", { toServer: { splitBytes: 1 }, toClient: { splitBytes: 1 } }],
  ["split oddly", { toServer: { splitBytes: 7 }, toClient: { splitBytes: 11 } }],
];

async function sameMessages(bench: FaultBench, harms: Harms): Promise<void> {
  const server = await bench.serve();
  const client = await bench.connect(await bench.proxy(server, harms));
  const sent = harms.toServer?.splitBytes === 1 ? TEXTS.slice(0, 2) : TEXTS;
  for (const text of sent) await client.send(text);
  expect((await client.until(({ texts }) => texts.length >= sent.length)).texts).toEqual(sent);
  await client.close(4000);
  expect(await client.end()).toMatchObject({ closeStatus: 4000, wasClean: true });
}

/** Refused, failed, closed, or (in the payload's letters) a message with another letter. */
async function survivesCorruption(bench: FaultBench, server: FaultServer, harms: Harms): Promise<void> {
  const { alert, handshakeMs } = timesOf(bench);
  const port = await bench.proxy(server, harms);
  const client = await bench.tryConnecting(port, { connectTimeout: handshakeMs, ...alert });
  if (client.failure !== undefined) return;
  await client.send("hello, hello, hello");
  const isOver = client.until(({ texts, ends }) => texts.length + ends.length > 0);
  await Promise.race([isOver.catch(() => undefined), letTimePass(alert.keepAliveInterval + alert.serverTimeout)]);
  await client.abort();
}

async function corruptsEverywhere(
  bench: FaultBench,
  offsets: readonly number[],
  harmsAt: (corruptAt: number) => Harms,
): Promise<void> {
  const { alert, handshakeMs } = timesOf(bench);
  const server = await bench.serve({ maxClients: 50, handshakeTimeoutMs: handshakeMs, ...alert });
  await inParallel(offsets, NODE_PACE, (corruptAt) => survivesCorruption(bench, server, harmsAt(corruptAt)));
  await bench.proveAlive(server);
  await server.until(({ clientsCount }) => clientsCount === 0);
}

function integersBelow(count: number): number[] {
  return Array.from({ length: count }, (_, at) => at);
}

const CORRUPTIONS: readonly FaultCase[] = [
  {
    name: "a byte that is corrupted on its way to the server ends that connection at most, wherever it is",
    run: (bench) =>
      corruptsEverywhere(
        bench,
        integersBelow(230).filter((at) => at % 6 === 0 || at > 170),
        (corruptAt) => ({ toServer: { corruptAt } }),
      ),
  },
  {
    name: "a byte that is corrupted on its way to the client ends the connection at most, wherever it is",
    run: (bench) =>
      corruptsEverywhere(
        bench,
        integersBelow(160).filter((at) => at % 5 === 0 || at > 120),
        (corruptAt) => ({ toClient: { corruptAt } }),
      ),
  },
];

const STALLS: readonly (readonly [string, Harms])[] = [
  ["to the server", { toServer: { stallAt: 400 } }],
  ["to the client", { toClient: { stallAt: 400 } }],
  ["in both directions", { toServer: { stallAt: 400 }, toClient: { stallAt: 400 } }],
];

async function noticesStall(bench: FaultBench, harms: Harms): Promise<void> {
  const { alert, noticeMs } = timesOf(bench);
  const server = await bench.serve(alert);
  const client = await bench.connect(await bench.proxy(server, harms), alert);
  const began = performance.now();
  await client.send("x".repeat(50), 10);
  expect(await client.end()).toMatchObject({ closeStatus: 1006, wasClean: false });
  expect(await server.closedEvents(1)).toEqual(["closed 1006 unclean"]);
  expect(performance.now() - began).toBeLessThan(noticeMs);
  await bench.proveAlive(server);
}

async function handshakeStalls(bench: FaultBench): Promise<void> {
  const { handshakeMs } = timesOf(bench);
  const server = await bench.serve({ handshakeTimeoutMs: handshakeMs });
  const port = await bench.proxy(server, { toServer: { stallAt: 60 } });
  // Either side may be the first to give up.
  const client = await bench.tryConnecting(port, { connectTimeout: handshakeMs * 1.5 });
  expect(client.failure).toMatch(/^(?:TimeoutError|HandshakeError)$/);
  await bench.proveAlive(server);
}

const RESETS: readonly (readonly [string, Harms])[] = [
  ["behind a message", { toServer: { resetAt: 420 } }],
  ["within the answer's head", { toClient: { resetAt: 40 } }],
  ["within the request's head", { toServer: { resetAt: 40 } }],
];

async function tellsReset(bench: FaultBench, harms: Harms): Promise<void> {
  const server = await bench.serve();
  const client = await bench.tryConnecting(await bench.proxy(server, harms));
  if (client.failure === undefined) {
    await client.send("x".repeat(50), 10);
    expect(await client.end()).toEqual({ closeStatus: 1006, wasClean: false, errorName: "NetworkError" });
    expect(await server.closedEvents(1)).toEqual(["closed 1006 unclean"]);
  } else expect(client.failure).toBe("NetworkError");
  await bench.proveAlive(server);
}

const HALF_CLOSES: readonly (readonly [string, Harms])[] = [
  ["the server hears", { toServer: { halfCloseAt: 300 } }],
  ["the client hears", { toClient: { halfCloseAt: 200 } }],
];

async function endsByFin(bench: FaultBench, harms: Harms): Promise<void> {
  const server = await bench.serve();
  const client = await bench.connect(await bench.proxy(server, harms));
  await client.send("x".repeat(50), 5);
  expect(await client.end()).toMatchObject({ closeStatus: 1006, wasClean: false });
  expect(await server.closedEvents(1)).toEqual(["closed 1006 unclean"]);
  await bench.proveAlive(server);
}

/** All that a network can do. */
export const NETWORK_CASES: readonly FaultCase[] = [
  ...SHAPES.map(([name, harms]) => ({
    name: `bytes that are ${name} make the same messages`,
    run: (bench: FaultBench) => sameMessages(bench, harms),
  })),
  ...CORRUPTIONS,
  ...STALLS.map(([name, harms]) => ({
    name: `a network that falls silent ${name} is noticed by both sides within interval and timeout`,
    run: (bench: FaultBench) => noticesStall(bench, harms),
  })),
  { name: "a handshake that stalls is given up by both sides", run: handshakeStalls },
  ...RESETS.map(([name, harms]) => ({
    name: `a connection that is reset ${name} is told once to each side that knew it`,
    run: (bench: FaultBench) => tellsReset(bench, harms),
  })),
  ...HALF_CLOSES.map(([name, harms]) => ({
    name: `a FIN that only ${name} ends the connection on both sides`,
    run: (bench: FaultBench) => endsByFin(bench, harms),
  })),
];
