/** Builds what tests run: each file of Jest may do it at any time, and nothing is compiled twice. For Linux. */

import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import path from "node:path";

import { findMbedtls, libraryOf, missingMbedtlsMessage, run, type Sdk, usesTls } from "../../scripts/sdk.js";

/** Not by this module's place: Jest runs it as CommonJS, the scripts of tests/lwip run it as an ES module. */
const PROJECT = path.resolve(".");
const TOOLS = path.join(PROJECT, "tests", "support", "tools");
const FOLDER = path.join(PROJECT, "build", "tests");

/** The time limit of a hook or a test that builds, or runs many cases on XS: more than a busy machine takes. */
export const LONG_MS = 900_000;

/** Writes a file that another process may be reading, or writing too: whoever reads finds the one of before, or this one. */
export function writeWhole(file: string, content: string | Uint8Array): void {
  const unfinished = `${file}.${process.pid}`;
  writeFileSync(unfinished, content);
  renameSync(unfinished, file);
}

/** @returns a command that waits until no other process runs one of the same name, and then runs this; on Linux */
export function alone(name: string, command: readonly string[]): readonly [program: string, ...parameters: string[]] {
  const folder = path.join(FOLDER, "locks");
  mkdirSync(folder, { recursive: true });
  if (process.platform !== "linux") return [command[0] ?? "", ...command.slice(1)];
  // What the command leaves running does not hold the lock.
  return ["flock", "--close", path.join(folder, name), ...command];
}

/**
 * Builds the app whose manifest.json is in the folder `app`, and copies the library that the simulator loads to `copy`,
 * since the next who builds it writes another.
 *
 * @param settings `key=value` pairs for `mc/config`; "-i": with instruments
 * @throws Error with the output of mcconfig where the build fails, and where the app needs mbedTLS and it is not there
 */
export async function buildApp(sdk: Sdk, app: string, settings: readonly string[], copy: string): Promise<void> {
  if (findMbedtls() === undefined && usesTls(path.join(app, "manifest.json"))) throw new Error(missingMbedtlsMessage);
  // mcconfig tells apps apart by the last part of their path only.
  const name = app.replaceAll(/[/\\]/g, "-");
  const output = path.join(FOLDER, name);
  mkdirSync(output, { recursive: true });
  const built = libraryOf(sdk, { app, output, settings });
  const [program, ...parameters] = alone(name, [path.join(TOOLS, "buildapp"), output, built, copy, ...settings]);
  const { exitCode, text } = await run(program, parameters, { cwd: app, env: sdk.environment });
  if (exitCode !== 0) throw new Error(`mcconfig has failed for ${app}:\n${text}`);
}
