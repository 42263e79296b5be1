/** HubConnection with a hub of ASP.NET Core, and the .NET client with HubServer. */

import { HubConnection } from "../../modules/signalr/client.js";
import type { Tests } from "../support/assertions.js";
import { describeIf } from "../support/describeif.js";
import { buildDotnet, runDotnet } from "../support/dotnet.js";
import { type AspNetCore, startAspNetCore } from "./aspnetcore.js";
import { aspNetCoreTests } from "./aspnetcoresuite.js";
import { clientTests } from "./clientsuite.js";
import { startNodeHub, type NodeHub } from "./nodehub.js";
import { eventually } from "../support/waiting.js";

const server = buildDotnet("SignalRServer");
const client = buildDotnet("SignalRClient");

describeIf(server.isBuilt, "the .NET 10 SDK (dotnet)", "HubConnection with ASP.NET Core", () => {
  const suite = { url: "" };
  let aspNetCore: AspNetCore;

  beforeAll(async () => {
    aspNetCore = await startAspNetCore();
    suite.url = aspNetCore.url;
  });
  afterAll(() => aspNetCore.stop());
  beforeEach(() => jest.spyOn(console, "log").mockImplementation(() => undefined));
  afterEach(() => jest.restoreAllMocks());

  const tests = (): Tests => ({ ...clientTests(suite), ...aspNetCoreTests(suite) });

  test.each(Object.keys(tests()))("%s", async (name) => {
    await tests()[name]?.();
  });

  test("a server that is killed loses its clients, which try again", async () => {
    const killed = await startAspNetCore();
    const connection = new HubConnection(killed.url, { automaticReconnect: [60_000] });
    const lost = new Promise((resolve) => (connection.onreconnecting = resolve));
    await connection.start();
    killed.kill();
    expect(await lost).toMatchObject({ name: "NetworkError" });
    await connection.stop();
    await killed.stop();
  });
});

describeIf(
  client.isBuilt,
  "the .NET 10 SDK, or NuGet's Microsoft.AspNetCore.SignalR.Client",
  "the .NET client with HubServer",
  () => {
    let node: NodeHub;

    beforeAll(async () => {
      node = await startNodeHub({ keepAliveInterval: 500, clientTimeoutInterval: 1_500 });
    });
    afterAll(() => node.stop());

    test("passes its tests", async () => {
      jest.spyOn(console, "log").mockImplementation(() => undefined);
      const program = runDotnet("SignalRClient", [node.url]);
      await program.waitForLine(/^done$/);
      await program.stop();
      jest.restoreAllMocks();
      expect(program.lines.filter((line) => !line.startsWith("ok "))).toEqual(["done"]);
      expect(program.lines.length).toBe(16);
      await eventually(() => node.hub.clientsCount === 0);
    });
  },
);
