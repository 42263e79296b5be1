/** Runs tests on XS: an app in the simulator that tells of each "ok …" or "not ok …", and at its end "done …". */

import type { Sdk } from "../../scripts/sdk.js";
import { Simulator } from "./simulator.js";

/** What an app of tests has told. */
export interface XsTests {
  /** The lines of what has failed, of exceptions too. */
  readonly failures: readonly string[];
  /** Its last line: "done N passed, N failed". */
  readonly summary: string;
}

/**
 * Builds the app, and runs it to its end.
 *
 * @param app the folder of its manifest.json
 * @param settings `key=value` pairs for `mc/config`
 * @throws Error where it does not come to its end
 */
export async function runXsTests(sdk: Sdk, app: string, settings: readonly string[] = []): Promise<XsTests> {
  const simulator = await Simulator.start(sdk, app, settings);
  try {
    await simulator.waitForLine(/^(?:done |XS abort)/);
  } finally {
    await simulator.stop();
  }
  const failed = /^(?:not ok |uncaught|# Exception|XS abort)/;
  return { failures: simulator.lines.filter((line) => failed.test(line)), summary: simulator.lines.at(-1) ?? "" };
}
