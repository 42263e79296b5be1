/**
 * npm run lwip -- [source] [long] [record] [plain] [address] [thread] [bits32] [sdk] [GROUP | part of a name …]: runs the
 * cases of tests/lwip on the ESP32's sockets, over a TAP, and for root therefore. `source` only fetches lwIP's sources;
 * `long` takes the counts that CI has no time for; `record` writes tests/lwip/results.md; `sdk` takes the SDK's sockets.
 */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";

import { type Variant, VARIANTS } from "../tests/lwip/build.js";
import { formatRecord, type VariantReports } from "../tests/lwip/record.js";
import type { Report } from "../tests/lwip/runner.js";
import { canUseTap, inNamespace, missingTap } from "../tests/lwip/tap.js";
import { readCommandLine, runScript, UsageError } from "./commandline.js";
import { provideLwip } from "./lwipsource.js";
import { findSdk, missingSdkMessage } from "./sdk.js";

function describe({ group, name, problem, figures, ms }: Report): string {
  const values = Object.entries(figures).map(([figure, value]) => `${figure} ${value}`);
  const line = `${problem === undefined ? "ok    " : "FAILED"} ${group}: ${name} (${[`${ms} ms`, ...values].join(", ")})`;
  return problem === undefined ? line : `${line}\n       ${problem.split("\n").join("\n       ")}`;
}

/** Runs the cases on one variant, and shows each. */
async function runVariant(subject: string, variant: Variant, words: readonly string[]): Promise<Report[]> {
  const command = ["node", "--import", "tsx", "tests/lwip/runner.ts", subject, variant, ...words];
  const [program, ...parameters] = inNamespace(command);
  const runner = spawn(program, parameters, { stdio: ["ignore", "pipe", "inherit"] });
  const closed = once(runner, "close");
  const reports: Report[] = [];
  for await (const line of createInterface({ input: runner.stdout })) {
    const report = JSON.parse(line) as Report;
    reports.push(report);
    process.stdout.write(`${describe(report)}\n`);
  }
  await closed;
  if (runner.exitCode !== 0) throw new Error(`the runner of the variant ${variant} has failed`);
  return reports;
}

/** What stands behind the table is written by hand. */
function writeRecord(text: string): void {
  const file = path.join("tests", "lwip", "results.md");
  const [, ...others] = existsSync(file) ? readFileSync(file, "utf8").split(/^(?=## )/m) : [];
  writeFileSync(file, [text, ...others].join("\n"));
}

async function main(): Promise<number> {
  const { names } = readCommandLine(process.argv.slice(2), []);
  const lwip = await provideLwip();
  process.stdout.write(`lwIP is in ${lwip}\n`);
  if (names.includes("source")) return 0;
  if (findSdk() === undefined) throw new UsageError(missingSdkMessage.trimEnd());
  if (!canUseTap()) throw new UsageError(`What is needed and missing: ${missingTap}.`);
  const isWord = (name: string): boolean => name !== "record" && name !== "sdk" && !VARIANTS.includes(name as Variant);
  const wanted = VARIANTS.filter((variant) => names.includes(variant));
  const reports: VariantReports[] = [];
  for (const variant of wanted.length > 0 ? wanted : (["plain"] as const)) {
    process.stdout.write(`\n${variant}\n`);
    const found = await runVariant(names.includes("sdk") ? "sdk" : "ours", variant, names.filter(isWord));
    reports.push({ variant, reports: found });
  }
  if (names.includes("record")) writeRecord(formatRecord(lwip, reports));
  const problems = reports.flatMap((each) => each.reports).filter(({ problem }) => problem !== undefined);
  process.stdout.write(`\n${problems.length} failed\n`);
  return problems.length === 0 ? 0 : 1;
}

runScript(main);
