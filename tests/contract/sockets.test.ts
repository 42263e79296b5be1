import * as network from "#network";
import * as platform from "#platform";

import { socketTests } from "./sockets.js";

describe("#network on Node", () => {
  for (const [name, run] of Object.entries(socketTests({ network, platform }))) test(name, async () => run());
});
