/** Handlers that throw, and calls from within every handler, on Node.js. simulator.test.ts has the same on XS. */

import { silenceLog } from "../server/servertest.js";
import { callbackTests } from "./callbacksuite.js";

test.each(Object.entries(callbackTests()))("%s", async (_name, run) => {
  const log = silenceLog();
  await run();
  log.mockRestore();
});
