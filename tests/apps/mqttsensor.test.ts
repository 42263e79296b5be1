/** The MQTT sample on Node, with the broker aedes. */

import { findFreePort, startApp, type App } from "../support/apps.js";
import { mosquitto, PASSWORD, startAedes, startMosquitto, USER, type Broker } from "../mqtt/brokers.js";
import { testCertificates } from "../support/certificates.js";
import { describeIf } from "../support/describeif.js";
import { secureSettings, Watcher } from "./mqttsensor.js";

const apps: App[] = [];
const brokers: Broker[] = [];
const watchers: Watcher[] = [];

afterEach(async () => {
  await Promise.all(apps.splice(0).map((app) => app.stop("SIGKILL")));
  await Promise.all(watchers.splice(0).map((watcher) => watcher.close()));
  await Promise.all(brokers.splice(0).map((broker) => broker.kill()));
});

function start(port: number, ...settings: readonly string[]): App {
  const app = startApp("mqtt-sensor", {}, ["host=127.0.0.1", `port=${port}`, "id=kitchen", ...settings]);
  apps.push(app);
  return app;
}

async function startBroker(port?: number): Promise<[Broker, Watcher]> {
  const broker = await startAedes(port);
  brokers.push(broker);
  const watcher = await Watcher.connect(broker.port, "kitchen");
  watchers.push(watcher);
  return [broker, watcher];
}

const READING = /^sensors\/kitchen\/temperature: \d\d\.\d$/;

test("publishes readings, obeys, and says good-bye on SIGINT", async () => {
  const [broker, watcher] = await startBroker();
  const app = start(broker.port, "interval=3600");
  await watcher.message(/^sensors\/kitchen\/status: online$/);
  await watcher.publish("sensors/kitchen/color", "8822ff");
  await app.printed("LED #8822ff");
  await watcher.publish("sensors/kitchen/color", "violet");
  await watcher.publish("sensors/kitchen/interval", "0");
  await app.printed("sensors/kitchen/interval 0\nThat is no command of this sensor.");
  expect(app.output.stdout).toContain("sensors/kitchen/color violet\nThat is no command of this sensor.");
  await watcher.publish("sensors/kitchen/interval", "1");
  await watcher.message(READING);
  expect(await app.stop("SIGINT")).toEqual({ code: 0, signal: null });
  await watcher.message(/^sensors\/kitchen\/status: offline$/);
  expect(app.output.stderr).toBe("");
});

test("publishes as often as it is told, and its last will is published when it is gone without a word", async () => {
  const [broker, watcher] = await startBroker();
  const app = start(broker.port, "interval=1");
  await watcher.message(READING);
  await watcher.message(READING, watcher.messages.findIndex((message) => READING.test(message)) + 1);
  await app.stop("SIGKILL");
  await watcher.message(/^sensors\/kitchen\/status: offline$/);
});

test("says why it cannot connect, and comes back when the broker does", async () => {
  const port = await findFreePort();
  const app = start(port, "interval=1");
  await app.printed("Connecting again in");
  expect(app.output.stdout).toContain(`Cannot connect to 127.0.0.1, port ${port}.`);
  const [broker, watcher] = await startBroker(port);
  await watcher.message(READING);
  await broker.kill();
  await app.printed("The connection was lost.");
  const [, second] = await startBroker(port);
  await second.message(READING);
  // Retained, it is told to whoever comes later.
  const late = await Watcher.connect(port, "kitchen");
  watchers.push(late);
  await late.message(/^sensors\/kitchen\/status: online$/);
});

test("says which path is none of a broker", async () => {
  const app = start(await findFreePort(), "path=mqtt");
  expect(await app.exited).toEqual({ code: 1, signal: null });
  expect(app.output.stderr).toContain('path is a text that begins with "/"');
});

describeIf(mosquitto !== undefined, "mosquitto", "apps/mqtt-sensor on Node.js, with mosquitto", () => {
  async function startWithPasswords(): Promise<[Broker, Watcher]> {
    const broker = await startMosquitto((await testCertificates()).right);
    brokers.push(broker);
    const watcher = await Watcher.connect(broker.port, "kitchen");
    watchers.push(watcher);
    return [broker, watcher];
  }

  test("by wss, with a user name and a password; a wrong one, and an authority that is missing, are told", async () => {
    const [broker, watcher] = await startWithPasswords();
    const { securePort: port } = broker;
    start(port, ...(await secureSettings(broker, PASSWORD)), "interval=1");
    await watcher.message(READING);
    const wrong = start(port, ...(await secureSettings(broker, "wrong")), "id=wrong");
    await wrong.printed("The broker refuses the connection: this user name with this password may not connect.");
    await wrong.printed("Connecting again in");
    const untrusting = start(port, "secure=1", "id=untrusting");
    await untrusting.printed("authority");
  });

  test("with keep=1 it obeys what it was told while it was away, also across a restart of the broker", async () => {
    const [broker, watcher] = await startWithPasswords();
    const settings = ["keep=1", `user=${USER}`, `secret=${PASSWORD}`, "interval=3600"];
    const app = start(broker.passwordPort, ...settings);
    await watcher.message(/^sensors\/kitchen\/status: online$/);
    await watcher.publish("sensors/kitchen/color", "111111");
    await app.printed("LED #111111");
    await app.stop("SIGKILL");
    await watcher.publish("sensors/kitchen/color", "8822ff");
    await broker.restart?.();
    const again = start(broker.passwordPort, ...settings);
    await again.printed("LED #8822ff");
  });
});
