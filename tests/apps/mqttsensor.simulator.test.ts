/** The MQTT sample as XS runs it, with the broker aedes. */

import { describeIf } from "../support/describeif.js";
import { findTlsSimulatorSdk, Simulator, tlsSimulatorNeeds } from "../support/simulator.js";
import { mosquitto, PASSWORD, startAedes, startMosquitto, type Broker } from "../mqtt/brokers.js";
import { testCertificates } from "../support/certificates.js";
import { secureSettings, Watcher } from "./mqttsensor.js";
import { LONG_MS } from "../support/building.js";

const sdk = findTlsSimulatorSdk();

describeIf(sdk !== undefined, tlsSimulatorNeeds, "apps/mqtt-sensor in the simulator", () => {
  let broker: Broker | undefined;
  let simulator: Simulator | undefined;
  let watcher: Watcher | undefined;

  afterAll(async () => {
    await simulator?.stop();
    await watcher?.close();
    await broker?.kill();
  });

  test(
    "publishes, shows the colour that it is told, comes back, and leaves a will",
    async () => {
      if (sdk === undefined) return;
      broker = await startAedes();
      const { port } = broker;
      watcher = await Watcher.connect(port, "attic");
      simulator = await Simulator.start(sdk, "apps/mqtt-sensor", [`port=${port}`, "id=attic", "interval=1"]);
      await watcher.message(/^sensors\/attic\/status: online$/);
      await watcher.message(/^sensors\/attic\/temperature: 20\.5$/);
      await watcher.message(/^sensors\/attic\/temperature: 21\.0$/);
      await watcher.publish("sensors/attic/color", "ff00ff");
      // The simulator draws in its own time, with 5 bits for red and blue.
      for (let pixels = 0; pixels < 10_000;) pixels = (await simulator.screenshot()).count(248, 0, 248);

      await broker.kill();
      await watcher.close();
      await simulator.waitForLine(/^Connecting again in/);
      broker = await startAedes(port);
      watcher = await Watcher.connect(port, "attic");
      await watcher.message(/^sensors\/attic\/temperature: /);
      await simulator.stop();
      await watcher.message(/^sensors\/attic\/status: offline$/);
      expect(simulator.lines.filter((line) => /uncaught|unhandled|# Exception/.test(line))).toEqual([]);
    },
    LONG_MS,
  );
});

describeIf(
  sdk !== undefined && mosquitto !== undefined,
  `${tlsSimulatorNeeds}; mosquitto`,
  "apps/mqtt-sensor in the simulator, with mosquitto",
  () => {
    test(
      "by wss, with a user name and a password; a wrong one is told",
      async () => {
        if (sdk === undefined) return;
        const broker = await startMosquitto((await testCertificates()).right);
        const watcher = await Watcher.connect(broker.port, "attic");
        const run = async (secret: string, look: (simulator: Simulator) => Promise<unknown>): Promise<void> => {
          const settings = [...(await secureSettings(broker, secret)), "id=attic", "interval=1"];
          const simulator = await Simulator.start(sdk, "apps/mqtt-sensor", settings);
          try {
            await look(simulator);
            expect(simulator.lines.filter((line) => /uncaught|unhandled|# Exception/.test(line))).toEqual([]);
          } finally {
            await simulator.stop();
          }
        };
        try {
          await run(PASSWORD, () => watcher.message(/^sensors\/attic\/temperature: 21\.0$/));
          const refusal = /^The broker refuses the connection: this user name with this password may not connect\.$/;
          await run("wrong", async (simulator) => {
            await simulator.waitForLine(refusal);
            await simulator.waitForLine(/^Connecting again in/);
          });
        } finally {
          await watcher.close();
          await broker.kill();
        }
      },
      LONG_MS,
    );
  },
);
