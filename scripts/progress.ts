/** Tells what a script is doing, and how long it has taken. */

import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { Run } from "./sdk.js";

const SHOWN_LINES = 20;

/**
 * Runs a tool as one step of a script: a line when it begins, one when it has ended, and what it wrote in a file.
 *
 * @param title what is done, such as "building rgb-server for lin"
 * @param name the file is build/logs/NAME.log
 * @param isFine whether it has done its work; default: its exit code is 0
 * @throws Error with its last lines and the path of the file where it has not
 */
export async function runStep(
  title: string,
  name: string,
  tool: () => Promise<Run>,
  isFine = ({ exitCode }: Run): boolean => exitCode === 0,
): Promise<Run> {
  process.stdout.write(`${title} ...\n`);
  const start = performance.now();
  const result = await tool();
  const seconds = ((performance.now() - start) / 1_000).toFixed(1);
  const log = path.resolve("build", "logs", `${name}.log`);
  mkdirSync(path.dirname(log), { recursive: true });
  writeFileSync(log, result.text);
  if (!isFine(result)) throw new Error(describeFailure(title, seconds, result.text, log));
  process.stdout.write(`${title}: done in ${seconds} s\n`);
  return result;
}

function describeFailure(title: string, seconds: string, text: string, log: string): string {
  const lines = text.trimEnd().split("\n");
  const last = lines.slice(-SHOWN_LINES).map((line) => `  ${line}`);
  const left = lines.length - last.length;
  const gap = left > 0 ? [`  (${left.toString()} more lines)`] : [];
  return [`${title}: failed after ${seconds} s`, ...gap, ...last, `All that was written: ${log}`].join("\n");
}
