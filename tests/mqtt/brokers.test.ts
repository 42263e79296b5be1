/** MQTT with brokers of others over MqttSocket, on Node by the npm package `mqtt`. */

import { connect } from "../../apps/mqtt-sensor/mqtt/node.js";
import { testCertificates } from "../support/certificates.js";
import { describeIf } from "../support/describeif.js";
import {
  mosquitto,
  natsServer,
  PASSWORD,
  startAedes,
  startMosquitto,
  startNats,
  USER,
  type Broker,
} from "./brokers.js";
import { exchangeTests } from "./exchange.js";

/** @param isSecure by wss */
function runTests(name: string, isSecure: boolean, hasRestart: boolean, broker: () => Broker | undefined): void {
  const testsOf = async (): Promise<ReturnType<typeof exchangeTests>> => {
    const { port = 0, securePort = 0, passwordPort = 0, restart } = broker() ?? {};
    if (!isSecure)
      return exchangeTests(connect, { name, isSecure, port, passwordPort, user: USER, password: PASSWORD, restart });
    const { authority } = await testCertificates();
    return exchangeTests(connect, { name, isSecure, port: securePort }, { certificate: authority });
  };
  const restart = hasRestart && !isSecure ? () => undefined : undefined;
  const others = isSecure ? {} : { passwordPort: 0 };
  for (const title of Object.keys(exchangeTests(connect, { name, isSecure, port: 0, restart, ...others })))
    test(title, async () => (await testsOf())[title]?.());
}

/** @param can what it can beside ws */
function describeBroker(
  name: string,
  file: string | undefined,
  start: () => Promise<Broker>,
  can: readonly ("wss" | "restart")[] = [],
): void {
  describeIf(file !== undefined, name, `MQTT on Node with ${name}`, () => {
    let broker: Broker | undefined;
    beforeAll(async () => (broker = await start()));
    afterAll(() => broker?.kill());
    runTests(name, false, can.includes("restart"), () => broker);
    if (can.includes("wss")) runTests(name, true, false, () => broker);
  });
}

describeBroker("mosquitto", mosquitto, async () => startMosquitto((await testCertificates()).right), [
  "wss",
  "restart",
]);
describeBroker("aedes", "npm", () => startAedes());
describeBroker(
  "nats-server",
  natsServer,
  async () => {
    const [broker] = await startNats();
    if (broker === undefined) throw new Error("There is no broker.");
    return broker;
  },
  ["restart"],
);
