/** HubConnection and HubServer on XS, in the Moddable simulator. */

import { findFreePort } from "../support/apps.js";
import { describeIf } from "../support/describeif.js";
import { findSimulatorSdk, Simulator } from "../support/simulator.js";
import { startNodeHub, type NodeHub } from "./nodehub.js";
import { officialClient, officialTests } from "./officialsuite.js";

const sdk = findSimulatorSdk();

describeIf(sdk !== undefined, "Linux with the Moddable SDK", "SignalR on XS, in the simulator", () => {
  let node: NodeHub;
  let simulator: Simulator | undefined;
  const suite = { url: "" };

  beforeAll(async () => {
    if (sdk === undefined) return;
    jest.spyOn(console, "log").mockImplementation(() => undefined);
    node = await startNodeHub({
      maximumWaitingInvocations: 64,
      methods: { Lose: ({ connectionId }) => void node.hub.disconnect(connectionId, { allowReconnect: true }) },
    });
    const port = await findFreePort();
    suite.url = `http://127.0.0.1:${port}/hub`;
    simulator = await Simulator.start(sdk, "tests/signalr/xs", [`url=${node.url}`, `port=${port}`]);
    await simulator.waitForLine(/^(serving|failed)/, 150_000);
  }, 300_000);
  afterAll(async () => {
    await simulator?.stop();
    await node.stop();
    jest.restoreAllMocks();
  });

  function numberIn(pattern: RegExp): number {
    const line = simulator?.lines.find((text) => pattern.test(text)) ?? "";
    return Number(pattern.exec(line)?.[1]);
  }

  test("HubConnection passes its tests", () => {
    const lines = simulator?.lines ?? [];
    expect(lines.filter((line) => /^(not ok|uncaught|failed)/.test(line))).toEqual([]);
    expect(lines.find((line) => line.startsWith("done"))).toMatch(/^done 1[0-9] passed, 0 failed$/);
  });

  test("1,000 calls and 100 reconnects leave nothing behind", () => {
    expect(numberIn(/^1000 calls left (-?\d+) bytes/)).toBeLessThan(2_000);
    expect(numberIn(/^100 reconnects left (-?\d+) bytes/)).toBeLessThan(4_000);
    expect(numberIn(/^4 KiB kept: (-?\d+) bytes/)).toBeLessThan(10_000);
  });

  const tests = officialTests(suite);

  test.each(Object.keys(tests))(
    "HubServer with the official client: %s",
    async (name) => {
      await tests[name]?.();
    },
    20_000,
  );

  test("a hub notices that a client is silent", async () => {
    const client = officialClient(suite.url).build();
    client.keepAliveIntervalInMilliseconds = 60_000;
    client.serverTimeoutInMilliseconds = 60_000;
    const closed = new Promise<unknown>((resolve) => client.onclose(resolve));
    await client.start();
    expect(String(await closed)).toContain("Connection closed with an error.");
  }, 15_000);

  test("50 clients one after another leave nothing behind in the hub", async () => {
    const used: number[] = [];
    for (let at = 0; at < 60; at++) {
      const client = officialClient(suite.url).build();
      await client.start();
      used.push(await client.invoke<number>("Used"));
      await client.stop();
    }
    expect((used.at(-1) ?? 0) - (used[9] ?? 0)).toBeLessThan(6_000);
  }, 60_000);
});
