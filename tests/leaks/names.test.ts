/** On XS: names that peers choose take nothing for good, on the heap of an ESP32. XS keeps each name of a property for ever. */

import { createServer, type Server } from "node:net";
import type { AddressInfo } from "node:net";
import { describeIf } from "../support/describeif.js";
import { findSimulatorSdk } from "../support/simulator.js";
import { LeaksApp } from "./xsapp.js";
import { RawPeer } from "../support/rawpeer.js";
import { upgradeRequest } from "../support/upgrades.js";
import { LONG_MS } from "../support/building.js";

const sdk = findSimulatorSdk();
/** Messages, and new names in each. */
const MESSAGES = 400;
const NAMES = 180;

let nameCount = 0;

/** Fields of new names: more of them than are kept. */
function newFields(): string {
  return Array.from({ length: NAMES }, () => `N${nameCount++}:\r\n`).join("");
}

/** Answers each request with a refusal, and new names. */
async function startRefusingServer(): Promise<Server> {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", () =>
      socket.end(`HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n${newFields()}${newFields()}\r\n`),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}

describeIf(sdk !== undefined, "the Moddable SDK", "new names on the heap of an ESP32, in the simulator", () => {
  let app: LeaksApp;

  beforeAll(async () => {
    if (sdk !== undefined) app = await LeaksApp.start(sdk, "tests/xs/leaks/small");
  }, LONG_MS);
  afterAll(() => app.stop());

  async function expectNoNewNames(run: (count: number) => Promise<void>): Promise<void> {
    await run(10);
    const before = await app.levels();
    await run(MESSAGES);
    const after = await app.levels();
    console.info(`${before.keys} -> ${after.keys} names, ${before.slots} -> ${after.slots} bytes of slots`);
    expect(after.keys).toBe(before.keys);
    expect(app.problems).toEqual([]);
  }

  test.each([
    ["upgrade requests that are accepted", upgradeRequest(), "101"],
    ["requests for another path", "GET /other HTTP/1.1\r\nHost: a\r\n\r\n", "404"],
  ])(
    "in %s",
    async (_name, request, status) => {
      await expectNoNewNames(async (count) => {
        for (let at = 0; at < count; at += 4) {
          const clients = Array.from({ length: 4 }, () => RawPeer.connect(app.port));
          const answers = clients.map((client) =>
            client.send(request.replace("\r\n\r\n", `\r\n${newFields()}\r\n`)).head(),
          );
          for (const answer of await Promise.all(answers)) expect(answer).toContain(`HTTP/1.1 ${status} `);
          for (const client of clients) client.socket.resetAndDestroy();
          while ((await app.levels()).clients > 0);
        }
      });
    },
    LONG_MS,
  );

  test(
    "in answers to a client",
    async () => {
      const server = await startRefusingServer();
      const { port } = server.address() as AddressInfo;
      try {
        await expectNoNewNames(async (count) => {
          const cycles = { ending: "failure", uris: [`ws://127.0.0.1:${port}/`], lanes: 2 } as const;
          expect(await app.cycles(cycles, count)).toEqual({ ERR_HANDSHAKE: count });
        });
      } finally {
        server.close();
      }
    },
    LONG_MS,
  );
});
