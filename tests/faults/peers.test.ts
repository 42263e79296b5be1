/** Hostile clients of a server on Node.js, and hostile servers of a client. simulator.test.ts has the same on XS. */

import { silenceLog } from "../server/servertest.js";
import { CLIENT_CASES } from "./clientcases.js";
import { type FaultCase, runFaultCase } from "./faultbench.js";
import { nodeHost } from "./faulthosts.js";
import { SERVER_CASES } from "./servercases.js";

describe.each<readonly [string, readonly FaultCase[]]>([
  ["the server", SERVER_CASES],
  ["the client", CLIENT_CASES],
])("%s", (_name, cases) => {
  test.each(cases)("$name", async (row) => {
    const log = silenceLog();
    const host = nodeHost(log);
    await runFaultCase(row, host, host);
    log.mockRestore();
  });
});
