/** What the official client, @microsoft/signalr, does with the hub of testhub.ts, whoever hosts it. */

import * as signalR from "@microsoft/signalr";
import type { Tests } from "../support/assertions.js";
import { eventually, letTimePass } from "../support/waiting.js";

/** Where the hub is. */
export interface OfficialSuite {
  url: string;
}

/** A client; without a negotiation where `skips` says so. */
export function officialClient(url: string, skips = false): signalR.HubConnectionBuilder {
  const options = skips ? { skipNegotiation: true, transport: signalR.HttpTransportType.WebSockets } : {};
  return new signalR.HubConnectionBuilder().withUrl(url, options).configureLogging(signalR.LogLevel.None);
}

/** Runs `use` with a client that is started, and stops it. */
async function connected(
  suite: OfficialSuite,
  use: (client: signalR.HubConnection, other: signalR.HubConnection) => Promise<void>,
  skips = false,
): Promise<void> {
  const clients = [officialClient(suite.url, skips).build(), officialClient(suite.url, skips).build()] as const;
  try {
    for (const client of clients) await client.start();
    await use(...clients);
  } finally {
    for (const client of clients) await client.stop();
  }
}

/** The items of a stream; the error that ends it is thrown. */
export function itemsOf(stream: signalR.IStreamResult<unknown>): Promise<unknown[]> {
  const items: unknown[] = [];
  return new Promise((resolve, reject) => {
    stream.subscribe({ next: (item) => items.push(item), complete: () => resolve(items), error: reject });
  });
}

/** A stream to the hub. All items are there at once: the client sends them in one message. */
function subjectOf(count: number): signalR.Subject<number> {
  const subject = new signalR.Subject<number>();
  void letTimePass(0).then(() => {
    for (let item = 0; item < count; item++) subject.next(item);
    subject.complete();
  });
  return subject;
}

function calls(suite: OfficialSuite): Tests {
  return {
    "invoke, with negotiation": () =>
      connected(suite, async (client) => {
        expect(await client.invoke("Add", 1, 2)).toBe(3);
        expect(await client.invoke("Nothing")).toBeUndefined();
        expect(await client.invoke("MyId")).toBe(client.connectionId);
      }),
    "invoke, without negotiation": () =>
      connected(
        suite,
        async (client) => {
          expect(await client.invoke("add", 1, 2)).toBe(3);
          expect(client.connectionId).toBeNull();
        },
        true,
      ),
    "values come back as they went": () =>
      connected(suite, async (client) => {
        for (const value of [null, false, 1.5, 'ä€"\u001e', [1, [2]], { a: { b: null } }, "x".repeat(4_096)])
          expect(await client.invoke("Echo", value)).toEqual(value);
      }),
    "a failing method": () =>
      connected(suite, async (client) => {
        await expect(client.invoke("Fail", "wrong colour")).rejects.toThrow("wrong colour");
        await expect(client.invoke("FailHidden")).rejects.toThrow(
          "An unexpected error occurred invoking 'FailHidden' on the server.",
        );
        await expect(client.invoke("NoSuchMethod")).rejects.toThrow("Method does not exist.");
        await expect(client.invoke("Count", 1, 0)).rejects.toThrow("with a non-streaming invocation");
        await expect(itemsOf(client.stream("Add", 1, 2))).rejects.toThrow("with a streaming invocation");
        expect(await client.invoke("Add", 1, 1)).toBe(2);
      }),
    "a result from the client": () =>
      connected(suite, async (client) => {
        client.on("GetName", () => "official");
        expect(await client.invoke("AskName")).toBe("official");
        client.off("GetName");
        await expect(client.invoke("AskName")).rejects.toThrow("Client didn't provide a result.");
      }),
    "many calls at once": () =>
      connected(suite, async (client) => {
        await Promise.all(Array.from({ length: 100 }, () => client.send("Nothing")));
        const sums = await Promise.all(Array.from({ length: 100 }, (_, at) => client.invoke<number>("Add", at, 1)));
        expect(sums).toEqual(Array.from({ length: 100 }, (_, at) => at + 1));
      }),
    "send, to all, to the others, to groups, to one": () =>
      connected(suite, async (client, other) => {
        const heard: string[] = [];
        client.on("Told", (text: string) => heard.push(`1 ${text}`));
        other.on("Told", (text: string) => heard.push(`2 ${text}`));
        await other.invoke("Join", "lights");
        await client.send("TellAll", "a");
        await client.send("TellOthers", "b");
        await client.invoke("TellGroup", "lights", "c");
        await client.send("TellClient", other.connectionId, "d");
        await other.invoke("Leave", "lights");
        await client.invoke("TellGroup", "lights", "e");
        await other.invoke("Nothing");
        expect(heard.sort()).toEqual(["1 a", "2 a", "2 b", "2 c", "2 d"]);
      }),
  };
}

function streams(suite: OfficialSuite): Tests {
  return {
    "a stream from the hub": () =>
      connected(suite, async (client) => {
        expect(await itemsOf(client.stream("Count", 5, 0))).toEqual([0, 1, 2, 3, 4]);
        await expect(itemsOf(client.stream("FailingStream", 2))).rejects.toThrow("stream failed");
      }),
    "a stream that is cancelled": () =>
      connected(suite, async (client) => {
        const before = await client.invoke<number>("CancelledStreams");
        await new Promise<void>((resolve, reject) => {
          const subscription = client.stream("Count", 1_000_000, 5).subscribe({
            next: (item) => {
              if (item !== 2) return;
              subscription.dispose();
              resolve();
            },
            complete: () => reject(new Error("it was complete")),
            error: reject,
          });
        });
        await eventually(async () => (await client.invoke("CancelledStreams")) === before + 1);
      }),
    "a stream to the hub": () =>
      connected(suite, async (client) => {
        expect(await client.invoke("Sum", subjectOf(200))).toBe(19_900);
        expect(await client.invoke("Sum", subjectOf(0))).toBe(0);
      }),
    "streams both ways": () =>
      connected(suite, async (client) => {
        expect(await itemsOf(client.stream("Doubled", subjectOf(4)))).toEqual([0, 2, 4, 6]);
      }),
    "a stream that goes faster than the hub reads it": () =>
      connected(suite, async (client) => {
        expect(await client.invoke("SlowSum", 20, subjectOf(500))).toBe(124_750);
        expect(await client.invoke("Add", 1, 1)).toBe(2);
      }),
  };
}

function ends(suite: OfficialSuite): Tests {
  return {
    "a hub that closes": () =>
      connected(suite, async (client) => {
        const closed = new Promise((resolve) => client.onclose(resolve));
        await client.send("Abort");
        expect(await closed).toBeUndefined();
      }),
    "a hub that closes, and lets one connect again": async () => {
      const client = officialClient(suite.url).withAutomaticReconnect([0, 500]).build();
      const again = new Promise((resolve) => client.onreconnected(resolve));
      await client.start();
      const first = client.connectionId;
      await client.send("Lose");
      expect(await again).toBe(client.connectionId);
      expect(client.connectionId).not.toBe(first);
      expect(await client.invoke("MyId")).toBe(client.connectionId);
      await client.stop();
    },
    "a hub that is silent": async () => {
      const client = officialClient(suite.url).build();
      const closed = new Promise((resolve) => client.onclose(resolve));
      await client.start();
      // The hubs of the tests send a Ping each 500 ms or more. What comes next starts the new time.
      client.serverTimeoutInMilliseconds = 250;
      client.invoke("Nothing").catch(() => undefined);
      expect(await closed).toMatchObject({ message: expect.stringContaining("Server timeout elapsed") as string });
    },
  };
}

/** The tests. */
export function officialTests(suite: OfficialSuite): Tests {
  return { ...calls(suite), ...streams(suite), ...ends(suite) };
}
