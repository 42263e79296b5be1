/**
 * A heap on XS of 24 KB for bytes and 32 KB for objects (as an ESP32 counts: 16 bytes a slot) reads bursts of 77 KB, which
 * come as one frame: from a server of the test, at once and slowly, and from nats-server below the SDK's own MQTT client.
 */

import { connectAsync } from "mqtt";
import { LONG_MS } from "../support/building.js";
import { describeIf } from "../support/describeif.js";
import { findSimulatorSdk, Simulator } from "../support/simulator.js";
import { eventually } from "../support/waiting.js";
import { natsServer, startNats, type Broker } from "./brokers.js";
import { BURST_BYTES } from "./session.js";
import { startStreamServer } from "./streamserver.js";

const sdk = findSimulatorSdk();
const MESSAGES = 3_000;

describeIf(
  sdk !== undefined && natsServer !== undefined,
  "Linux with the Moddable SDK; nats-server",
  "MQTT on XS in a small heap",
  () => {
    test(
      "reads bursts that are longer than the heap",
      async () => {
        if (sdk === undefined) return;
        const streams = await startStreamServer();
        const [broker] = await startNats();
        if (broker === undefined) throw new Error("There is no broker.");
        const total = 2 * BURST_BYTES + 1;
        const settings = ["-i", `streams=${streams.port}`, `nats=${broker.port}`, `total=${total}`];
        const simulator = await Simulator.start(sdk, "tests/xs/mqtt/small", settings);
        try {
          await simulator.waitForLine(/^(?:slowly|failed|.*abort)/);
          await burst(broker, simulator);
          await simulator.waitForLine(/^(?:done|failed|.*abort)/);
        } finally {
          await simulator.stop();
          await streams.stop();
          await broker.kill();
        }
        const { lines } = simulator;
        expect(lines.filter((line) => /uncaught|abort|memory full|failed/.test(line))).toEqual([]);
        const told = lines.filter((line) => line.includes("reachable"));
        console.info(told.join("\n"));
        expect(told.map((line) => line.split(";")[0])).toEqual([
          "empty",
          "as it comes",
          "slowly",
          `${MESSAGES} messages`,
        ]);
      },
      LONG_MS,
    );
  },
);

/** Publishes more at once than the device reads: nats-server puts what waits for it into one frame. */
async function burst({ port }: Broker, simulator: Simulator): Promise<void> {
  const client = await connectAsync(`ws://127.0.0.1:${port}/mqtt`);
  await eventually(async () => {
    await client.publishAsync("burst/probe", "probe");
    return simulator.lines.includes("subscribed");
  });
  for (let count = 0; count < MESSAGES; count++) client.publish(`burst/${count % 10}`, `message ${count}`);
  await client.publishAsync("burst/end", "end");
  await client.endAsync();
}
