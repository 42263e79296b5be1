/** Every conformance case of both roles on lwIP, with Linux as the peer. */

import { describeIf } from "../support/describeif.js";
import { findSources, missingSources } from "./build.js";
import { runConformance } from "./suite.js";
import { canUseTap, missingTap } from "./tap.js";
import { LONG_MS } from "../support/building.js";

const sources = findSources();
const missing = sources === undefined ? missingSources : missingTap;

describeIf(sources !== undefined && canUseTap(), missing, "conformance on lwIP, over a TAP", () => {
  // Under sanitizers alone, for the time it takes; `npm run lwip` runs the other variants.
  test.each(["address"] as const)(
    "the server passes all cases, %s",
    async (variant) => {
      const { problems, count } = await runConformance("server", variant);
      expect(problems).toEqual([]);
      expect(count).toBeGreaterThan(800);
    },
    LONG_MS,
  );

  test.each(["address"] as const)(
    "the client passes all cases, %s",
    async (variant) => {
      const { problems, count } = await runConformance("client", variant);
      expect(problems).toEqual([]);
      expect(count).toBeGreaterThan(700);
    },
    LONG_MS,
  );
});
