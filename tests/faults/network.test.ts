/** A network that does harm, between a client and a server on Node.js. simulator.test.ts has the same with XS. */

import { silenceLog } from "../server/servertest.js";
import { runFaultCase } from "./faultbench.js";
import { nodeHost } from "./faulthosts.js";
import { NETWORK_CASES } from "./networkcases.js";

test.each(NETWORK_CASES)("$name", async (row) => {
  const log = silenceLog();
  const host = nodeHost(log);
  await runFaultCase(row, host, host);
  log.mockRestore();
});
