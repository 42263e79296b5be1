import { createUtf8Decoder, fromBase64 } from "#platform";
import MQTTClient from "embedded:network/mqtt/client";
import config from "mc/config";
import { connect } from "../../../apps/mqtt-sensor/mqtt/moddable.js";
import { exchangeTests } from "../../mqtt/exchange.js";
import { type ClientClass, sdkClientTests } from "../../mqtt/sdkclient.js";
import { streamTests } from "../../mqtt/stream.js";
import { runTests } from "../harness.js";
import { tellUncaught } from "../suitesettings.js";

tellUncaught();

/** The simulator receives at most so much at once. */
const PIECE_BYTES = 1_536;

/** What tests/mqtt/simulator.test.ts says: ports of the brokers that are there, and what they want. */
const settings = config as Readonly<Record<string, string | undefined>>;
const { streams, user = "", authority = "" } = settings;
const password = createUtf8Decoder().decode(fromBase64(settings["password"] ?? ""), true);

function brokerTests(name: string): ReturnType<typeof exchangeTests> {
  const ports = settings[name];
  if (ports === undefined) return {};
  const [port = 0, securePort = 0, passwordPort = 0] = ports.split("/").map(Number);
  const canRestart = name !== "aedes";
  const restart = (): undefined => {
    trace(`restart ${name}
`);
  };
  return {
    ...exchangeTests(connect, {
      ...{ name, port, passwordPort, user, password, isSecure: false },
      restart: canRestart ? restart : undefined,
    }),
    ...(securePort === 0
      ? {}
      : exchangeTests(connect, { name, port: securePort, isSecure: true }, { certificate: fromBase64(authority) })),
  };
}

void runTests({
  ...streamTests(Number(streams), PIECE_BYTES),
  // Its typings are not what its source is.
  ...sdkClientTests(Number(streams), MQTTClient as unknown as ClientClass),
  ...brokerTests("mosquitto"),
  ...brokerTests("aedes"),
  ...brokerTests("nats-server"),
});
