/** HubConnection by haproxy, which keeps a client at one of two servers of ASP.NET Core by a cookie. */

import { HubConnection } from "../../modules/signalr/client.js";
import { findFreePort } from "../support/apps.js";
import { describeIf } from "../support/describeif.js";
import { buildDotnet } from "../support/dotnet.js";
import { haproxy, type Proxy, startHaproxy } from "../support/proxies.js";
import { type AspNetCore, startAspNetCore } from "./aspnetcore.js";
import { eventually } from "../support/waiting.js";

const dotnet = buildDotnet("SignalRServer");

/** Balances in turn: without the cookie the upgrade comes to the server that has not negotiated it. */
function configOf(port: number, servers: readonly AspNetCore[]): string {
  const lines = servers.map(
    ({ url }, at) => `server s${at} ${new URL(url).host} cookie s${at} check inter 100ms fall 1`,
  );
  return `
defaults
  mode http
  timeout connect 2s
  timeout client 30s
  timeout server 30s
  timeout tunnel 60s
  option redispatch
frontend front
  bind 127.0.0.1:${port}
  default_backend hubs
backend hubs
  balance roundrobin
  cookie SERVER insert indirect nocache
  ${lines.join("\n  ")}
`;
}

describeIf(
  haproxy !== undefined && dotnet.isBuilt,
  "haproxy, and the .NET 10 SDK (dotnet)",
  "HubConnection by haproxy with two servers of ASP.NET Core",
  () => {
    let servers: AspNetCore[];
    let proxy: Proxy;
    let url = "";

    beforeAll(async () => {
      servers = [await startAspNetCore(), await startAspNetCore()];
      const port = await findFreePort();
      url = `http://127.0.0.1:${port}/hub`;
      proxy = await startHaproxy(configOf(port, servers), port);
      await eventually(
        () =>
          fetch(url).then(
            () => true,
            () => false,
          ),
        "haproxy listens",
      );
    });
    afterAll(async () => {
      await proxy.stop();
      for (const server of servers) await server.stop();
    });

    test("eight clients, one after another, come to the server that they have negotiated with", async () => {
      for (let turn = 0; turn < 8; turn++) {
        const connection = new HubConnection(url, { negotiate: true });
        await connection.start();
        expect(await connection.invoke("MyId")).toBe(connection.connectionId);
        await connection.stop();
      }
    });

    test("a client whose server is gone negotiates with the other one", async () => {
      const again = jest.fn();
      const delays = Array.from({ length: 20 }, () => 200);
      const options = { negotiate: true, automaticReconnect: delays, onreconnected: again };
      const connections = Array.from({ length: 4 }, () => new HubConnection(url, options));
      for (const connection of connections) await connection.start();
      servers[0]?.kill();
      // In turn: two of four had it.
      await eventually(() => again.mock.calls.length === 2, "both are connected again");
      for (const connection of connections) {
        expect(await connection.invoke("MyId")).toBe(connection.connectionId);
        await connection.stop();
      }
    });
  },
);
