/** Every case of both roles on XS, in the simulator. */

import { describeIf } from "../support/describeif.js";
import { findSimulatorSdk } from "../support/simulator.js";
import { clientOnXs, serverOnXs } from "./hosts.js";
import { formatProblems } from "./report.js";
import { LONG_MS } from "../support/building.js";

const sdk = findSimulatorSdk();

describeIf(sdk !== undefined, "the Moddable SDK", "conformance on XS, in the simulator", () => {
  test(
    "the server passes all cases",
    async () => {
      if (sdk === undefined) return;
      const combination = await serverOnXs(sdk);
      expect(formatProblems(combination)).toEqual([]);
      expect(combination.results.length).toBeGreaterThan(800);
    },
    LONG_MS,
  );

  test(
    "the client passes all cases",
    async () => {
      if (sdk === undefined) return;
      const combination = await clientOnXs(sdk);
      expect(formatProblems(combination)).toEqual([]);
      expect(combination.results.length).toBeGreaterThan(700);
    },
    LONG_MS,
  );
});
