/** mqtt (MQTT.js) with its way for browsers over the WHATWG WebSocket. On XS it cannot be loaded: see docs/npm-libraries.md. */

import { connectAsync, type MqttClient } from "mqtt";
import { install } from "../../modules/whatwg.js";
import { describeIf } from "../support/describeif.js";
import { hasNatsServer, startNatsServer, type NatsServer } from "./natsserver.js";

describeIf(hasNatsServer, "nats-server", "MQTT.js over the WHATWG WebSocket", () => {
  let server: NatsServer;

  beforeAll(async () => {
    install();
    server = await startNatsServer();
  });
  afterAll(() => server.stop());

  function connect(clientId: string): Promise<MqttClient> {
    // Without it MQTT.js takes `ws` on Node.js; with it the global WebSocket, as in a browser.
    return connectAsync(server.mqttUrl, { forceNativeWebSocket: true, clientId });
  }

  function messages(client: MqttClient, count: number): Promise<readonly string[]> {
    return new Promise((resolve) => {
      const lines: string[] = [];
      client.on("message", (topic, payload, { retain }) => {
        const length = lines.push(
          `${topic} ${payload.toString("latin1").slice(0, 5)} ${payload.length} ${String(retain)}`,
        );
        if (length === count) resolve(lines);
      });
    });
  }

  test.each([0, 1] as const)("publishes to another client, quality of service %d", async (qos) => {
    const [sensor, panel] = [await connect(`sensor${qos}`), await connect(`panel${qos}`)];
    await panel.subscribeAsync(`home/${qos}/+`, { qos });
    const received = messages(panel, 3);
    await sensor.publishAsync(`home/${qos}/a`, "warm", { qos });
    await sensor.publishAsync(`home/${qos}/b`, Buffer.alloc(100_000, "x"), { qos });
    await sensor.publishAsync(`home/${qos}/c`, "", { qos });
    const expected = [`home/${qos}/a warm 4 false`, `home/${qos}/b xxxxx 100000 false`, `home/${qos}/c  0 false`];
    expect(await received).toEqual(expected);
    await Promise.all([sensor.endAsync(), panel.endAsync()]);
  });

  test("connects again by itself, and has its subscription again", async () => {
    const client = await connectAsync(server.mqttUrl, {
      ...{ forceNativeWebSocket: true, clientId: "again", reconnectPeriod: 20, clean: true },
    });
    await client.subscribeAsync("lost/+", { qos: 1 });
    const again = new Promise((resolve) => client.once("connect", resolve));
    // The same name once more: MQTT 3.1.1, 3.1.4: the server ends the connection that had it.
    const thief = await connect("again");
    await thief.endAsync();
    await again;
    const received = messages(client, 1);
    await client.publishAsync("lost/found", "here", { qos: 1 });
    expect(await received).toEqual(["lost/found here 4 false"]);
    await client.endAsync();
  });
});
