/** Handlers that throw, and calls from within every handler, on Node.js. simulator.test.ts has the same on XS. */

import { silenceLog } from "../server/servertest.js";
import { callbackTests, HANDLER_ERROR } from "./callbacksuite.js";
import { eventually } from "../support/waiting.js";

test.each(Object.entries(callbackTests()))("%s", async (name, run) => {
  const log = silenceLog();
  const logged = (): number => log.mock.calls.filter(([line]) => String(line).includes(HANDLER_ERROR)).length;
  await run();
  const expected = / (?:throws|rejects|rejects later):/.test(name) ? 1 : 0;
  await eventually(() => logged() >= expected);
  expect(logged()).toBe(expected);
  log.mockRestore();
});
