/** A network that delays, splits, corrupts, stalls, resets and half-closes. */

import { eventually } from "../server/servertest.js";
import { withFaults } from "./faultbench.js";
import type { Harms } from "./proxy.js";

const TEXTS = ["first", "second \u20ac", "x".repeat(3_000)];
/** Short times, so that what is to be noticed is noticed soon. */
const ALERT = { keepAliveInterval: 100, serverTimeout: 150, closeTimeoutMs: 300 } as const;

describe.each<readonly [string, Harms]>([
  ["late", { toServer: { delayMs: 40 }, toClient: { delayMs: 40 } }],
  ["split into bytes", { toServer: { splitBytes: 1 }, toClient: { splitBytes: 1 } }],
  ["split oddly", { toServer: { splitBytes: 7 }, toClient: { splitBytes: 11 } }],
])("bytes that are %s", (_name, harms) => {
  test("make the same messages", async () => {
    await withFaults({}, async (bench) => {
      bench.proxy.harms = harms;
      const { socket, texts, received, closed } = await bench.connect();
      const sent = harms.toServer?.splitBytes === 1 ? TEXTS.slice(0, 2) : TEXTS;
      for (const text of sent) socket.sendString(text);
      await received(sent.length);
      expect(texts).toEqual(sent);
      socket.close(4000);
      expect(await closed).toMatchObject({ closeStatus: 4000, wasClean: true });
    });
  });
});

test("a byte that is corrupted on its way to the server ends that connection at most, wherever it is", async () => {
  await withFaults({ maxClients: 50, handshakeTimeoutMs: 300, ...ALERT }, async (bench) => {
    const attempts = Array.from({ length: 230 }, (_, at) => at).filter((at) => at % 6 === 0 || at > 170);
    for (const corruptAt of attempts) {
      bench.proxy.harms = { toServer: { corruptAt } };
      // Refused, failed, closed, or (in the payload's letters) a message with another letter.
      const client = await bench.connect({ connectTimeout: 400, ...ALERT }).catch(() => undefined);
      client?.socket.sendString("hello, hello, hello");
      await Promise.race([client?.closed, client?.received(1), new Promise((resolve) => setTimeout(resolve, 600))]);
      client?.socket.abort();
    }
    await bench.proveAlive();
    await eventually(() => bench.servers.server.clientsCount === 0);
  });
}, 60_000);

test("a byte that is corrupted on its way to the client ends the connection at most, wherever it is", async () => {
  await withFaults({ maxClients: 50, ...ALERT }, async (bench) => {
    for (let corruptAt = 0; corruptAt < 160; corruptAt += corruptAt > 120 ? 1 : 5) {
      bench.proxy.harms = { toClient: { corruptAt } };
      const client = await bench.connect({ connectTimeout: 400, ...ALERT }).catch(() => undefined);
      client?.socket.sendString("hello, hello, hello");
      await Promise.race([client?.closed, client?.received(1), new Promise((resolve) => setTimeout(resolve, 600))]);
      client?.socket.abort();
    }
    await bench.proveAlive();
    await eventually(() => bench.servers.server.clientsCount === 0);
  });
}, 60_000);

describe.each<readonly [string, Harms]>([
  ["to the server", { toServer: { stallAt: 400 } }],
  ["to the client", { toClient: { stallAt: 400 } }],
  ["in both directions", { toServer: { stallAt: 400 }, toClient: { stallAt: 400 } }],
])("a network that falls silent %s", (_name, harms) => {
  test("is noticed by both sides within interval and timeout", async () => {
    await withFaults(ALERT, async (bench) => {
      bench.proxy.harms = harms;
      const began = performance.now();
      const { socket, closed } = await bench.connect(ALERT);
      for (let turn = 0; turn < 10; turn++) socket.sendString("x".repeat(50));
      expect(await closed).toMatchObject({ closeStatus: 1006, wasClean: false });
      await bench.servers.until("closed 1006 unclean");
      expect(performance.now() - began).toBeLessThan(1_500);
      await bench.proveAlive();
    });
  });
});

test("a handshake that stalls is given up by both sides", async () => {
  await withFaults({ handshakeTimeoutMs: 200 }, async (bench) => {
    bench.proxy.harms = { toServer: { stallAt: 60 } };
    await expect(bench.connect({ connectTimeout: 300 })).rejects.toMatchObject({
      name: expect.stringMatching(/Timeout|Handshake/) as string,
    });
    await bench.proveAlive();
  });
});

describe.each<readonly [string, Harms]>([
  ["reset behind a message", { toServer: { resetAt: 420 } }],
  ["reset within the answer's head", { toClient: { resetAt: 40 } }],
  ["reset within the request's head", { toServer: { resetAt: 40 } }],
])("a connection that is %s", (_name, harms) => {
  test("is told once to each side that knew it", async () => {
    await withFaults({}, async (bench) => {
      bench.proxy.harms = harms;
      const client = await bench.connect().catch((error: unknown) => error);
      if (client instanceof Error) expect(client.name).toBe("NetworkError");
      else {
        const { socket, closed } = client as Awaited<ReturnType<typeof bench.connect>>;
        for (let turn = 0; turn < 10; turn++) socket.sendString("x".repeat(50));
        expect(await closed).toMatchObject({ closeStatus: 1006, wasClean: false, error: { name: "NetworkError" } });
        await bench.servers.until("closed 1006 unclean");
        expect(bench.servers.closedEvents).toHaveLength(1);
      }
      await bench.proveAlive();
    });
  });
});

test.each<readonly [string, Harms]>([
  ["the server hears", { toServer: { halfCloseAt: 300 } }],
  ["the client hears", { toClient: { halfCloseAt: 200 } }],
])("a FIN that only %s ends the connection on both sides", async (_name, harms) => {
  await withFaults({}, async (bench) => {
    bench.proxy.harms = harms;
    const { socket, closed } = await bench.connect();
    for (let turn = 0; turn < 5; turn++) socket.sendString("x".repeat(50));
    expect(await closed).toMatchObject({ closeStatus: 1006, wasClean: false });
    await bench.servers.until("closed 1006 unclean");
    await bench.proveAlive();
  });
});
