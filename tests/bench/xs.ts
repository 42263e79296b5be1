/** Runs the program in xs/ in the simulator, without a screen, and ends when it has measured. Linux only. */

import { findSimulatorSdk, Simulator } from "../support/simulator.js";

async function main(): Promise<void> {
  const sdk = findSimulatorSdk();
  if (sdk === undefined) throw new Error("This needs Linux with the Moddable SDK, and Xvfb.");
  const simulator = await Simulator.start(sdk, "tests/bench/xs");
  try {
    await simulator.waitForLine(/^bench done/, 300_000);
  } finally {
    for (const line of simulator.lines) console.log(line);
    await simulator.stop();
  }
}

await main();
