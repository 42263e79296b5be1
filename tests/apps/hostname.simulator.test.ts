/** The samples' name by the SDK's mDNS, on XS: the sockets are a fake, since the simulator's on Linux join no group. */

import { describeIf } from "../support/describeif.js";
import { findSimulatorSdk, Simulator } from "../support/simulator.js";
import { LONG_MS } from "../support/building.js";

const sdk = findSimulatorSdk();

describeIf(sdk !== undefined, "the Moddable SDK", "a name by mDNS, in the simulator", () => {
  test(
    "is claimed although the network comes late and the name is taken; noise is borne, and who asks gets the address",
    async () => {
      if (sdk === undefined) return;
      const simulator = await Simulator.start(sdk, "tests/apps/xs/hostname");
      try {
        await simulator.waitForLine(/^done/);
        const { lines } = simulator;
        const told = (text: string): number => lines.findIndex((line) => line.startsWith(text));
        expect(lines).toContain("UDP 224.0.0.251:5353");
        expect(told("probe conflict with 192.0.2.9")).toBeLessThan(told("probe claimed rgb-2"));
        expect(lines).toContain("claimed rgb-2.local");
        expect(lines).toContain("13 bad datagrams are borne");
        // The service _http._tcp is announced to all, and the address told to the one who asked.
        const announced = lines.find((line) => line.startsWith("to 224.0.0.251:5353 0 0 132 0 0 0 0 5 ")) ?? "";
        expect(announced).toContain([...Buffer.from("_http"), 4, ...Buffer.from("_tcp")].join(" "));
        const answers = lines.slice(told("13 bad datagrams")).filter((line) => line.startsWith("to "));
        const name = [5, ...Buffer.from("rgb-2"), 5, ...Buffer.from("local"), 0].join(" ");
        expect(answers).toEqual([
          expect.stringMatching(`^to 192.0.2.9:5354 0 0 132 0 0 0 0 1 0 0 0 0 ${name} 0 1 128 1 0 0 0 120 0 4 `),
        ]);
      } finally {
        await simulator.stop();
      }
    },
    LONG_MS,
  );
});
