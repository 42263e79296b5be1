/** What is left in an app on XS after many handshakes of each kind, natively too, and what a flood of them takes. */

import { once } from "node:events";
import { connect as connectTcp, type Socket } from "node:net";
import { connect } from "node:tls";
import { describeIf } from "../support/describeif.js";
import { letTimePass } from "../support/waiting.js";
import { findTlsSimulatorSdk, tlsSimulatorNeeds } from "../support/simulator.js";
import { startLeakTlsServers } from "../leaks/tlsservers.js";
import { type TlsLevels, TlsServers } from "./xsservers.js";
import { LONG_MS } from "../support/building.js";

const sdk = findTlsSimulatorSdk();
/** LEAK_CYCLES of the environment asks for another number of cycles of every kind. */
const CYCLES = Number(process.env["LEAK_CYCLES"] ?? 200);
/** A client's, which come one after the other. */
const CLIENT_CYCLES = Number(process.env["LEAK_CYCLES"] ?? 40);
/** What garbage collection, timers and the C library's own blocks leave for a while, in bytes. */
const NOISE = 4_000;
const PARTS = ["native", "slots", "chunks", "timers"] as const;
/** Connections at the same time: each waits for the simulator's next look at its socket, most of its time. */
const LANES = 6;

describeIf(sdk !== undefined, tlsSimulatorNeeds, "memory of TLS in both roles on XS, in the simulator", () => {
  let servers: TlsServers;

  beforeEach(async () => {
    if (sdk !== undefined) servers = await TlsServers.start(sdk);
  }, LONG_MS);
  afterEach(async () => {
    // Undefined where the app did not start.
    await (servers as TlsServers | undefined)?.stop();
  });

  /** Runs a task so many times, some of them at the same time. */
  async function repeat(count: number, task: (turn: number) => Promise<unknown>): Promise<void> {
    let turn = 0;
    const lane = async (): Promise<void> => {
      while (turn < count) await task(turn++);
    };
    await Promise.all(Array.from({ length: LANES }, lane));
  }

  /** Waits until the app's memory falls no more. */
  async function settled(): Promise<TlsLevels> {
    let last = await servers.levels();
    for (let calm = 0; calm < 4;) {
      await letTimePass(500);
      const next = await servers.levels();
      calm = next.native >= last.native - 64 && next.slots >= last.slots - 64 ? calm + 1 : 0;
      last = next;
    }
    return last;
  }

  /**
   * Runs what leaves nothing, and compares the memory. Some of the process is the simulator's window, which takes some kilobytes
   * when it likes: what leaks grows in each of three rounds.
   */
  async function expectNoGrowth(what: string, round: () => Promise<void>): Promise<void> {
    let before = await settled();
    for (let rounds = 1; ; rounds += 1) {
      await round();
      const after = await settled();
      console.info(`${what}: ${PARTS.map((name) => `${name} ${before[name]} -> ${after[name]}`).join(", ")}`);
      const noise = { native: NOISE, slots: NOISE, chunks: NOISE, timers: 1 };
      const grown = PARTS.filter((name) => after[name] >= before[name] + noise[name]);
      if (grown.length === 0) return;
      if (rounds === 3) expect(grown).toEqual([]);
      before = after;
    }
  }

  /** A handshake with the app's server, which is good, refused by the client, or left after some bytes. */
  async function shake(kind: "good" | "refused", turn: number): Promise<void> {
    const version = turn % 2 === 0 ? "TLSv1.2" : "TLSv1.3";
    const socket = connect({
      ...{ port: servers.port, host: "127.0.0.1", servername: "localhost", maxVersion: version, minVersion: version },
      ...(kind === "good" ? { ca: servers.authority } : {}),
    });
    socket.on("error", () => undefined);
    if (kind === "good") {
      await once(socket, "secureConnect");
      if (turn % 3 === 0) socket.end();
      else socket.destroy();
    }
    await ended(socket);
  }

  /** Not by `once`, which an error would end before. */
  async function ended(socket: Socket): Promise<void> {
    if (!socket.closed) await new Promise((resolve) => socket.on("close", resolve));
  }

  async function leave(turn: number): Promise<void> {
    const socket = connectTcp(servers.port, "127.0.0.1");
    socket.on("error", () => undefined);
    const inner = connect({
      socket: limited(socket, 1 + ((turn * 37) % 600)),
      ca: servers.authority,
      servername: "localhost",
    });
    inner.on("error", () => undefined);
    await ended(socket);
    inner.destroy();
  }

  /** Ends a socket after so many bytes of what the server says. */
  function limited(socket: Socket, count: number): Socket {
    let received = 0;
    socket.on("data", ({ length }: Buffer) => {
      received += length;
      if (received >= count) socket.destroy();
    });
    void letTimePass(1_000).then(() => socket.destroy());
    return socket;
  }

  test(
    "handshakes with a server: good, refused, and left",
    async () => {
      const kinds = [
        (turn: number) => shake("good", turn),
        (turn: number) => shake("refused", turn),
        (turn: number) => leave(turn),
      ];
      for (const kind of kinds) await repeat(30, kind);
      await expectNoGrowth("as a server", async () => {
        for (const kind of kinds) await repeat(CYCLES, kind);
      });
      expect(servers.app.problems).toEqual([]);
    },
    LONG_MS,
  );

  test(
    "handshakes as a client: good, refused, and cut off",
    async () => {
      const others = await startLeakTlsServers();
      const authority = Buffer.from(others.authority).toString("base64");
      const run = async (count: number): Promise<void> => {
        expect(await servers.app.ask("connect", { uri: others.right, authority, count })).toEqual({ "": count });
        const refused = await servers.app.ask("connect", { uri: others.untrusted, authority, count });
        expect(refused).toEqual({ ETLSUNTRUSTED: count });
        for (const uri of others.cut) {
          const each = Math.ceil(count / others.cut.length);
          const codes = (await servers.app.ask("connect", { uri, authority, count: each })) as Record<string, number>;
          expect(codes[""]).toBeUndefined();
        }
      };
      try {
        await run(10);
        await expectNoGrowth("as a client", () => run(CLIENT_CYCLES));
      } finally {
        others.stop();
      }
    },
    LONG_MS,
  );

  /** Many connections with half of a handshake each. */
  async function flood(): Promise<void> {
    const before = await servers.levels();
    // RFC 8446, 5.1: the head of a record of 4,096 bytes, and some of them.
    const half = Buffer.concat([Buffer.from([22, 3, 1, 16, 0, 1, 0, 15, 252]), Buffer.alloc(600)]);
    const sockets = Array.from({ length: 40 }, () => {
      const socket = connectTcp(servers.port, "127.0.0.1");
      socket.on("error", () => undefined);
      socket.write(half);
      return socket;
    });
    await letTimePass(1_000);
    const within = await servers.levels();
    console.info(`40 half handshakes: native ${before.native} -> ${within.native}`);
    // One engine, and a record each of those that wait, in the socket of XS or of the system.
    expect(within.native - before.native).toBeLessThan(100_000);
    for (const socket of sockets) socket.destroy();
    await letTimePass(1_000);
    await shake("good", 0);
  }

  test(
    "a flood of handshakes that do not go on takes the memory of one, and lets others in after it",
    async () => {
      await repeat(10, (turn) => shake("good", turn));
      await expectNoGrowth("after the flood", flood);
    },
    LONG_MS,
  );
});
