/** The library's side of the fault tests on XS: it does what a test on Node.js asks for. */

import { createAgent } from "../../faults/agent.js";
import { callbackTests } from "../../faults/callbacksuite.js";
import { serveControl } from "../control.js";
import { runTests } from "../harness.js";
import { measureMemory } from "../memory.js";

declare const globalThis: { abort?: (reason: string, error: unknown) => boolean };

// An exception that nobody catches would stop the app in silence.
globalThis.abort = (reason, error) => {
  trace(`uncaught (${reason}): ${String(error)}\n`);
  return false;
};

async function main(): Promise<void> {
  const port = await serveControl({
    ...createAgent(),
    chunks: () => measureMemory().chunks,
    callbacks: () => runTests(callbackTests()),
  });
  trace(`ports ${port}\n`);
}

void main();
