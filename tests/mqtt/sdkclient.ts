/**
 * The SDK's MQTT client with brokers that break rules, and with an app that does: nothing of it may reach the top level of
 * XS, which would end the app. No API of Node or Jest.
 */

import { MqttSocket, NameAsAddress } from "xs-websockets/mqtt";
import { assertEqual, type Tests } from "../support/assertions.js";
import { eventually, letTimePass } from "../support/waiting.js";

/** Of the SDK's client what is used here. */
interface Client {
  read(count?: number): ArrayBuffer | undefined;
  write(data: ArrayBuffer | null, options: object): number;
  close(): void;
}

export type ClientClass = new (options: object) => Client;

/** Seconds of the client's pulse are the shortest that it has: its timers write by themselves. */
const KEEP_ALIVE_MS = 1_000;
/** Longer than the client waits for an answer to its pulse. */
const LONG_MS = 1_800;

/** What a client has told. */
interface Told {
  readonly texts: string[];
  controls: number;
  errors: number;
}

/** @param acts what the app does in a callback */
function open(
  MQTTClient: ClientClass,
  port: number,
  path: string,
  acts: { onControl?(client: Client): void; onError?(client: Client): void; onMessage?(client: Client): void } = {},
): Told & { readonly client: Client } {
  const told = { texts: [] as string[], controls: 0, errors: 0 };
  const client: Client = new MQTTClient({
    ...{ host: "127.0.0.1", port, id: "sdk", keepAlive: KEEP_ALIVE_MS, dns: { io: NameAsAddress } },
    socket: { io: MqttSocket, path, closeTimeoutMs: 500 },
    onControl: () => {
      told.controls += 1;
      acts.onControl?.(client);
    },
    onReadable: (count: number) => {
      told.texts.push(String(client.read(count)?.byteLength));
      acts.onMessage?.(client);
    },
    onError: () => {
      told.errors += 1;
      acts.onError?.(client);
    },
  });
  return Object.assign(told, { client });
}

/** @param port of streamserver.ts, on 127.0.0.1 */
export function sdkClientTests(port: number, MQTTClient: ClientClass): Tests {
  const endsOnce = async (path: string): Promise<void> => {
    const told = open(MQTTClient, port, path);
    await eventually(() => told.errors > 0, path);
    await letTimePass(LONG_MS);
    assertEqual(told.errors, 1, path);
  };
  return {
    "the SDK's client is told once of brokers that refuse, talk nonsense, break off or are none": async () => {
      const paths = ["/refuse", "/nonsense", "/torn", "/topic", "/gone", "/close", "/lost", "/text", "/none", "/reset"];
      await Promise.all(paths.map(endsOnce));
    },
    "the SDK's client is told where nobody listens, and where its options are wrong": async () => {
      for (const [at, path] of [
        [1, "/mqtt"],
        [port, "mqtt"],
      ] as const) {
        let errors = 0;
        // The client calls it from within its constructor, too.
        const client = new MQTTClient({
          ...{ host: "127.0.0.1", port: at, dns: { io: NameAsAddress }, socket: { io: MqttSocket, path } },
          onError: () => (errors += 1),
        });
        await eventually(() => errors > 0, path);
        client.close();
        assertEqual(errors, 1, path);
      }
    },
    "an app that throws in onError of the SDK's client, which goes on writing then, is not ended by that": async () => {
      const told = open(MQTTClient, port, "/gone", {
        onError() {
          if (told.errors === 1) throw new Error("a mistake of the app");
        },
      });
      // Its pulse goes on, without an answer: it is told a second time, and closes.
      await eventually(() => told.errors === 2);
      await letTimePass(100);
      assertEqual(told.errors, 2, "errors");
    },
    "an app that throws when a message comes, or when it is let in, is told of the end": async () => {
      const mistake = (): never => {
        throw new Error("a mistake of the app");
      };
      for (const acts of [{ onMessage: mistake }, { onControl: mistake }]) {
        const told = open(MQTTClient, port, "/messages", acts);
        await eventually(() => told.errors === 1);
        await letTimePass(100);
        assertEqual(told.errors, 1, "errors");
      }
    },
    "an app may close the SDK's client in each callback, twice": async () => {
      const close = (client: Client): void => {
        client.close();
        client.close();
      };
      for (const acts of [{ onMessage: close }, { onControl: close }, { onError: close }]) {
        const told = open(MQTTClient, port, "onError" in acts ? "/gone" : "/messages", acts);
        await eventually(() => told.errors + told.controls + told.texts.length > 0);
        await letTimePass(LONG_MS);
        assertEqual(told.errors, "onError" in acts ? 1 : 0, "errors");
      }
    },
    "the SDK's client reads messages that come byte by byte, in frames with several, and in fragments": async () => {
      const told = open(MQTTClient, port, "/messages");
      // It tells of a message that comes in pieces piece by piece.
      await eventually(() => told.texts.length >= 6, "four messages");
      assertEqual(told.texts.join(), "3,3,1,1,1,3", "bytes");
      told.client.close();
    },
  };
}
