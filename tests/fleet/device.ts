/** A device of a fleet: MQTT by the npm package `mqtt` over MqttSocket, at one of several servers, whichever lets it in. */

import { MqttClient } from "mqtt";
import { SocketStream } from "../../apps/mqtt-sensor/mqtt/socketstream.js";
import { Backoff } from "../../modules/backoff.js";
import { MqttSocket } from "../../modules/mqtt.js";
import { eventually, letTimePass } from "../support/waiting.js";

/** What a device is, beside its name. */
export interface DeviceOptions {
  /** Ports of 127.0.0.1, the first to be tried first. */
  readonly ports: readonly number[];
  /** Whether the servers forget it when it is gone; false: they keep what it has subscribed to. */
  readonly isClean?: boolean;
  readonly backoff?: Backoff;
  /** Milliseconds that one attempt may take. */
  readonly connectTimeoutMs?: number;
}

export class Device {
  readonly id: string;
  /** What it was told, as "topic text". */
  readonly messages: string[] = [];
  /** How often it was let in. */
  connections = 0;
  failures = 0;
  /** How often a server has agreed to what it subscribes to. */
  agreements = 0;
  /** The port of the server that it is at; 0 while it is at none. */
  at = 0;
  private readonly options: DeviceOptions;
  private readonly backoff: Backoff;
  private client: MqttClient | undefined;
  private attempts = 0;
  private isStopped = false;
  private timer: NodeJS.Timeout | undefined;
  private readonly topics: string[] = [];

  constructor(id: string, options: DeviceOptions) {
    this.id = id;
    this.options = options;
    this.backoff = options.backoff ?? new Backoff({ initialMs: 100, maxMs: 2_000 });
    this.connect();
  }

  /** Subscribes, now and after each connection without a session. @returns when a server has agreed */
  async subscribe(topic: string): Promise<void> {
    this.topics.push(topic);
    const before = this.agreements;
    if (this.client !== undefined) await this.agree(this.client);
    await eventually(() => this.agreements !== before || this.isStopped, "a server agrees", 120_000);
  }

  /** Publishes. @returns with quality of service 1 when the server has it, also where that takes another connection */
  async publish(topic: string, text: string, qos: 0 | 1): Promise<void> {
    for (;;) {
      try {
        await this.client?.publishAsync(topic, text, { qos });
        return;
      } catch (error) {
        if (qos === 0 || this.isStopped) throw error;
        await letTimePass(20);
      }
    }
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    clearTimeout(this.timer);
    await this.client?.endAsync(true);
  }

  /** MQTT 3.1.1, 3.9.3: a server may refuse, as one of NATS does while a new leader is chosen. It is asked again. */
  private async agree(client: MqttClient): Promise<void> {
    while (this.topics.length > 0 && client === this.client && !this.isStopped) {
      try {
        await client.subscribeAsync([...this.topics], { qos: 1 });
        this.agreements += 1;
        return;
      } catch {
        await letTimePass(100);
      }
    }
  }

  private connect(): void {
    const { ports, isClean = true, connectTimeoutMs = 10_000 } = this.options;
    const port = ports[this.attempts++ % ports.length] ?? 0;
    const socket = { io: MqttSocket, closeTimeoutMs: 200, connectTimeout: connectTimeoutMs };
    const client = new MqttClient(() => new SocketStream(socket, "127.0.0.1", port), {
      clientId: this.id,
      clean: isClean,
      protocolVersion: 4,
      keepalive: 60,
      reconnectPeriod: 0,
      connectTimeout: connectTimeoutMs,
      // What was not acknowledged is published again by `publish`.
      resubscribe: false,
    });
    this.client = client;
    client.on("error", () => undefined);
    client.on("message", (topic, payload) => this.messages.push(`${topic} ${payload.toString()}`));
    client.on("connect", ({ sessionPresent }) => {
      this.backoff.reset();
      this.connections += 1;
      this.at = port;
      if (!sessionPresent) void this.agree(client);
    });
    client.on("close", () => {
      if (this.at === 0) this.failures += 1;
      this.at = 0;
      client.end(true);
      if (!this.isStopped) this.timer = setTimeout(() => this.connect(), this.backoff.next());
    });
  }
}
