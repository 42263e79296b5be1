/** Whoever watches and commands the MQTT sample in its tests: the npm package `mqtt`, over its own WebSocket. */

import { connectAsync, type MqttClient } from "mqtt";
import { USER, type Broker } from "../mqtt/brokers.js";
import { testCertificates } from "../support/certificates.js";
import { eventually } from "../support/waiting.js";

/** Settings for the listener for wss of mosquitto. */
export async function secureSettings({ securePort }: Broker, secret: string): Promise<readonly string[]> {
  const { authority } = await testCertificates();
  const ca = Buffer.from(authority).toString("base64");
  return ["host=127.0.0.1", `port=${securePort}`, "secure=1", `ca=${ca}`, `user=${USER}`, `secret=${secret}`];
}

/** A client that keeps what it is told. */
export class Watcher {
  /** "topic: text", as they came. */
  readonly messages: string[] = [];
  private readonly client: MqttClient;

  private constructor(client: MqttClient) {
    this.client = client;
    client.on("message", (topic, payload) => this.messages.push(`${topic}: ${payload.toString()}`));
  }

  /** Connects, and subscribes to all of a sensor. */
  static async connect(port: number, id: string): Promise<Watcher> {
    const watcher = new Watcher(await connectAsync(`ws://127.0.0.1:${port}/mqtt`));
    await watcher.client.subscribeAsync(`sensors/${id}/#`, { qos: 1 });
    return watcher;
  }

  /** Waits for a message like this that came after the first `from`. */
  async message(pattern: RegExp, from = 0): Promise<string> {
    const find = (): string | undefined => this.messages.slice(from).find((message) => pattern.test(message));
    await eventually(
      () => find() !== undefined,
      () => `${String(pattern)} among ${this.messages.join(", ")}`,
    );
    return find() ?? "";
  }

  async publish(topic: string, text: string): Promise<void> {
    await this.client.publishAsync(topic, text, { qos: 1 });
  }

  async close(): Promise<void> {
    await this.client.endAsync(true);
  }
}
