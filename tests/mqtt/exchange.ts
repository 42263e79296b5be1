/** MQTT with a broker over an MqttSocket, on every host: by the sample's `connect`. No API of Node or Jest. */

import { MqttSocket, NameAsAddress, type MqttSocketOptions } from "xs-websockets/mqtt";
import type { Connect, MqttConnection, SocketHandlers } from "../../apps/mqtt-sensor/mqtt/mqtt.js";
import { assertEqual, type Tests } from "../support/assertions.js";
import { EventLog } from "../support/eventlog.js";
import { eventually, letTimePass } from "../support/waiting.js";

/** Where a broker listens, and how. */
export interface BrokerAddress {
  readonly name: string;
  readonly port: number;
  readonly isSecure: boolean;
}

/** A client whose events are recorded. */
class Client extends EventLog {
  readonly connection: MqttConnection;
  /** Ends the connection without a good-bye. */
  breakOff: () => void = () => undefined;
  readonly texts: string[] = [];

  constructor(connect: Connect, id: string, address: BrokerAddress, options: Partial<MqttSocketOptions> = {}) {
    super();
    const keep = (socket: MqttSocket, { onError }: SocketHandlers): void => {
      this.breakOff = () => {
        socket.close();
        onError(new Error("It was broken off."));
      };
    };
    class Kept extends MqttSocket {
      constructor(given: SocketHandlers) {
        super(given);
        keep(this, given);
      }
    }
    this.connection = connect({
      host: "127.0.0.1",
      port: address.port,
      id,
      will: { topic: `will/${id}`, text: "gone" },
      dns: { io: NameAsAddress },
      socket: { ...options, io: Kept, isSecure: address.isSecure, closeTimeoutMs: 500 },
      onConnected: () => this.record("connected"),
      onMessage: (topic, text) => {
        this.texts.push(text);
        this.record(text.length > 40 ? `${topic}: ${text.length}` : `${topic}: ${text}`);
      },
      onClosed: () => this.record("closed"),
    });
  }

  /** Publishes, and waits where there is no room. */
  async publish(topic: string, text: string, isRetained = false): Promise<void> {
    await eventually(() => this.connection.publish(topic, text, isRetained), "room");
  }

  /** Subscribes, and waits until the broker obeys. */
  async subscribe(topic: string, probe: string): Promise<void> {
    this.connection.subscribe(topic);
    // MQTT 3.1.1, 3.8.4: what is published after the answer is delivered; the sample does not tell of the answer.
    let looks = 0;
    await eventually(async () => {
      if (looks++ % 40 === 0) await this.publish(probe, "probe");
      return this.events.includes(`${probe}: probe`);
    }, `a probe by ${probe}`);
    // Probes that are still on their way.
    await letTimePass(100);
    this.texts.length = 0;
  }
}

/** Two clients at a broker exchange messages. @param options of their sockets, such as a certificate */
export function exchangeTests(
  connect: Connect,
  address: BrokerAddress,
  options: Partial<MqttSocketOptions> = {},
): Tests {
  const { name, isSecure } = address;
  // All that waits for a client is one frame of nats-server, which a busy machine makes a large one.
  const limits = name === "nats-server" ? { maxMessageBytes: 131_072 } : {};
  const open = async (id: string): Promise<Client> => {
    const client = new Client(connect, `${id}-${isSecure ? "wss" : "ws"}`, address, { ...limits, ...options });
    await client.until("connected");
    return client;
  };
  const title = `${name}${isSecure ? " over wss" : ""}`;
  return {
    [`${title}: texts, in order, large ones too, and retained`]: async () => {
      const [one, other] = [await open("one"), await open("other")];
      const topic = `t/${isSecure ? "s" : "p"}`;
      await other.subscribe(`${topic}/#`, `${topic}/probe`);
      await one.publish(`${topic}/a`, "aé€😀");
      await other.until(`${topic}/a: aé€😀`);
      const large = "0123456789".repeat(600);
      await one.publish(`${topic}/b`, large);
      await other.until(`${topic}/b: 6000`);
      assertEqual(other.texts.at(-1), large, "large text");
      other.texts.length = 0;
      for (let count = 0; count < 100; count++) await one.publish(`${topic}/c`, `${count} ${"x".repeat(200)}`);
      await one.publish(`${topic}/end`, "end");
      await other.until(`${topic}/end: end`);
      const order = other.texts.map((text) => text.split(" ")[0]).join();
      assertEqual(order, [...Array.from({ length: 100 }, (_, at) => at), "end"].join(), "order");
      await one.publish(`${topic}/kept`, "kept", true);
      await other.until(`${topic}/kept: kept`);
      const late = await open("late");
      late.connection.subscribe(`${topic}/kept`);
      await late.until(`${topic}/kept: kept`);
      for (const client of [one, other, late]) client.connection.close();
    },
    [`${title}: the last will of who is gone without a word, and not of who says good-bye`]: async () => {
      const [watcher, polite, lost] = [await open("watcher"), await open("polite"), await open("lost")];
      await watcher.subscribe("will/#", "will/probe");
      polite.connection.close();
      await letTimePass(50);
      lost.breakOff();
      await watcher.until(`will/lost-${isSecure ? "wss" : "ws"}: gone`);
      assertEqual(watcher.events.includes(`will/polite-${isSecure ? "wss" : "ws"}: gone`), false, "will");
      watcher.connection.close();
    },
  };
}
