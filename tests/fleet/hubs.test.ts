/**
 * Devices as HubConnections at two hubs of ASP.NET Core, behind one address (haproxy, sticky by a cookie) and with a backplane
 * (Redis): docs/fleet.md tells what is seen here.
 */

import { spawn, type ChildProcess } from "node:child_process";
import { HubConnection } from "../../modules/signalr/client.js";
import { findFreePort } from "../support/apps.js";
import { describeIf } from "../support/describeif.js";
import { buildDotnet, runDotnet, type DotnetProgram } from "../support/dotnet.js";
import { findProgram, haproxy, startHaproxy, type Proxy } from "../support/proxies.js";
import { eventually, letTimePass } from "../support/waiting.js";

const redisServer = findProgram("redis-server");
const dotnet = buildDotnet("SignalRBackplane");

function configOf(port: number, hosts: readonly string[]): string {
  const servers = hosts.map((host, at) => `  server hub${at} ${host} cookie hub${at} check inter 100ms fall 1 rise 1`);
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
  cookie HUB insert indirect nocache
${servers.join("\n")}
`;
}

/** A device that keeps what it is told. */
class Device {
  readonly connection: HubConnection;
  readonly told: string[] = [];
  reconnections = 0;

  constructor(url: string) {
    this.connection = new HubConnection(url, {
      negotiate: true,
      automaticReconnect: { nextRetryDelayInMilliseconds: () => 200 },
      onreconnected: () => (this.reconnections += 1),
    });
    this.connection.on("Told", (text: unknown) => this.told.push(String(text)));
  }
}

describeIf(
  redisServer !== undefined && haproxy !== undefined && dotnet.isBuilt,
  "redis-server, haproxy, and the .NET 10 SDK (dotnet) with the package of the backplane",
  "a fleet at two hubs of ASP.NET Core with Redis between them",
  () => {
    let redis: ChildProcess;
    let redisPort = 0;
    let hubs: DotnetProgram[] = [];
    let proxy: Proxy | undefined;
    let urls: string[] = [];
    let url = "";
    const devices: Device[] = [];

    function startRedis(): void {
      const parameters = ["--port", String(redisPort), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"];
      redis = spawn(redisServer ?? "", parameters, { stdio: "ignore" });
    }

    beforeAll(async () => {
      redisPort = await findFreePort();
      startRedis();
      hubs = [1, 2].map(() => runDotnet("SignalRBackplane", [], { TEST_REDIS: `127.0.0.1:${redisPort}` }));
      const lines = await Promise.all(hubs.map((hub) => hub.waitForLine(/^listening on/)));
      urls = lines.map((line) => `${line.replace("listening on ", "")}/hub`);
      const port = await findFreePort();
      url = `http://127.0.0.1:${port}/hub`;
      proxy = await startHaproxy(
        configOf(
          port,
          urls.map((one) => new URL(one).host),
        ),
        port,
      );
    });
    afterEach(async () => {
      await Promise.all(devices.splice(0).map(({ connection }) => connection.stop()));
    });
    afterAll(async () => {
      await proxy?.stop();
      await Promise.all(hubs.map((hub) => hub.stop()));
      redis.kill("SIGKILL");
    });

    async function startDevice(at: string): Promise<Device> {
      const device = new Device(at);
      devices.push(device);
      await device.connection.start();
      return device;
    }

    /** Waits until what is sent to all by one hub reaches those at the other. */
    async function meets(one: Device, other: Device): Promise<void> {
      await eventually(async () => {
        await one.connection.invoke("TellAll", "probe");
        return other.told.includes("probe");
      }, "a probe");
      // Behind those that are still on their way.
      await one.connection.invoke("TellAll", "the last probe");
      await eventually(() => [one, other].every(({ told }) => told.includes("the last probe")));
      for (const { told } of [one, other]) told.length = 0;
    }

    const upTo = (count: number): string[] => Array.from({ length: count }, (_, at) => String(at));

    test("what one tells all, a group or a single one reaches the other hub, in order, once", async () => {
      const [one, other] = [await startDevice(urls[0] ?? ""), await startDevice(urls[1] ?? "")];
      await meets(one, other);
      for (const text of upTo(200)) await one.connection.invoke("TellAll", text);
      await eventually(() => one.told.length >= 200 && other.told.length >= 200, "all messages");
      expect(other.told).toEqual(upTo(200));
      expect(one.told).toEqual(upTo(200));

      await other.connection.invoke("Join", "kitchen");
      await one.connection.invoke("TellGroup", "kitchen", "to the group");
      await one.connection.invoke("TellClient", other.connection.connectionId, "to one");
      await eventually(() => other.told.length === 202, "both");
      expect(other.told.slice(200)).toEqual(["to the group", "to one"]);
      expect(one.told.length).toBe(200);
    });

    test("without Redis a hub answers its own devices, and waits where it is to tell others; with it again, what is told crosses", async () => {
      const [one, other] = [await startDevice(urls[0] ?? ""), await startDevice(urls[1] ?? "")];
      await meets(one, other);
      redis.kill("SIGKILL");
      await new Promise((resolve) => redis.once("close", resolve));
      expect(await one.connection.invoke("Add", 1, 2)).toBe(3);
      let isDone = false;
      const call = one.connection.invoke("TellAll", "meanwhile").then(() => (isDone = true));
      await letTimePass(500);
      expect(isDone).toBe(false);
      expect([one.told, other.told]).toEqual([[], []]);
      startRedis();
      await call;
      await meets(one, other);
    });

    test("when a hub ends, its devices come back at the other one; they have new names, and are in no group", async () => {
      const fleet = [await startDevice(url), await startDevice(url), await startDevice(url), await startDevice(url)];
      for (const { connection } of fleet) await connection.invoke("Join", "all");
      const ids = fleet.map(({ connection }) => connection.connectionId);
      const [first] = hubs;
      first?.process.kill("SIGKILL");
      // In turn: two of four were there.
      await eventually(() => fleet.filter(({ reconnections }) => reconnections > 0).length === 2, "two are back");
      const moved = fleet.filter(({ reconnections }) => reconnections > 0);
      for (const { connection } of moved) expect(ids).not.toContain(connection.connectionId);
      const [stayed] = fleet.filter(({ reconnections }) => reconnections === 0);
      if (stayed === undefined) throw new Error("All have moved.");
      await stayed.connection.invoke("TellGroup", "all", "to the group");
      await stayed.connection.invoke("TellAll", "to all");
      await eventually(() => fleet.every(({ told }) => told.includes("to all")), "all are told");
      expect(moved.map(({ told }) => told)).toEqual([["to all"], ["to all"]]);
      expect(stayed.told).toEqual(["to the group", "to all"]);
    });
  },
);
