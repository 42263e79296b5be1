/** MQTT with brokers of others over MqttSocket, on Node by the npm package `mqtt`. */

import { connect } from "../../apps/mqtt-sensor/mqtt/node.js";
import { testCertificates } from "../support/certificates.js";
import { describeIf } from "../support/describeif.js";
import { mosquitto, natsServer, startAedes, startMosquitto, startNats, type Broker } from "./brokers.js";
import { exchangeTests, type BrokerAddress } from "./exchange.js";

function runTests(address: Omit<BrokerAddress, "port">, broker: () => Broker | undefined): void {
  const testsAt = async (port: number): Promise<ReturnType<typeof exchangeTests>> => {
    const { authority } = await testCertificates();
    return exchangeTests(connect, { ...address, port }, address.isSecure ? { certificate: authority } : {});
  };
  for (const name of Object.keys(exchangeTests(connect, { ...address, port: 0 })))
    test(name, async () => {
      const { port = 0, securePort = 0 } = broker() ?? {};
      await (await testsAt(address.isSecure ? securePort : port))[name]?.();
    });
}

function describeBroker(name: string, file: string | undefined, start: () => Promise<Broker>, isSecure: boolean): void {
  describeIf(file !== undefined, name, `MQTT on Node with ${name}`, () => {
    let broker: Broker | undefined;
    beforeAll(async () => (broker = await start()));
    afterAll(() => broker?.kill());
    runTests({ name, isSecure: false }, () => broker);
    if (isSecure) runTests({ name, isSecure: true }, () => broker);
  });
}

describeBroker("mosquitto", mosquitto, async () => startMosquitto((await testCertificates()).right), true);
describeBroker("aedes", "npm", () => startAedes(), false);
describeBroker(
  "nats-server",
  natsServer,
  async () => {
    const [broker] = await startNats();
    if (broker === undefined) throw new Error("There is no broker.");
    return broker;
  },
  false,
);
