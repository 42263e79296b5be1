/** What a full server tells a client for which there is no place. */

import { OptionError } from "../../modules/common/errors.js";
import { WebSocketServer } from "../../modules/server.js";
import { withServer, type ServerBench } from "./servertest.js";
import { eventually } from "../support/waiting.js";
import type { RawPeer } from "../support/rawpeer.js";
import { upgradeRequest } from "../support/upgrades.js";

/** Close, 1013, "The server has its 1 clients (maxClients)." */
const REASON = "The server has its 1 clients (maxClients).";
const CLOSE_1013 = `${String.fromCharCode(0x88, 2 + REASON.length, 1013 >> 8, 1013 & 0xff)}${REASON}`;
/** Close 1013 from a client, masked with zeros. */
const ANSWER = Uint8Array.of(0x88, 0x82, 0, 0, 0, 0, 1013 >> 8, 1013 & 0xff);

async function statusOf(client: RawPeer): Promise<string> {
  return (await client.send(upgradeRequest()).head()).slice(9, 12);
}

test("refuse: 503, as when left out", async () => {
  for (const options of [{}, { whenFull: "refuse" } as const])
    await withServer({ maxClients: 1, ...options }, async (bench) => {
      await bench.open();
      expect(await statusOf(bench.connect())).toBe("503");
    });
});

describe("close", () => {
  const options = { maxClients: 1, whenFull: "close", closeTimeoutMs: 60_000 } as const;

  async function turnedAway(bench: ServerBench): Promise<RawPeer> {
    const client = bench.connect();
    expect(await statusOf(client)).toBe("101");
    return client;
  }

  test("101, then 1013 with a reason; TCP ends with the client's answer, and no handler is told", async () => {
    await withServer(options, async (bench) => {
      await bench.open();
      const client = await turnedAway(bench);
      expect(await client.until(CLOSE_1013)).toBe(CLOSE_1013);
      client.send(ANSWER);
      expect(await client.all()).toBe("");
      expect(bench.server.clientsCount).toBe(1);
      expect(bench.events).toEqual(["opened"]);
    });
  });

  test("the place of one that has left is free for the next", async () => {
    await withServer(options, async (bench) => {
      const first = await bench.open();
      await turnedAway(bench);
      first.destroy();
      await bench.until("closed 1006 unclean");
      await bench.open();
      expect(bench.server.clientsCount).toBe(1);
      expect(bench.events.filter((event) => event === "opened")).toHaveLength(2);
    });
  });

  test("they are four at a time, more get 503, and none stays longer than a second", async () => {
    await withServer(options, async (bench) => {
      await bench.open();
      const start = performance.now();
      const clients = Array.from({ length: 5 }, () => bench.connect());
      const statuses = await Promise.all(clients.map(statusOf));
      expect(statuses.sort()).toEqual(["101", "101", "101", "101", "503"]);
      for (const client of clients) await client.all();
      // Long before closeTimeoutMs.
      expect(performance.now() - start).toBeLessThan(30_000);
      await turnedAway(bench);
    });
  });

  test("what they say is read by nobody, and costs nothing", async () => {
    await withServer({ ...options, maxMessageBytes: 1_048_576 }, async (bench) => {
      await bench.open();
      const client = await turnedAway(bench);
      // A text of 5 bytes, then one that announces 1 MiB.
      client.send(Uint8Array.of(0x81, 0x85, 0, 0, 0, 0, 72, 97, 108, 108, 111));
      client.send(Uint8Array.of(0x82, 0xff, 0, 0, 0, 0, 0, 16, 0, 0, 0, 0, 0, 0));
      expect(await client.all()).toBe(CLOSE_1013);
      expect(bench.events).toEqual(["opened"]);
    });
  });

  test.each(["stop", "abort"] as const)("%s ends them, too", async (method) => {
    await withServer(options, async (bench) => {
      const first = await bench.open();
      const client = await turnedAway(bench);
      first.destroy();
      await eventually(() => bench.server.clientsCount === 0);
      await bench.server[method]();
      await client.all();
    });
  });

  test("an origin that may not connect gets 403, full or not", async () => {
    await withServer(options, async (bench) => {
      await bench.open();
      const client = bench.connect().send(upgradeRequest({ Origin: "http://evil.example" }));
      expect((await client.head()).slice(9, 12)).toBe("403");
    });
  });
});

test.each(["CLOSE", "", "1013"])("whenFull: %p is an OptionError", (whenFull) => {
  expect(() => new WebSocketServer({ whenFull: whenFull as never })).toThrow(OptionError);
});
