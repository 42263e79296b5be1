/** Runs the cases on Node.js, in this process, and on XS, in the simulator. */

import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import type { Sdk } from "../../scripts/sdk.js";
import { Simulator } from "../support/simulator.js";
import { casesFor } from "./cases.js";
import { ClientRunner } from "./clientrunner.js";
import { runEchoClients } from "./echoclient.js";
import { startEchoServers } from "./echoserver.js";
import { NODE_PACE, XS_PACE } from "./peer.js";
import { ALL_PROFILE_NAMES, PROFILE_NAMES, type Profile } from "./profiles.js";
import type { Combination } from "./report.js";
import { runServerCases } from "./serverrunner.js";
import { runWsCases } from "./wspeer.js";

/** The folder of the app that is tested on XS. */
const APP = path.join("tests", "xs", "conformance");
const ALL_TIMEOUT_MS = 400_000;

export async function serverOnNode(): Promise<Combination> {
  const servers = await startEchoServers(ALL_PROFILE_NAMES);
  try {
    const cases = casesFor("server", ALL_PROFILE_NAMES);
    const results = await runServerCases(servers.ports, NODE_PACE, cases);
    return { name: "server on Node.js", results: [...results, ...(await runWsCases("server"))] };
  } finally {
    servers.abort();
  }
}

export async function clientOnNode(): Promise<Combination> {
  const runner = new ClientRunner(NODE_PACE, casesFor("client", ALL_PROFILE_NAMES), ALL_PROFILE_NAMES);
  const clients = runEchoClients(await runner.listen());
  const results = await runner.run(ALL_TIMEOUT_MS);
  await clients;
  return { name: "client on Node.js", results: [...results, ...(await runWsCases("client"))] };
}

export async function serverOnXs(sdk: Sdk): Promise<Combination> {
  const simulator = await Simulator.start(sdk, APP, ["role=server"]);
  try {
    const line = await simulator.waitForLine(/^ports /);
    const numbers = line.split(" ").slice(1).map(Number);
    const ports = Object.fromEntries(PROFILE_NAMES.map((name, at) => [name, numbers[at] ?? 0])) as Record<
      Profile,
      number
    >;
    return { name: "server on XS", results: await runServerCases(ports, XS_PACE) };
  } finally {
    await stop(simulator);
  }
}

export async function clientOnXs(sdk: Sdk): Promise<Combination> {
  const runner = new ClientRunner(XS_PACE);
  const ports = await runner.listen();
  const settings = PROFILE_NAMES.map((name) => `${name}=${ports[name]}`);
  const simulator = await Simulator.start(sdk, APP, ["role=client", ...settings]);
  try {
    return { name: "client on XS", results: await runner.run(ALL_TIMEOUT_MS) };
  } finally {
    await stop(simulator);
  }
}

async function stop(simulator: Simulator): Promise<void> {
  await simulator.stop();
  const uncaught = simulator.lines.filter((line) => line.startsWith("uncaught"));
  if (uncaught.length > 0) throw new Error(`The app has not caught: ${uncaught.join("\n")}`);
}

/** What was tested: the library, and the engines. */
export function describeEngines(sdk: Sdk | undefined): string {
  const { version } = JSON.parse(readFileSync("package.json", "utf8")) as { readonly version: string };
  const moddable = sdk === undefined ? "" : `; Moddable SDK ${sdkVersion(sdk)}, simulator for Linux`;
  return `xs-websockets ${version}; Node.js ${process.versions.node}${moddable}`;
}

function sdkVersion({ folder }: Sdk): string {
  const { status, stdout } = spawnSync("git", ["-C", folder, "describe", "--tags", "--always"], { encoding: "utf8" });
  return status === 0 ? stdout.trim() : "of an unknown version";
}
