/** The cases of cases/ as tests of Jest, each in the network of tap.ts. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

import { run } from "../../scripts/sdk.js";
import { describeIf } from "../support/describeif.js";
import {
  buildDevice,
  canCompile,
  findSources,
  missingCompiler,
  missingMbedtls,
  missingSources,
  type Variant,
} from "./build.js";
import { CASES, SECURED } from "./cases/all.js";
import type { ConformanceReport } from "./conformance.js";
import type { Report } from "./runner.js";
import { canUseTap, inNamespace, missingTap } from "./tap.js";
import { LONG_MS } from "../support/building.js";

const sources = findSources();
/** Runners at the same time: a case waits most of its time. */
const LANES = 3;

const PLAIN = Object.keys(CASES).filter((group) => !(group in SECURED));

function findMissing(variant: Variant, isSecured: boolean): string | undefined {
  if (sources === undefined) return missingSources;
  if (isSecured && sources.mbedtls === "") return missingMbedtls;
  if (!canUseTap()) return missingTap;
  return canCompile(variant) ? undefined : missingCompiler;
}

/** Runs the cases of these groups, on a device of this variant with our module. */
export function describeCases(variant: Variant, groups: readonly string[] = PLAIN): void {
  const secured = groups.map((group) => SECURED[group]).find((app) => app !== undefined);
  const isSecured = secured !== undefined;
  const missing = findMissing(variant, isSecured);
  const what = isSecured ? "TLS on the ESP32's sockets" : "the ESP32's sockets";
  describeIf(missing === undefined, missing ?? "", `${what} on lwIP, over a TAP, ${variant}`, () => {
    const reports = new Map<string, Report>();
    const waiting = new Map<string, () => void>();
    const runners: ChildProcess[] = [];
    let closed: Promise<unknown> | undefined;
    let errors = "";

    const take = (line: string): void => {
      const report = JSON.parse(line) as Report;
      reports.set(report.name, report);
      waiting.get(report.name)?.();
    };

    const report = async (name: string): Promise<Report> => {
      const come = new Promise<void>((resolve) => waiting.set(name, resolve));
      if (!reports.has(name)) await Promise.race([come, closed]);
      const found = reports.get(name);
      if (found === undefined) throw new Error(`the runners have ended:\n${errors}`);
      return found;
    };

    beforeAll(async () => {
      if (sources === undefined) return;
      // Before the time of the first case begins.
      await buildDevice(sources, { app: secured ?? "tests/lwip/xs", subject: "ours", variant });
      const command = ["node", "--import", "tsx", "tests/lwip/runner.ts", "ours", variant, ...groups];
      for (let lane = 0; lane < LANES; lane += 1) {
        const [program, ...parameters] = inNamespace([...command, `lane=${lane}/${LANES}`]);
        const runner = spawn(program, parameters, { stdio: ["ignore", "pipe", "pipe"] });
        runner.stderr.on("data", (text: Buffer) => (errors += text.toString()));
        createInterface({ input: runner.stdout }).on("line", take);
        runners.push(runner);
      }
      closed = Promise.all(runners.map((runner) => once(runner, "close")));
    }, LONG_MS);

    afterAll(() => {
      for (const runner of runners) runner.kill();
    });

    for (const group of groups) {
      describe(group, () => {
        for (const { name } of CASES[group] ?? []) {
          test(
            name,
            async () => {
              expect((await report(name)).problem).toBeUndefined();
            },
            // One runner may be far behind the others.
            LONG_MS,
          );
        }
      });
    }
  });
}

/** Runs the conformance cases against a device of this variant. */
export async function runConformance(role: "server" | "client", variant: Variant): Promise<ConformanceReport> {
  const command = ["node", "--import", "tsx", "tests/lwip/conformance.ts", role, variant];
  const [program, ...parameters] = inNamespace(command);
  const { exitCode, text } = await run(program, parameters);
  if (exitCode !== 0) throw new Error(text);
  return JSON.parse(text) as ConformanceReport;
}
