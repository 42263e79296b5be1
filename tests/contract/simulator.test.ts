import { findSimulatorSdk, Simulator } from "../support/simulator.js";
import { LONG_MS } from "../support/building.js";

const sdk = findSimulatorSdk();

if (sdk === undefined) {
  console.warn(
    "SKIPPED: the tests on XS. They need Linux and the Moddable SDK in $MODDABLE or ~/.local/share/moddable.",
  );
}

describe("on XS, in the simulator", () => {
  if (sdk === undefined) {
    test.skip("the contracts of #platform and #network (no Moddable SDK here)", () => undefined);
    return;
  }

  let lines: readonly string[] = [];
  let secondRandom = "";

  beforeAll(async () => {
    const simulator = await Simulator.start(sdk, "tests/xs");
    try {
      await simulator.waitForLine(/^done /);
    } finally {
      await simulator.stop();
    }
    lines = simulator.lines;
    const second = await Simulator.start(sdk, "tests/xs");
    try {
      secondRandom = await second.waitForLine(/^random /);
    } finally {
      await second.stop();
    }
  }, LONG_MS);

  test("every test passes", () => {
    expect(lines.filter((line) => line.startsWith("not ok ") || line.startsWith("uncaught"))).toEqual([]);
    expect(lines.at(-1)).toMatch(/^done [1-9][0-9]* passed, 0 failed$/);
  });

  test("two runs have different random values", () => {
    expect(secondRandom).toMatch(/^random( [0-9]+){16}$/);
    expect(lines.find((line) => line.startsWith("random "))).not.toBe(secondRandom);
  });
});
