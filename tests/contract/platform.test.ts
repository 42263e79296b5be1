import * as platform from "#platform";

import { platformTests } from "./platform.js";

describe("#platform on Node", () => {
  for (const [name, run] of Object.entries(platformTests(platform))) test(name, async () => run());
});
