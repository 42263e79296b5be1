/** On XS: nothing is left of connections, an idle one is small, and a flood does not take the last of a small heap. */

import { SERVER_DEFAULTS } from "../../modules/server/options.js";
import type { Sdk } from "../../scripts/sdk.js";
import { describeIf } from "../support/describeif.js";
import { findSimulatorSdk, findTlsSimulatorSdk, tlsSimulatorNeeds } from "../support/simulator.js";
import { asciiOf, frame, header, pattern } from "../support/vectors.js";
import { startLeakTlsServers } from "./tlsservers.js";
import { type Cycles, LeaksApp, type Levels } from "./xsapp.js";
import { eventually, letTimePass } from "../support/waiting.js";
import { RawPeer } from "../support/rawpeer.js";
import { upgradeRequest } from "../support/upgrades.js";
import { LONG_MS } from "../support/building.js";

const sdk = findSimulatorSdk();
const tlsSdk = findTlsSimulatorSdk();
/** What garbage collection and timers leave for a while, in bytes of slots: half of an idle connection. */
const NOISE = 1_500;
/** Bytes of slots of an idle connection of a 64-bit XS beside its socket, at most. */
const IDLE_SLOTS = 1_400;

/** LEAK_CYCLES of the environment asks for another number of cycles of every kind. */
const { LEAK_CYCLES } = process.env;
const CYCLES = Number(LEAK_CYCLES ?? 1_000);
/** Of TLS, whose cycles take ten times as long. */
const TLS_CYCLES = Number(LEAK_CYCLES ?? 200);

async function withApp(found: Sdk | undefined, folder: string, run: (app: LeaksApp) => Promise<void>): Promise<void> {
  if (found === undefined) return;
  const app = await LeaksApp.start(found, folder);
  try {
    await run(app);
    expect(app.problems).toEqual([]);
  } finally {
    await app.stop();
  }
}

/** Waits until the app has so many clients and its memory falls no more. */
async function settled(app: LeaksApp, clients = 0): Promise<Levels> {
  let last = await app.levels();
  for (let calm = 0; calm < 4;) {
    await letTimePass(600);
    const next = await app.levels();
    calm = next.slots >= last.slots - 64 && next.clients === clients ? calm + 1 : 0;
    last = next;
  }
  return last;
}

/** Runs cycles to warm up, and then many: memory is back where it was, and no timer and no socket is left. */
async function expectNothingLeft(app: LeaksApp, run: (isWarmUp: boolean) => Promise<void>): Promise<void> {
  await run(true);
  const before = await settled(app);
  const began = performance.now();
  await run(false);
  const seconds = ((performance.now() - began) / 1_000).toFixed(0);
  const after = await settled(app);
  console.info(
    `slots ${before.slots} -> ${after.slots}, chunks ${before.chunks} -> ${after.chunks} bytes, ` +
      `timers ${before.timers} -> ${after.timers}; ${seconds} s`,
  );
  expect(after.slots).toBeLessThan(before.slots + NOISE);
  expect(after.chunks).toBeLessThan(before.chunks + NOISE);
  expect(after.timers).toBeLessThanOrEqual(before.timers);
}

describeIf(sdk !== undefined, "the Moddable SDK", "memory on XS, in the simulator", () => {
  test(
    "1,000 cycles of each way to end a connection leave nothing",
    async () => {
      await withApp(sdk, "tests/xs/leaks", async (app) => {
        const kinds: readonly (readonly [Cycles, code: string])[] = [
          [{ ending: "echo" }, ""],
          [{ ending: "abort" }, ""],
          [{ ending: "failure", uris: ["/nowhere"] }, "ERR_HANDSHAKE"],
          [{ ending: "failure", uris: ["ws://127.0.0.1:9/"] }, "ECONNREFUSED"],
        ];
        await expectNothingLeft(app, async (isWarmUp) => {
          const count = isWarmUp ? 50 : CYCLES;
          for (const [cycles, code] of kinds) expect(await app.cycles(cycles, count)).toEqual({ [code]: count });
        });
      });
    },
    LONG_MS,
  );

  test("an idle connection is small, and gone when it ends", async () => {
    await withApp(sdk, "tests/xs/leaks", async (app) => {
      (await app.open()).destroy();
      const empty = await settled(app);
      const plain = Array.from({ length: 20 }, () => RawPeer.connect(app.plainPort));
      await eventually(async () => (await app.levels()).timers >= empty.timers + 20);
      const sockets = await settled(app);
      for (const client of plain) client.destroy();
      await settled(app);
      const clients = await Promise.all(Array.from({ length: 20 }, () => app.open()));
      const open = await settled(app, 20);
      for (const client of clients) client.destroy();
      const ended = await settled(app);
      const beside = (open.slots - sockets.slots) / 20;
      console.info(
        `an idle connection: ${beside} bytes of slots and ${(open.chunks - sockets.chunks) / 20} of chunks beside its socket of ${(sockets.slots - empty.slots) / 20}`,
      );
      expect(beside).toBeLessThan(IDLE_SLOTS);
      expect(ended.slots).toBeLessThan(empty.slots + NOISE);
    });
  });

  test("a heap of an ESP32 outlives floods: clients are refused or closed", async () => {
    await withApp(sdk, "tests/xs/leaks/small", async (app) => {
      const all: RawPeer[] = [];
      const connect = (count: number): RawPeer[] => {
        const made = Array.from({ length: count }, () => RawPeer.connect(app.port));
        all.push(...made);
        return made;
      };
      const endlessHead = `GET / HTTP/1.1\r\nX: ${"x".repeat(SERVER_DEFAULTS.maxKeptHeadBytes - 50)}`;
      // Heads that do not end, more of them than there are places.
      for (const client of connect(40)) client.send(endlessHead);
      await letTimePass(3_000);
      // Connects past maxClients.
      const refusals = connect(40).map((client) => client.send(upgradeRequest()).until(" "));
      expect((await Promise.allSettled(refusals)).length).toBe(40);
      for (const client of all.splice(0)) client.destroy();
      await settled(app);
      // All at once: on each place a peer that never reads its echo and then begins a message that never ends, and on
      // each place of a request a head that never ends.
      const { maxClients, maxMessageBytes } = SERVER_DEFAULTS;
      const clients = await Promise.all(Array.from({ length: maxClients }, () => app.open()));
      all.push(...clients);
      for (const client of clients) {
        client.socket.pause();
        for (let turn = 0; turn < 200; turn++) client.send(frame(0x81, pattern(maxMessageBytes), true));
        client.send(header(0x02, maxMessageBytes, true)).send(pattern(maxMessageBytes - 1));
      }
      for (const client of connect(12)) client.send(endlessHead);
      await letTimePass(500);
      const late = connect(30).map((client) => client.send(upgradeRequest()).all());
      expect(
        (await Promise.all(late)).filter((answer) => !answer.startsWith("HTTP/1.1 503 ") && answer !== ""),
      ).toEqual([]);
      await letTimePass(3_000);
      for (const client of all) client.destroy();
      await settled(app);
      const well = await app.open();
      well.sendFrame(0x81, asciiOf("alive"));
      expect(await well.frames(1)).toEqual(["text:616c697665"]);
      well.destroy();
    });
  });
});

describeIf(tlsSdk !== undefined, tlsSimulatorNeeds, "memory of TLS on XS, in the simulator", () => {
  test(
    "TLS that succeeds, that is refused, and that is cut off leaves nothing",
    async () => {
      await withApp(tlsSdk, "tests/xs/leaks/tls", async (app) => {
        const servers = await startLeakTlsServers();
        const authority = Buffer.from(servers.authority).toString("base64");
        try {
          await expectNothingLeft(app, async (isWarmUp) => {
            const count = isWarmUp ? 12 : TLS_CYCLES;
            const right = await app.cycles({ ending: "echo", uris: [servers.right], authority }, count);
            expect(right).toEqual({ "": count });
            const untrusted = await app.cycles({ ending: "failure", uris: [servers.untrusted], authority }, count);
            expect(untrusted).toEqual({ ETLSUNTRUSTED: count });
            const cut = await app.cycles({ ending: "failure", uris: servers.cut, authority }, count);
            expect(Object.values(cut).reduce((sum, times) => sum + times, 0)).toBe(count);
            console.info(`cut off: ${JSON.stringify(cut)}`);
          });
        } finally {
          servers.stop();
        }
      });
    },
    LONG_MS,
  );
});
