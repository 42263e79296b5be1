/** The contracts of #platform and #network, and the vectors of the frame layer, on lwIP: over its loop-back, without a network. */

import { describeIf } from "../support/describeif.js";
import { buildDevice, canCompile, findSources, missingCompiler, missingSources, VARIANTS } from "./build.js";
import { Device } from "./device.js";
import { LONG_MS } from "../support/building.js";

const sources = findSources();

for (const variant of VARIANTS) {
  const missing = sources === undefined ? missingSources : missingCompiler;
  const isPossible = sources !== undefined && canCompile(variant);
  describeIf(isPossible, missing, `the contracts on lwIP, over its loop-back, ${variant}`, () => {
    test(
      "every test passes",
      async () => {
        if (sources === undefined) return;
        const device = Device.start(await buildDevice(sources, { app: "tests/xs", subject: "ours", variant }));
        try {
          await device.line(/^done /, LONG_MS);
          expect(device.lines.filter((line) => line.startsWith("not ok "))).toEqual([]);
          expect(device.lines.at(-1)).toMatch(/^done [1-9][0-9]* passed, 0 failed$/);
          expect(device.problems).toEqual([]);
          expect((await device.statistics()).waits).toBe(0);
        } finally {
          await device.stop();
        }
      },
      LONG_MS,
    );
  });
}
