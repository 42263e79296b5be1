/**
 * A wss server on the heap of an ESP32, natively too: floods of strangers end in refused connections, and whoever comes
 * after them is served.
 */

import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";

import { PORT, type Case } from "../bench.js";
import type { Statistics } from "../device.js";
import { defineTlsCase, type Secured } from "../secured.js";
import { expectThat } from "./expect.js";
import { letTimePass } from "../../support/waiting.js";

/**
 * Bytes for lwIP, sockets and TLS beside what a listener takes: two connections and a handshake. With Wi-Fi and the heap
 * of XS an ESP32 has about as much left.
 */
const NATIVE = 80_000;
const CLIENTS = 2;
const FLOOD_MS = 3_000;

/** RFC 8446, 5.1 and 4: the head of a record and of a ClientHello of 4,092 bytes. */
const helloHead = Buffer.from([22, 3, 1, 16, 0, 1, 0, 15, 252]);

/** One of a flood: opens a connection. @returns what ends it */
type Stranger = (secured: Secured, turn: number) => Promise<() => void>;

async function connectTo({ bench }: Secured): Promise<Socket> {
  const socket = connect({ host: bench.network.deviceAddress, port: PORT });
  socket.on("error", () => undefined).on("data", () => undefined);
  await Promise.race([once(socket, "connect"), once(socket, "close")]);
  return socket;
}

const strangers: Readonly<Record<string, Stranger>> = {
  "half of a hello, and silence": async (secured, turn) => {
    const socket = await connectTo(secured);
    socket.write(Buffer.concat([helloHead, Buffer.alloc((turn * 211) % 3_000)]));
    return () => socket.destroy();
  },
  "a hello, and nothing behind the server's answer": async (secured) => {
    const socket = await connectTo(secured);
    const hello = await makeHello();
    socket.write(hello);
    return () => socket.destroy();
  },
  "random bytes": async (secured, turn) => {
    const socket = await connectTo(secured);
    const isRecord = turn % 2 === 0;
    socket.write(isRecord ? Buffer.concat([helloHead.subarray(0, 5), randomBytes(4_096)]) : randomBytes(2_000));
    return () => socket.destroy();
  },
  "connections without a byte": async (secured) => {
    const socket = await connectTo(secured);
    return () => socket.destroy();
  },
  "handshakes, and silence": async (secured, turn) => {
    const peer = await secured.dial(turn % 2 === 0 ? "TLSv1.2" : "TLSv1.3", 3_000);
    return () => peer.socket.destroy();
  },
  "WebSockets that say nothing": async (secured) => {
    const socket = await secured.openWebSocket(3_000);
    socket.on("error", () => undefined);
    return () => {
      socket.terminate();
    };
  },
};

/** What OpenSSL says first. */
async function makeHello(): Promise<Buffer> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const client = connectTls({ port: typeof address === "object" ? (address?.port ?? 0) : 0, host: "127.0.0.1" });
  client.on("error", () => undefined);
  const [socket] = (await once(server, "connection")) as [Socket];
  const [hello] = (await once(socket, "data")) as [Buffer];
  client.destroy();
  server.close();
  return hello;
}

/** Many at a time, and another for each that is refused. */
async function flood(secured: Secured, stranger: Stranger, figures: Record<string, number>): Promise<void> {
  const end = performance.now() + FLOOD_MS;
  let turns = 0;
  let refused = 0;
  const open: (() => void)[] = [];
  const lane = async (): Promise<void> => {
    while (performance.now() < end) {
      turns += 1;
      await stranger(secured, turns).then(
        (close) => open.push(close),
        () => (refused += 1),
      );
      await letTimePass(20);
      if (open.length > 30) open.shift()?.();
    }
  };
  await Promise.all(Array.from({ length: 6 }, lane));
  figures["tried"] = turns;
  figures["refused"] = refused;
  for (const close of open) close();
}

/** Says something, and hears it again. */
async function expectServed(secured: Secured, withinMs: number): Promise<number> {
  const began = performance.now();
  for (;;) {
    try {
      const socket = await secured.openWebSocket(3_000);
      socket.send("hello");
      await once(socket, "message");
      const closed = once(socket, "close");
      socket.close();
      await closed;
      return Math.round(performance.now() - began);
    } catch (error) {
      if (performance.now() - began > withinMs) throw error;
      await letTimePass(100);
    }
  }
}

/** What is held when nobody is connected. */
async function settled({ bench }: Secured): Promise<Statistics> {
  await bench.until(({ active }) => active === 0, "connections are left");
  await bench.device.ask("clearTimeWait");
  return bench.device.statistics();
}

export const floodCases: readonly Case[] = Object.entries(strangers).map(([name, stranger]) =>
  defineTlsCase(`a flood of ${name}`, async (secured) => {
    const { bench } = secured;
    const { identity } = secured.made;
    await bench.tell({ do: "serve", maxClients: CLIENTS, identity, isSmall: true });
    await bench.device.line(/^serving/);
    await expectServed(secured, 60_000);
    const before = await settled(secured);
    await bench.device.ask(`capBeyond ${NATIVE}`);
    await bench.device.ask("restart");
    const lines = bench.device.lines.length;
    await flood(secured, stranger, bench.figures);
    const { heapPeak, failures } = await bench.device.statistics();
    bench.figures["heapPeak"] = heapPeak - before.heap;
    bench.figures["failures"] = failures;
    bench.figures["servedAfterMs"] = await expectServed(secured, 60_000);
    await settled(secured);
    // lwIP's timer of TCP ends itself, up to 250 ms after the last connection: until then its block is there.
    await bench.until(({ heap }) => heap <= before.heap, `the heap had ${before.heap} bytes`);
    // Nor does a flood fill the log.
    const told = bench.device.lines.slice(lines).filter((line) => line.startsWith("xs-websockets:")).length;
    bench.figures["logged"] = told;
    expectThat(told < 30, `${told} lines of the log`);
  }),
);
