/**
 * MqttSocket on XS: as a stream, and below the SDK's own MQTT client with those brokers that are there. brokers.test.ts
 * says which are not.
 */

import type { RawServer } from "../support/rawserver.js";
import { testCertificates } from "../support/certificates.js";
import { describeIf } from "../support/describeif.js";
import { findTlsSimulatorSdk, Simulator, tlsSimulatorNeeds } from "../support/simulator.js";
import { mosquitto, natsServer, startAedes, startMosquitto, startNats, type Broker } from "./brokers.js";
import { exchangeTests } from "./exchange.js";
import { streamTests } from "./stream.js";
import { startStreamServer } from "./streamserver.js";
import { LONG_MS } from "../support/building.js";

const sdk = findTlsSimulatorSdk();

describeIf(sdk !== undefined, tlsSimulatorNeeds, "MQTT on XS, in the simulator", () => {
  const brokers: Broker[] = [];
  let streams: RawServer | undefined;

  afterAll(async () => {
    await Promise.all(brokers.map((broker) => broker.kill()));
    await streams?.stop();
  });

  async function started(isThere: boolean, start: () => Promise<Broker | undefined>): Promise<Broker | undefined> {
    const broker = isThere ? await start() : undefined;
    if (broker !== undefined) brokers.push(broker);
    return broker;
  }

  test(
    "every test passes",
    async () => {
      if (sdk === undefined) return;
      streams = await startStreamServer();
      const { right, authority } = await testCertificates();
      const first = await started(mosquitto !== undefined, () => startMosquitto(right));
      const second = await started(true, () => startAedes());
      const third = await started(natsServer !== undefined, async () => (await startNats())[0]);
      const simulator = await Simulator.start(sdk, "tests/xs/mqtt", [
        `streams=${streams.port}`,
        `mosquitto=${first?.port ?? 0}`,
        `mosquittoSecure=${first?.securePort ?? 0}`,
        `aedes=${second?.port ?? 0}`,
        `nats=${third?.port ?? 0}`,
        `authority=${Buffer.from(authority).toString("base64")}`,
      ]);
      try {
        await simulator.waitForLine(/^(?:done |XS abort)/);
      } finally {
        await simulator.stop();
      }
      const failures = /^(?:not ok |uncaught|# Exception|XS abort)/;
      expect(simulator.lines.filter((line) => failures.test(line))).toEqual([]);
      const ofEach = Object.keys(exchangeTests(() => never(), { name: "any", port: 0, isSecure: false })).length;
      const listeners = [first?.port, first?.securePort, second?.port, third?.port].filter(
        (port) => port !== undefined,
      );
      const count = Object.keys(streamTests(0)).length + listeners.length * ofEach;
      expect(simulator.lines.at(-1)).toBe(`done ${count} passed, 0 failed`);
    },
    LONG_MS,
  );
});

function never(): never {
  throw new Error("It is not called.");
}
