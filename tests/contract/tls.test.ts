import * as network from "#network";
import * as platform from "#platform";
import * as tls from "#tls";

import { findMbedtls } from "../../scripts/sdk.js";
import { describeIf } from "../support/describeif.js";
import { findTlsSimulatorSdk, tlsSimulatorNeeds } from "../support/simulator.js";
import { runXsTests } from "../support/xstests.js";
import { startTlsServers, type TlsServers } from "../support/tlsserver.js";
import { tlsTests, type TlsTestSettings } from "./tls.js";
import { LONG_MS } from "../support/building.js";

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
  get identities() {
    return servers.settings.identities;
  },
};

describe("#tls on Node", () => {
  const tests = tlsTests({ tls, network, platform, settings, limits: ["noTruncation", "noResumption"] });
  for (const [name, run] of Object.entries(tests)) test(name, async () => run());
});

const sdk = findTlsSimulatorSdk();

describeIf(sdk !== undefined, tlsSimulatorNeeds, "#tls on XS, in the simulator", () => {
  test(
    "every test passes",
    async () => {
      if (sdk === undefined) return;
      const mbedtls = findMbedtls()?.version.charAt(0) ?? "";
      const { failures, summary } = await runXsTests(sdk, "tests/xs/tls", [
        `settingsPort=${servers.settingsPort}`,
        `mbedtls=${mbedtls}`,
      ]);
      expect(failures).toEqual([]);
      expect(summary).toMatch(/^done [1-9][0-9]* passed, 0 failed$/);
    },
    LONG_MS,
  );
});
