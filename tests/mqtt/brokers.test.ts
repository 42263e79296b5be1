/** MQTT with brokers of others over MqttSocket, on Node by the npm package `mqtt`. */

import { connect } from "../../apps/mqtt-sensor/mqtt/node.js";
import { testCertificates } from "../support/certificates.js";
import { describeIf } from "../support/describeif.js";
import { PASSWORD, USER, type Broker } from "./brokers.js";
import { CANDIDATES } from "./candidates.js";
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

for (const { name, start, hasSecure, hasRestart } of CANDIDATES)
  describeIf(start !== undefined, name, `MQTT on Node with ${name}`, () => {
    let broker: Broker | undefined;
    beforeAll(async () => (broker = await start?.()));
    afterAll(() => broker?.kill());
    runTests(name, false, hasRestart, () => broker);
    if (hasSecure) runTests(name, true, false, () => broker);
  });
