import * as network from "#network";
import * as platform from "#platform";
import * as tls from "#tls";

import { findSimulatorSdk, Simulator } from "../support/simulator.js";
import { startTlsServers, type TlsServers } from "../support/tlsserver.js";
import { tlsTests, type TlsTestSettings } from "./tls.js";

let servers: TlsServers;

beforeAll(async () => {
  servers = await startTlsServers();
});

afterAll(async () => {
  await servers.close();
});

/** The settings are known when the tests run, which is after they are named. */
const settings: TlsTestSettings = {
  get ports() {
    return servers.settings.ports;
  },
  get authority() {
    return servers.settings.authority;
  },
  get server() {
    return servers.settings.server;
  },
  get client() {
    return servers.settings.client;
  },
  get ecdsaClient() {
    return servers.settings.ecdsaClient;
  },
};

describe("#tls on Node", () => {
  const tests = tlsTests({ tls, network, platform, settings, isModern: true });
  for (const [name, run] of Object.entries(tests)) test(name, async () => run(), 15_000);
});

describe("#tls on XS, in the simulator", () => {
  const sdk = findSimulatorSdk();
  if (sdk === undefined) {
    console.warn("SKIPPED: TLS on XS. It needs Linux and the Moddable SDK in $MODDABLE or ~/.local/share/moddable.");
    test.skip("the contract of #tls (no Moddable SDK here)", () => undefined);
    return;
  }

  test("every test passes", async () => {
    const simulator = await Simulator.start(sdk, "tests/xs/tls", [`settingsPort=${servers.settingsPort.toString()}`]);
    try {
      await simulator.waitForLine(/^(?:done |XS abort)/, 120_000);
    } finally {
      await simulator.stop();
    }
    const failures = /^(?:not ok |uncaught|# Exception)/;
    expect(simulator.lines.filter((line) => failures.test(line))).toEqual([]);
    expect(simulator.lines.at(-1)).toMatch(/^done [1-9][0-9]* passed, 0 failed$/);
  }, 300_000);
});
