/** Our client with the server of the npm package `ws`. */

import { testServer } from "./clientsuite.js";
import { startWsEchoServer, type EchoServer } from "./wsechoserver.js";

describe("ws as server", () => {
  let server: EchoServer;
  beforeAll(async () => {
    server = await startWsEchoServer();
  });
  afterAll(() => server.stop());

  testServer(() => `ws://127.0.0.1:${server.port}/`, { pings: true });
});
