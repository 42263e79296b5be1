/** .NET's System.Net.WebSockets.ClientWebSocket as client of our server. */

import { buildDotnet, runDotnet } from "../support/dotnet.js";
import { describeIf } from "../support/describeif.js";
import { startEchoServer, stopServers } from "./peer.js";

const build = buildDotnet("DotnetClient");

const CHECKS: readonly (readonly [name: string, check: string, closed: object])[] = [
  ["messages of all sizes come back", "echo", { wasClean: true, closeStatus: 1_000 }],
  ["its fragmented messages arrive whole", "fragments", { wasClean: true }],
  ["its Pings are answered", "pings", { wasClean: true }],
  ["it closes with status and reason", "client_closes", { closeStatus: 3_001, closeStatusDescription: "später" }],
  ["the server closes with status and reason", "server_closes", { wasClean: true, closeStatus: 4_321 }],
  ["the server's choice of subprotocol is agreed on", "subprotocol", { wasClean: true }],
  ["compression is offered, not accepted, and not needed", "compression", { wasClean: true }],
  ["it goes away within a message", "aborts", { wasClean: false, closeStatus: 1_006 }],
];

describeIf(build.isBuilt, `the .NET 10 SDK (dotnet): ${build.output}`, ".NET ClientWebSocket as client", () => {
  afterEach(stopServers);

  test.each(CHECKS)("%s", async (_name, check, closed) => {
    const { server, url } = await startEchoServer({ subprotocols: ["chat.v2", "chat.v1"], keepAliveInterval: 50 });
    const closes: unknown[] = [];
    const isClosed = new Promise<void>((resolve) => {
      server.onWebSocketClosed = (_server, e) => {
        closes.push(e);
        resolve();
      };
    });
    const echo = server.onMessageReceived;
    server.onMessageReceived = (sender, e) => {
      if (e.frame.text !== "close") return echo?.(sender, e);
      return e.webSocket.close(4_321, "schön war es");
    };
    const program = runDotnet("DotnetClient", [url, check]);
    const exitCode = new Promise((resolve) => program.process.once("close", resolve));
    expect(await exitCode).toBe(0);
    await isClosed;
    expect(closes).toEqual([expect.objectContaining(closed)]);
    expect(server.clientsCount).toBe(0);
  });
});
