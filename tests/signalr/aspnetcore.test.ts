/** HubConnection with a hub of ASP.NET Core, and the .NET client with HubServer. */

import { HubConnection, type HubConnectionOptions } from "../../modules/signalr/client.js";
import { describeIf } from "../support/describeif.js";
import { clientTests } from "./clientsuite.js";
import { buildDotnet, runDotnet, type DotnetProgram } from "./dotnet.js";
import { startNodeHub, type NodeHub } from "./nodehub.js";

const server = buildDotnet("SignalRServer");
const client = buildDotnet("SignalRClient");

describeIf(server.isBuilt, "the .NET 10 SDK (dotnet)", "HubConnection with ASP.NET Core", () => {
  const suite = { url: "" };
  let program: DotnetProgram;

  beforeAll(async () => {
    program = runDotnet("SignalRServer");
    const line = await program.waitForLine(/^listening on /);
    suite.url = `${line.replace("listening on ", "")}/hub`;
  }, 30_000);
  afterAll(() => program.stop(), 30_000);
  beforeEach(() => jest.spyOn(console, "log").mockImplementation(() => undefined));
  afterEach(() => jest.restoreAllMocks());

  const tests = clientTests(suite);

  test.each(Object.keys(tests))("%s", async (name) => {
    await tests[name]?.();
  });

  test("the keep-alive of both sides holds a connection that is idle", async () => {
    const closed: unknown[] = [];
    const connection = new HubConnection(suite.url, {
      serverTimeout: 2_000,
      keepAliveInterval: 1_000,
      onclose: (error) => closed.push(error),
    });
    await connection.start();
    await new Promise((resolve) => setTimeout(resolve, 4_500));
    expect(closed).toEqual([]);
    expect(await connection.invoke("Add", 1, 1)).toBe(2);
    await connection.stop();
  });

  test("a negotiation that is passed on brings its token along", async () => {
    const connection = new HubConnection(suite.url.replace("/hub", "/redirect"), { negotiate: true });
    await connection.start();
    expect(await connection.invoke("MyId")).toBe(connection.connectionId);
    await connection.stop();
  });

  test("a token of one's own is sent", async () => {
    const url = suite.url.replace("/hub", "/guarded");
    const refused = new HubConnection(url, { accessTokenFactory: () => "wrong" });
    await expect(refused.start()).rejects.toMatchObject({ code: "ERR_HANDSHAKE", statusCode: 401 });
    const connection = new HubConnection(url, { accessTokenFactory: () => Promise.resolve("secret-token") });
    await connection.start();
    await connection.stop();
  });

  test("a path without a hub is told", async () => {
    const url = suite.url.replace("/hub", "/nothing");
    const rejected = expect.objectContaining({ code: "ERR_NEGOTIATION", statusCode: 404 }) as unknown;
    await expect(new HubConnection(url, { negotiate: true }).start()).rejects.toEqual(rejected);
  });

  test("a client that is silent is closed, and may connect again", async () => {
    // The server expects Pings from the first on: it comes after 5 s, and the server waits for 3 s.
    const error = await lostBy(suite.url, { keepAliveInterval: 5_000 }, () => undefined);
    expect(error).toMatchObject({ code: "ERR_HUB_CLOSED", allowReconnect: true });
  }, 15_000);

  test("a server that ends loses its clients, which try again", async () => {
    const second = runDotnet("SignalRServer");
    const line = await second.waitForLine(/^listening on /);
    const error = await lostBy(`${line.replace("listening on ", "")}/hub`, {}, () => void second.stop());
    expect(error).toBeInstanceOf(Error);
  }, 30_000);
});

/** Connects, then calls `lose`. @returns what onreconnecting is told */
function lostBy(url: string, options: HubConnectionOptions, lose: () => void): Promise<Error | undefined> {
  return new Promise((resolve, reject) => {
    const connection = new HubConnection(url, {
      ...options,
      automaticReconnect: [60_000],
      onreconnecting: (error) => {
        connection.stop().then(() => resolve(error), reject);
      },
    });
    connection.start().then(lose, reject);
  });
}

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
      expect(program.lines.length).toBe(15);
      expect(node.hub.clientsCount).toBe(0);
    }, 60_000);
  },
);
