import { describeIf } from "../support/describeif.js";
import { findTlsSimulatorSdk, tlsSimulatorNeeds } from "../support/simulator.js";
import { runXsTests } from "../support/xstests.js";
import { Device } from "./device.js";
import { reconnectingTests } from "./reconnectingsuite.js";
import { clientTests } from "./suite.js";
import { startSuiteServers, type SuiteServers } from "./suiteservers.js";
import type { SuiteSettings } from "./suitesession.js";
import { LONG_MS } from "../support/building.js";

let servers: SuiteServers;
let device: Device;

beforeAll(async () => {
  servers = await startSuiteServers();
  device = new Device(servers);
});
afterAll(async () => {
  device.remove();
  await servers.stop();
});
beforeEach(() => jest.spyOn(console, "log").mockImplementation(() => undefined));
afterEach(() => jest.restoreAllMocks());

describe("ClientWebSocket on Node", () => {
  // The names are known before the servers are.
  const none = { ports: {}, authority: "", identity: {} } as unknown as SuiteSettings;
  for (const name of Object.keys(clientTests(none, false)))
    test(name, async () => clientTests(servers.settings, false)[name]?.());
});

describe("ReconnectingWebSocket on Node", () => {
  const none = { ports: {} } as unknown as SuiteSettings;
  for (const name of Object.keys(reconnectingTests(none)))
    test(name, async () => reconnectingTests(servers.settings)[name]?.());
});

const sdk = findTlsSimulatorSdk();

describeIf(sdk !== undefined, tlsSimulatorNeeds, "ClientWebSocket on XS, in the simulator", () => {
  test(
    "every test passes",
    async () => {
      if (sdk === undefined) return;
      const app = device.createApp("tests/xs/client");
      const { failures, summary } = await runXsTests(sdk, app, [`settingsPort=${servers.settingsPort}`]);
      expect(failures).toEqual([]);
      const tests = { ...clientTests(servers.settings, true), ...reconnectingTests(servers.settings) };
      const count = Object.keys(tests).length;
      expect(summary).toBe(`done ${count} passed, 0 failed`);
    },
    LONG_MS,
  );
});
