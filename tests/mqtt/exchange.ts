/** MQTT with a broker over an MqttSocket, on every host: by the sample's `connect`. No API of Node or Jest. */

import { MqttSocket, NameAsAddress, type MqttSocketOptions } from "xs-websockets/mqtt";
import type {
  Connect,
  MqttConnection,
  PublishOptions,
  Quality,
  SocketHandlers,
} from "../../apps/mqtt-sensor/mqtt/mqtt.js";
import { assert, assertEqual, type Tests } from "../support/assertions.js";
import { EventLog } from "../support/eventlog.js";
import { eventually, letTimePass } from "../support/waiting.js";

/** Where a broker listens, and how. */
export interface BrokerAddress {
  readonly name: string;
  readonly port: number;
  readonly isSecure: boolean;
  /** Where a user name and a password are asked for. */
  readonly passwordPort?: number;
  readonly user?: string;
  readonly password?: string;
  /** Has it restarted; undefined where it cannot, or keeps nothing. It may be over before that is done. */
  readonly restart?: (() => Promise<void> | undefined) | undefined;
}

/** Who connects. */
interface Who {
  readonly id: string;
  readonly user?: string;
  readonly password?: string;
  readonly isSessionKept?: boolean;
}

/** A client whose events are recorded. */
class Client extends EventLog {
  readonly connection: MqttConnection;
  /** Ends the connection without a good-bye. */
  breakOff: () => void = () => undefined;
  readonly texts: string[] = [];
  /** Why it is closed. */
  reason = "";

  constructor(connect: Connect, who: Who, address: BrokerAddress, options: Partial<MqttSocketOptions>) {
    super();
    const id = `${who.id}-${address.isSecure ? "wss" : "ws"}`;
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
      ...who,
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
      onClosed: (reason) => {
        this.reason = reason;
        this.record("closed");
      },
    });
  }

  /** Publishes, and waits where there is no room. */
  async publish(topic: string, text: string, options: PublishOptions = {}): Promise<void> {
    await eventually(() => this.connection.publish(topic, text, options), "room");
  }

  /** Publishes so many numbers, and waits until the broker has them all: it obeys in order. */
  async publishNumbers(topic: string, count: number, quality: Quality): Promise<void> {
    for (let number = 0; number < count; number++) await this.publish(topic, String(number), { quality });
    await this.subscribe(`${topic}/end`, `${topic}/end`);
  }

  /** Subscribes, and waits until the broker obeys. */
  async subscribe(topic: string, probe: string, quality: Quality = 1): Promise<void> {
    this.connection.subscribe(topic, quality);
    // MQTT 3.1.1, 3.8.4: what is published after the answer is delivered; the sample does not tell of the answer.
    let looks = 0;
    await eventually(async () => {
      if (looks++ % 40 === 0) await this.publish(probe, "probe");
      return this.events.includes(`${probe}: probe`);
    }, `a probe by ${probe}`);
    // Behind the probes that are still on their way.
    const last = `last of ${this.events.length}`;
    await this.publish(probe, last);
    await this.until(`${probe}: ${last}`);
    this.texts.length = 0;
  }
}

/** Connects the clients of one test. */
class Clients {
  private readonly connect: Connect;
  private readonly address: BrokerAddress;
  private readonly options: Partial<MqttSocketOptions>;
  private readonly all: Client[] = [];

  constructor(connect: Connect, address: BrokerAddress, options: Partial<MqttSocketOptions>) {
    this.connect = connect;
    this.address = address;
    this.options = options;
  }

  /** A client that is to be connected. */
  try(who: Who, port = this.address.port): Client {
    const client = new Client(this.connect, who, { ...this.address, port }, this.options);
    this.all.push(client);
    return client;
  }

  async open(id: string, others: Omit<Who, "id"> = {}): Promise<Client> {
    const client = this.try({ id, ...others });
    await client.until("connected");
    return client;
  }

  /** As `open`, until the broker lets it in: it may be starting. */
  async openAgain(id: string, others: Omit<Who, "id"> = {}): Promise<Client> {
    for (let attempts = 0; ; attempts++) {
      const client = this.try({ id, ...others });
      await eventually(() => client.events.includes("connected") || client.events.includes("closed"));
      if (client.events.includes("connected")) return client;
      assert(attempts < 100, `the broker lets nobody in: ${client.reason}`);
      await letTimePass(100);
    }
  }

  close(): void {
    for (const { connection } of this.all) connection.close();
  }
}

const TEN = Array.from({ length: 10 }, (_, at) => at).join();

function basicTests(title: string, topic: string, clients: () => Clients): Tests {
  return {
    [`${title}: texts, in order, large ones too, and retained`]: async () => {
      const all = clients();
      const [one, other] = [await all.open("one"), await all.open("other")];
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
      await one.publish(`${topic}/kept`, "kept", { isRetained: true });
      await other.until(`${topic}/kept: kept`);
      const late = await all.open("late");
      late.connection.subscribe(`${topic}/kept`);
      await late.until(`${topic}/kept: kept`);
      all.close();
    },
    [`${title}: the last will of who is gone without a word, and not of who says good-bye`]: async () => {
      const all = clients();
      const [watcher, polite, lost] = [await all.open("watcher"), await all.open("polite"), await all.open("lost")];
      const suffix = topic.endsWith("s") ? "wss" : "ws";
      await watcher.subscribe("will/#", "will/probe");
      polite.connection.close();
      await letTimePass(50);
      lost.breakOff();
      await watcher.until(`will/lost-${suffix}: gone`);
      assertEqual(watcher.events.includes(`will/polite-${suffix}: gone`), false, "will");
      watcher.connection.close();
    },
  };
}

/** Quality of service, sessions, and who is let in. */
function furtherTests(title: string, topic: string, address: BrokerAddress, clients: () => Clients): Tests {
  const { name, passwordPort, user = "", password = "" } = address;
  // nats-server 2.9 does not know quality 2.
  const qualities: readonly Quality[] = name === "nats-server" ? [1] : [1, 2];
  return {
    [`${title}: with quality ${qualities.join(" and ")} each text comes once, in order, large ones too`]: async () => {
      const all = clients();
      const [one, other] = [await all.open("one"), await all.open("other")];
      for (const quality of qualities) {
        const at = `${topic}/q${quality}`;
        await other.subscribe(`${at}/#`, `${at}/probe`, quality);
        for (let number = 0; number < 10; number++) await one.publish(`${at}/n`, String(number), { quality });
        await one.publish(`${at}/l`, "0123456789".repeat(600), { quality });
        await other.until(`${at}/l: 6000`);
        await letTimePass(50);
        assertEqual(other.texts.slice(0, -1).join(), TEN, `texts of quality ${quality}`);
        other.texts.length = 0;
      }
      all.close();
    },
    [`${title}: what comes for a kept session while its client is away is told when it is back`]: async () => {
      const all = clients();
      const away = await all.open("away", { isSessionKept: true });
      await away.subscribe(`${topic}/away`, `${topic}/away`);
      away.connection.close();
      const one = await all.open("one");
      await one.publishNumbers(`${topic}/away`, 10, 1);
      const back = await all.open("away", { isSessionKept: true });
      await eventually(() => back.texts.length >= 10, "what was published meanwhile");
      await letTimePass(50);
      assertEqual(back.texts.join(), TEN, "texts");
      all.close();
    },
    ...(passwordPort === undefined
      ? {}
      : {
          [`${title}: who has a password is let in, and who has a wrong one is told so`]: async () => {
            const all = clients();
            const right = all.try({ id: "right", user, password }, passwordPort);
            await right.until("connected");
            const wrong = all.try({ id: "wrong", user, password: "wrong" }, passwordPort);
            await wrong.until("closed");
            assertEqual(wrong.events.includes("connected"), false, "connected");
            const start = "The broker refuses the connection: ";
            assert(wrong.reason.startsWith(start) && wrong.reason.includes("user name"), wrong.reason);
            all.close();
          },
        }),
  };
}

/** @param restart has the broker restarted */
function restartTests(title: string, topic: string, restart: BrokerAddress["restart"], clients: () => Clients): Tests {
  if (restart === undefined) return {};
  return {
    [`${title}: after a restart of the broker sessions and retained texts are still there`]: async () => {
      const all = clients();
      const kept = await all.open("kept", { isSessionKept: true });
      await kept.subscribe(`${topic}/restart`, `${topic}/restart`);
      await kept.publish(`${topic}/retained`, "retained", { isRetained: true, quality: 1 });
      const one = await all.open("one");
      await restart();
      await kept.until("closed");
      await one.until("closed");
      const again = await all.openAgain("one");
      await again.publishNumbers(`${topic}/restart`, 10, 1);
      const back = await all.openAgain("kept", { isSessionKept: true });
      await eventually(() => back.texts.length >= 10, "what was published meanwhile");
      await letTimePass(50);
      assertEqual(back.texts.join(), TEN, "texts");
      again.connection.subscribe(`${topic}/retained`);
      await again.until(`${topic}/retained: retained`);
      all.close();
    },
  };
}

/** Clients at a broker exchange messages. @param options of their sockets, such as a certificate */
export function exchangeTests(
  connect: Connect,
  address: BrokerAddress,
  options: Partial<MqttSocketOptions> = {},
): Tests {
  const { name, isSecure, restart } = address;
  const title = `${name}${isSecure ? " over wss" : ""}`;
  const topic = `t/${isSecure ? "s" : "p"}`;
  const clients = (): Clients => new Clients(connect, address, options);
  return {
    ...basicTests(title, topic, clients),
    ...furtherTests(title, topic, address, clients),
    ...restartTests(title, topic, restart, clients),
  };
}
