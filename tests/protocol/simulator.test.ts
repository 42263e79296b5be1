import { describeIf } from "../support/describeif.js";
import { findSimulatorSdk, Simulator } from "../support/simulator.js";
import { allVectors } from "./vectors.js";
import { LONG_MS } from "../support/building.js";

const sdk = findSimulatorSdk();

describeIf(sdk !== undefined, "the Moddable SDK", "the shared vectors on XS, in the simulator", () => {
  test(
    "every vector passes at every split",
    async () => {
      if (sdk === undefined) return;
      const simulator = await Simulator.start(sdk, "tests/xs/protocol");
      try {
        await simulator.waitForLine(/^done /);
      } finally {
        await simulator.stop();
      }
      expect(simulator.lines.filter((line) => line.startsWith("not ok "))).toEqual([]);
      const [passed = ""] = /\d+/.exec(simulator.lines.at(-1) ?? "") ?? [];
      expect(Number(passed)).toBeGreaterThan(allVectors().length);
    },
    LONG_MS,
  );
});
