/** HubConnection with HubServer, both on Node.js. */

import { clientTests } from "./clientsuite.js";
import { startNodeHub, type NodeHub } from "./nodehub.js";

const suite = { url: "" };
let node: NodeHub;

beforeAll(async () => {
  node = await startNodeHub();
  suite.url = node.url;
});
afterAll(() => node.stop());
beforeEach(() => jest.spyOn(console, "log").mockImplementation(() => undefined));
afterEach(() => jest.restoreAllMocks());

const tests = clientTests(suite);

test.each(Object.keys(tests))("%s", async (name) => {
  await tests[name]?.();
});

test("nothing is left of the clients", () => {
  expect(node.hub.connectionIds).toEqual([]);
});
