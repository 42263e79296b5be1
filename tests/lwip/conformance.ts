/**
 * Runs the conformance cases against a device, within the namespace of tap.ts: `conformance.ts server|client VARIANT`.
 * Writes a line of JSON.
 */

import { ClientRunner } from "../conformance/clientrunner.js";
import { NODE_PACE, type Pace } from "../conformance/peer.js";
import { PROFILE_NAMES, type Profile } from "../conformance/profiles.js";
import { formatProblems } from "../conformance/report.js";
import type { Result } from "../conformance/script.js";
import { runServerCases } from "../conformance/serverrunner.js";
import { buildDevice, conformanceDevice, findSources, missingSources, type Variant } from "./build.js";
import { Device } from "./device.js";
import { TAP_NETWORK } from "./tap.js";

/** The device is slower than Node.js, under a sanitizer by far; bytes go at once. */
const PACE: Pace = { ...NODE_PACE, gapMs: 4, bigTimeoutMs: 60_000, slackMs: 5_000 };
const ALL_TIMEOUT_MS = 400_000;

/** What is written. */
export interface ConformanceReport {
  readonly count: number;
  readonly problems: readonly string[];
}

async function runServer(device: Device): Promise<Result[]> {
  const line = await device.line(/^ports /, 30_000);
  const numbers = line.split(" ").slice(1).map(Number);
  const ports = Object.fromEntries(PROFILE_NAMES.map((name, at) => [name, numbers[at] ?? 0])) as Record<
    Profile,
    number
  >;
  return runServerCases(ports, PACE, undefined, TAP_NETWORK.deviceAddress);
}

async function main([role = "server", variant = "plain"]: readonly string[]): Promise<void> {
  const sources = findSources();
  if (sources === undefined) throw new Error(`missing: ${missingSources}`);
  const options = conformanceDevice(role === "client" ? "client" : "server", variant as Variant);
  const program = await buildDevice(sources, options.device);
  const runner = new ClientRunner(PACE);
  if (role === "client") await runner.listen(TAP_NETWORK.peerAddress, options.ports);
  const device = Device.start(program, TAP_NETWORK.environment);
  try {
    const results = await (role === "client" ? runner.run(ALL_TIMEOUT_MS) : runServer(device));
    const problems = [...formatProblems({ name: role, results }), ...device.problems];
    const report: ConformanceReport = { count: results.length, problems };
    process.stdout.write(`${JSON.stringify(report)}\n`);
  } finally {
    await device.stop();
  }
}

main(process.argv.slice(2)).then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  },
);
