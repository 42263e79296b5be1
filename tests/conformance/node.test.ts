/** Every case of both roles on Node.js. */

import { silenceLog } from "../server/servertest.js";
import { clientOnNode, serverOnNode } from "./hosts.js";
import { formatProblems } from "./report.js";

let log: jest.SpyInstance;

// Handlers that throw are part of the cases: the library logs them.
beforeEach(() => (log = silenceLog()));
afterEach(() => log.mockRestore());

test("the server passes all cases", async () => {
  const combination = await serverOnNode();
  expect(formatProblems(combination)).toEqual([]);
  expect(combination.results.length).toBeGreaterThan(800);
});

test("the client passes all cases", async () => {
  const combination = await clientOnNode();
  expect(formatProblems(combination)).toEqual([]);
  expect(combination.results.length).toBeGreaterThan(700);
});
