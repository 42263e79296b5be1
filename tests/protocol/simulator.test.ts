import { describeIf } from "../support/describeif.js";
import { findSimulatorSdk } from "../support/simulator.js";
import { runXsTests } from "../support/xstests.js";
import { allVectors } from "./vectors.js";
import { LONG_MS } from "../support/building.js";

const sdk = findSimulatorSdk();

describeIf(sdk !== undefined, "the Moddable SDK", "the shared vectors on XS, in the simulator", () => {
  test(
    "every vector passes at every split",
    async () => {
      if (sdk === undefined) return;
      const { failures, summary } = await runXsTests(sdk, "tests/xs/protocol");
      expect(failures).toEqual([]);
      const [passed = ""] = /\d+/.exec(summary) ?? [];
      expect(Number(passed)).toBeGreaterThan(allVectors().length);
    },
    LONG_MS,
  );
});
