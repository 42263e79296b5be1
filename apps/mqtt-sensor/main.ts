/**
 * A sensor that publishes a reading every few seconds by MQTT over a WebSocket, as sensors/ID/temperature. It obeys
 * sensors/ID/interval (seconds between two readings) and sensors/ID/color (of the LED, such as 8822ff), and
 * sensors/ID/status says whether it is there: "online", or "offline" as its last will. With keep=1 the broker keeps commands
 * for it while it is away.
 */

import { delay, exitWith, log, onExit, readSettings, whenDateValid, whenNetworkReady } from "#environment";
import { led } from "#led";
import { connect } from "#mqtt";
import { Backoff } from "xs-websockets/backoff";
import { MqttSocket, NameAsAddress } from "xs-websockets/mqtt";
import type { MqttConnection } from "./mqtt/mqtt.js";

const MAX_INTERVAL_S = 3_600;

const settings = readSettings({
  ...{ host: "localhost", port: 8083, path: "/mqtt", secure: 0, ca: "" },
  ...{ id: "sensor-1", user: "", secret: "", keep: 0, interval: 5 },
});
const topic = `sensors/${settings.id}`;
const backoff = new Backoff();
let interval = Math.max(1, settings.interval);
let readings = 0;
const leaving = { isWanted: false, leave: (): void => undefined };

/** A slow wave, in the place of a thermometer. */
function readTemperature(): string {
  readings += 1;
  return (20 + 5 * Math.sin(readings / 10)).toFixed(1);
}

function obey(command: string, text: string): void {
  log(`${command} ${text}`);
  const number = Number.parseInt(text, command.endsWith("color") ? 16 : 10);
  if (command === `${topic}/interval` && number >= 1 && number <= MAX_INTERVAL_S) interval = number;
  else if (command === `${topic}/color` && text.length === 6 && number >= 0)
    led.setColor(number >> 16, (number >> 8) & 255, number & 255);
  else log("That is no command of this sensor.");
}

/** What becomes of a connection. */
interface State {
  isOver: boolean;
}

const socket = {
  io: MqttSocket,
  path: settings.path,
  isSecure: settings.secure === 1,
  ...(settings.ca === ""
    ? {}
    : { certificate: `-----BEGIN CERTIFICATE-----\n${settings.ca}\n-----END CERTIFICATE-----` }),
};

/** One connection. @returns why it has ended */
async function session(): Promise<string> {
  const { host, port, id, user, secret, keep } = settings;
  const state: State = { isOver: false };
  const closed = new Promise<string>((resolve) => {
    const connection = connect({
      ...{ host, port, id, user, password: secret, socket, onMessage: obey },
      isSessionKept: keep === 1,
      will: { topic: `${topic}/status`, text: "offline" },
      // The socket looks the name up.
      dns: { io: NameAsAddress },
      onConnected() {
        log(`Connected to ${host}, port ${port}.`);
        backoff.reset();
        connection.subscribe(`${topic}/interval`);
        connection.subscribe(`${topic}/color`);
        connection.publish(`${topic}/status`, "online", { isRetained: true, quality: 1 });
        void publishReadings(connection, state);
      },
      onClosed: resolve,
    });
    leaving.leave = () => {
      connection.publish(`${topic}/status`, "offline", { isRetained: true });
      connection.close();
      resolve("Left.");
    };
  });
  const reason = await closed;
  state.isOver = true;
  return reason;
}

async function publishReadings(connection: MqttConnection, state: Readonly<State>): Promise<void> {
  for (;;) {
    // Second by second: the interval may be set to a shorter one meanwhile.
    for (let passed = 0; passed < interval && !state.isOver; passed++) await delay(1_000);
    if (state.isOver) return;
    // One for which there is no room is left out: by the time that there is, it is old.
    connection.publish(`${topic}/temperature`, readTemperature());
  }
}

async function main(): Promise<void> {
  await whenNetworkReady();
  if (settings.secure === 1) await whenDateValid();
  for (;;) {
    log(await session());
    if (leaving.isWanted) return;
    const delayMs = backoff.next();
    log(`Connecting again in ${delayMs} ms.`);
    await delay(delayMs);
  }
}

onExit(() => {
  leaving.isWanted = true;
  leaving.leave();
  return delay(100);
});

main().catch(exitWith);
