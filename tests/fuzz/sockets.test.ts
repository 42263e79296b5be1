/** Mutated streams over real sockets, to servers and clients on Node.js and on XS. FUZZ_SEED repeats a run. */

import { connect } from "node:net";
import { startEchoServers } from "../conformance/echoserver.js";
import { NODE_PACE, type Pace, XS_PACE } from "../conformance/peer.js";
import { PROFILE_NAMES, type Ports } from "../conformance/profiles.js";
import { runServerCases } from "../conformance/serverrunner.js";
import { inParallel } from "../conformance/script.js";
import { formatProblems } from "../conformance/report.js";
import { silenceLog } from "../server/servertest.js";
import { ControlledApp } from "../support/controlledapp.js";
import { describeIf } from "../support/describeif.js";
import { findSimulatorSdk, Simulator } from "../support/simulator.js";
import { type FuzzFigures, type FuzzRequest, runFuzzClients } from "./fuzzclients.js";
import { FuzzServer } from "./fuzzserver.js";
import { fuzzSettings, Random } from "./random.js";
import { chunksOf, randomHead, randomStream } from "./streams.js";
import { upgradeRequest } from "../support/upgrades.js";
import { LONG_MS } from "../support/building.js";
import { letTimePass } from "../support/waiting.js";

const { seed } = fuzzSettings(0);
/** Clients that connect at the same time. */
const FUZZ_LANES = 32;
const sdk = findSimulatorSdk();

/** One connection: a head, mostly a good one, and a stream, in chunks; then FIN, RST, or waiting for the server's end. */
function attack(port: number, own: number, { gapMs }: Pace): Promise<void> {
  const random = new Random(own);
  const head = random.isOnceIn(4) ? randomHead(random, false) : new TextEncoder().encode(upgradeRequest());
  const chunks = [head, ...chunksOf(random, randomStream(random, true)).slice(0, 10)];
  const end = random.below(3);
  return new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1" });
    socket.on("error", () => undefined);
    socket.on("close", () => resolve());
    socket.resume();
    const sendNext = (): void => {
      const chunk = chunks.shift();
      if (chunk !== undefined && socket.writable)
        socket.write(chunk, () => void letTimePass(random.pick([0, gapMs])).then(sendNext));
      else if (end === 0) socket.resetAndDestroy();
      else if (end === 1) socket.end();
      else void letTimePass(gapMs * 3).then(() => socket.destroy());
    };
    socket.once("connect", sendNext);
  });
}

/** Many connections, and then the proof that the server is whole: no client is left, and messages come back. */
async function attackMany(ports: Ports, count: number, pace: Pace): Promise<string[]> {
  const seeds = new Random(seed);
  const attacks = Array.from(
    { length: count },
    () => [ports[seeds.pick(PROFILE_NAMES)] ?? 0, seeds.below(0x1_0000_0000)] as const,
  );
  await inParallel(attacks, pace, ([port, own]) => attack(port, own, pace));
  const results = await runServerCases(ports, pace, []);
  return formatProblems({ name: `FUZZ_SEED=${seed}`, results });
}

test("a server on Node.js lives through 2,000 connections", async () => {
  const log = silenceLog();
  const servers = await startEchoServers();
  try {
    expect(await attackMany(servers.ports, 2_000, NODE_PACE)).toEqual([]);
  } finally {
    servers.abort();
    log.mockRestore();
  }
});

/** Clients connect to a hostile server, so often: each attempt ends once, and in time. */
async function attackClients(
  count: number,
  { gapMs }: Pace,
  run: (request: FuzzRequest) => Promise<FuzzFigures>,
): Promise<void> {
  const server = new FuzzServer(seed, count, gapMs);
  try {
    const figures = await run({ port: await server.listen(), lanes: FUZZ_LANES });
    const { connects, opened, messages, closedEvents, longestMs, problems } = figures;
    expect({ seed, problems, closedEvents }).toEqual({ seed, problems: [], closedEvents: connects });
    // The last connection of each lane is told that it is enough: once more where the machine is too busy to tell it in time.
    expect(connects).toBeGreaterThanOrEqual(count + FUZZ_LANES);
    expect(opened).toBeGreaterThan(count / 4);
    expect(messages).toBeGreaterThan(count / 20);
    // connectTimeout, or interval and timeout, and the time to close: a second, on a machine that is not busy.
    expect(longestMs).toBeLessThan(30_000);
  } finally {
    server.close();
  }
}

test("clients on Node.js live through 2,000 connections", async () => {
  await attackClients(2_000, NODE_PACE, runFuzzClients);
});

describeIf(sdk !== undefined, "the Moddable SDK", "fuzz over sockets on XS, in the simulator", () => {
  test(
    "a server lives through 500 connections",
    async () => {
      if (sdk === undefined) return;
      const simulator = await Simulator.start(sdk, "tests/xs/conformance", ["role=server"]);
      try {
        const line = await simulator.waitForLine(/^ports /);
        const numbers = line.split(" ").slice(1).map(Number);
        const ports = Object.fromEntries(PROFILE_NAMES.map((name, at) => [name, numbers[at] ?? 0])) as Ports;
        expect(await attackMany(ports, 500, XS_PACE)).toEqual([]);
        expect(simulator.lines.filter((text) => text.startsWith("uncaught") || text.startsWith("XS abort"))).toEqual(
          [],
        );
      } finally {
        await simulator.stop();
      }
    },
    LONG_MS,
  );

  test(
    "clients live through 500 connections",
    async () => {
      if (sdk === undefined) return;
      const app = await ControlledApp.start(sdk, "tests/xs/fuzz");
      try {
        await attackClients(500, XS_PACE, (request) => app.ask("fuzz", request) as Promise<FuzzFigures>);
        expect(app.problems).toEqual([]);
      } finally {
        await app.stop();
      }
    },
    LONG_MS,
  );
});
