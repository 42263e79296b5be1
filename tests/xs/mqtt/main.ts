import { fromBase64 } from "#platform";
import config from "mc/config";
import { connect } from "../../../apps/mqtt-sensor/mqtt/moddable.js";
import { exchangeTests } from "../../mqtt/exchange.js";
import { streamTests } from "../../mqtt/stream.js";
import { runTests } from "../harness.js";
import { tellUncaught } from "../suitesettings.js";

tellUncaught();

/** What tests/mqtt/simulator.test.ts says: ports, 0 for what is not there, and an authority. */
const { streams, mosquitto, mosquittoSecure, aedes, nats, authority } = config as Readonly<Record<string, string>>;

function brokerTests(name: string, port: string | undefined, isSecure = false): ReturnType<typeof exchangeTests> {
  if (port === undefined || port === "0") return {};
  const options = isSecure ? { certificate: fromBase64(authority ?? "") } : {};
  return exchangeTests(connect, { name, port: Number(port), isSecure }, options);
}

void runTests({
  ...streamTests(Number(streams)),
  ...brokerTests("mosquitto", mosquitto),
  ...brokerTests("mosquitto", mosquittoSecure, true),
  ...brokerTests("aedes", aedes),
  ...brokerTests("nats-server", nats),
});
