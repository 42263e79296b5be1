/** HubConnection and the answers to its negotiation; the same tests run on XS in simulator.test.ts. */

import { negotiationTests } from "./negotiationsuite.js";
import { startNegotiationServer, type NegotiationServer } from "./negotiationserver.js";

let server: NegotiationServer;

beforeAll(async () => {
  server = await startNegotiationServer();
});
afterAll(() => server.stop());

test.each(Object.keys(negotiationTests("")))("%s", async (name) => {
  await negotiationTests(server.url)[name]?.();
});
