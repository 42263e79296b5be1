/**
 * A steady load for some minutes: `npm run soak -- [host=node|xs] [minutes=10] [clients=20] [rate=50]`. Each client sends
 * `rate` messages a second and wants each back; every ten seconds one client leaves and comes again. With host=xs there
 * are two loads at the same time: clients on Node.js of a server in the simulator, and clients there of a server on
 * Node.js. Prints a line a minute, and fails where a message is lost or memory grows.
 */

import { findSimulatorSdk } from "../support/simulator.js";
import { readOptions, runScript, UsageError } from "../../scripts/commandline.js";
import { missingSdkMessage } from "../../scripts/sdk.js";
import { nodeStage, type SoakStage, xsStage } from "./soakstages.js";
import type { SoakFigures } from "./soakload.js";
import { letTimePass } from "../support/waiting.js";

const WARM_UP_MS = 10_000;
const LEAVE_EVERY_MS = 10_000;
const TURNS_IN_A_MINUTE = 6;
/** What memory may seem to grow by, in bytes: garbage that is not collected yet. Anything else does not grow. */
const NOISE: Readonly<Record<string, number>> = { "Node.js heap": 5_242_880, "XS slots": 3_000, "XS chunks": 3_000 };

function describe(name: string, { sent, received, medianMs, slowPercentMs, slowestMs }: SoakFigures): string {
  const times = `latency median ${medianMs.toFixed(2)} ms, 99 % ${slowPercentMs.toFixed(2)} ms`;
  return `${name}: ${received} of ${sent} messages came back; ${times}, slowest ${slowestMs.toFixed(0)} ms`;
}

function describeMemory(memory: Readonly<Record<string, number>>): string {
  return Object.entries(memory)
    .map(([name, bytes]) => `${name} ${bytes}`)
    .join(", ");
}

/** Clients come, send, and leave, so that memory is compared without them. */
async function warmUp({ loads }: SoakStage): Promise<void> {
  await Promise.all(loads.map((load) => load.start()));
  await letTimePass(WARM_UP_MS);
  for (const load of loads) await load.replaceOne();
  await Promise.all(loads.map((load) => load.stop()));
}

async function run(stage: SoakStage, minutes: number): Promise<boolean> {
  const { loads } = stage;
  await warmUp(stage);
  const before = await stage.measureMemory();
  await Promise.all(loads.map((load) => load.start()));
  const end = performance.now() + minutes * 60_000;
  for (let turn = 1; performance.now() < end; turn++) {
    await letTimePass(Math.max(0, Math.min(LEAVE_EVERY_MS, end - performance.now())));
    await Promise.all(loads.map((load) => load.replaceOne()));
    if (turn % TURNS_IN_A_MINUTE > 0) continue;
    for (const load of loads)
      console.log(`${turn / TURNS_IN_A_MINUTE} min: ${describe(load.name, await load.figures())}`);
  }
  const all = await Promise.all(loads.map(async (load) => ({ name: load.name, figures: await load.stop() })));
  const after = await stage.measureMemory();
  console.log(`${minutes} min, ${stage.description}`);
  for (const { name, figures } of all) console.log(describe(name, figures));
  console.log(`memory without clients, before: ${describeMemory(before)}`);
  console.log(`memory without clients, after: ${describeMemory(after)}`);
  const problems = [
    ...stage.problems(),
    ...all.filter(({ figures }) => figures.received !== figures.sent).map(({ name }) => `${name}: messages are lost`),
    ...all.filter(({ figures }) => figures.refused > 0).map(({ name }) => `${name}: the queue was full`),
    ...all.filter(({ figures }) => figures.lost > 0).map(({ name }) => `${name}: connections are lost`),
    ...Object.entries(after)
      .filter(([name, bytes]) => bytes > (before[name] ?? 0) + (NOISE[name] ?? 0))
      .map(([name]) => `${name} grows`),
  ];
  for (const problem of problems) console.error(`FAILED ${problem}`);
  return problems.length === 0;
}

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2), ["host", "minutes", "clients", "rate"]);
  const option = (name: string, value: number): number => {
    const number = Number(options.get(name) ?? value);
    if (number > 0) return number;
    throw new UsageError(`${name}=${options.get(name) ?? ""}: this is a number above 0, such as ${name}=${value}.`);
  };
  const host = options.get("host") ?? "node";
  if (host !== "node" && host !== "xs") throw new UsageError(`host=${host}: this is node or xs.`);
  const isXs = host === "xs";
  const sdk = isXs ? findSimulatorSdk() : undefined;
  if (isXs && sdk === undefined) throw new UsageError(missingSdkMessage.trimEnd());
  // The simulator moves 1,536 bytes of each connection every 20 ms.
  const plan = { clients: option("clients", isXs ? 8 : 20), rate: option("rate", isXs ? 10 : 50) };
  const minutes = option("minutes", 10);
  const stage = sdk === undefined ? await nodeStage(plan) : await xsStage(plan, sdk);
  try {
    return (await run(stage, minutes)) ? 0 : 1;
  } finally {
    await stage.stop();
  }
}

runScript(main);
