/** TLS on the ESP32's sockets, in both roles: the engine, its stream and its acceptor on lwIP; peers are Node.js's TLS. */

import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:https";
import { connect, type AddressInfo } from "node:net";
import type { SecureVersion } from "node:tls";
import { WebSocketServer } from "ws";

import { Authority } from "../../../apps/tls-echo/certificates.js";
import { type Bench, type Case, PORT } from "../bench.js";
import { Behaviour } from "../commands.js";
import type { Wire } from "../device.js";
import { pattern, type Peer } from "../peer.js";
import { defineTlsCase, NAME, type Secured } from "../secured.js";
import { expectEqual, expectThat, inLanes } from "./expect.js";
import { letTimePass } from "../../support/waiting.js";

/** The window of a connection, and its send buffer. */
const WINDOW = 8_192;
/** A record of each direction, and what surrounds them in mbedTLS. */
const ENGINE = 48_000;
const VERSIONS: readonly SecureVersion[] = ["TLSv1.2", "TLSv1.3"];

/** In pieces of several sizes, none of which is that of a record or of a segment. */
async function echo(peer: Peer, bytes: number, timeoutMs = 50_000): Promise<void> {
  for (let at = 0, size = 1; at < bytes; at += size, size = (size * 7 + 3) % 20_011)
    peer.write(pattern(Math.min(size, bytes - at), at));
  await peer.take(bytes, timeoutMs);
}

/** Echoes in both roles over a wire that is not good. */
function echoOver(name: string, bytes: number, wire: Wire, mtu?: number): Case {
  return defineTlsCase(`echo in both roles ${name}`, async (secured) => {
    const { bench } = secured;
    await secured.listen(Behaviour.echo);
    if (mtu !== undefined) execFileSync("ip", ["link", "set", "lwip0", "mtu", `${mtu}`]);
    try {
      await bench.device.wire(wire);
      for (const peer of [await secured.dial(), (await secured.connect(Behaviour.echo)).peer]) {
        await echo(peer, bench.isLong ? bytes * 20 : bytes, bench.isLong ? 500_000 : 50_000);
        peer.socket.end();
        await peer.ended();
      }
    } finally {
      if (mtu !== undefined) execFileSync("ip", ["link", "set", "lwip0", "mtu", "1500"]);
    }
  });
}

/** Something that does harm to a handshake with the device, which listens. */
const harms: readonly ((secured: Secured, turn: number) => Promise<void>)[] = [
  // A client that does not trust the device.
  async ({ bench }) => {
    await bench.dial({ tls: { servername: NAME } }).then(
      () => expectThat(false, "a device that is not trusted"),
      () => undefined,
    );
  },
  // One that leaves after some bytes, or in the middle of its hello.
  async ({ bench }, turn) => {
    const socket = connect({ host: bench.network.deviceAddress, port: PORT });
    socket.on("error", () => undefined);
    await once(socket, "connect");
    socket.write(Buffer.from([22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3, ...new Array<number>((turn * 37) % 400).fill(7)]));
    await letTimePass(5);
    if (turn % 2 === 0) socket.resetAndDestroy();
    else socket.end();
    if (!socket.closed) await new Promise((resolve) => socket.on("close", resolve));
  },
  // No TLS at all.
  async ({ bench }) => {
    const peer = await bench.dial();
    peer.write("GET / HTTP/1.1\r\nHost: device\r\n\r\n");
    await peer.ended();
    await bench.forget(peer);
  },
];

/** Waits until every connection of the device has closed, and has it forget them. */
async function forgetAll(bench: Bench): Promise<void> {
  await bench.until(({ active }) => active === 0, "connections are left", 20_000);
  expectEqual(await bench.tell({ do: "forget" }), 0, "connections whose end was not told");
  await bench.device.ask("clearTimeWait");
}

/** Natively nothing is left even before XS collects its garbage: that does not see how much is native. */
async function expectNoGrowth({ bench }: Secured, cycle: (turn: number) => Promise<void>): Promise<void> {
  const count = bench.isLong ? 1_000 : 24;
  await bench.device.xs();
  await inLanes(12, 4, cycle);
  await forgetAll(bench);
  const native = await bench.device.statistics();
  const before = { ...native, ...(await bench.device.xs()) };
  await inLanes(count, 4, cycle);
  await forgetAll(bench);
  const after = { ...(await bench.device.statistics()), ...(await bench.device.xs()) };
  for (const part of ["slots", "chunks", "heap", "blocks"] as const) {
    bench.figures[part] = after[part] - before[part];
    expectThat(after[part] - before[part] < count * 8 + 4_096, `${part}: ${before[part]}, then ${after[part]}`);
  }
}

/** What stays of four connections, and what the first takes at most, beside lwIP's own; the buffers of records stay. */
async function measureIdle(secured: Secured, role: string, connectOne: () => Promise<Peer>): Promise<void> {
  const { bench } = secured;
  await bench.device.xs();
  const before = { ...(await bench.device.statistics()), ...(await bench.device.xs()) };
  await bench.device.ask("restart");
  const peers = [await connectOne()];
  await peers[0]?.write(pattern(100)).take(100);
  const { heapPeak } = await bench.device.statistics();
  for (let index = 1; index < 4; index += 1) peers.push(await connectOne());
  await Promise.all(peers.slice(1).map((peer) => peer.write(pattern(100)).take(100)));
  const after = { ...(await bench.atRest()), ...(await bench.device.xs()) };
  bench.figures[`${role}Peak`] = heapPeak - before.heap;
  for (const part of ["heap", "slots", "chunks"] as const)
    bench.figures[`${role}${part.charAt(0).toUpperCase()}${part.slice(1)}`] = (after[part] - before[part]) / 4;
  expectThat(after.heap - before.heap < 4 * 40_000, `${(after.heap - before.heap) / 4} bytes each`);
  expectThat(after.slots + after.chunks - before.slots - before.chunks < 4 * 6_144, "XS has more than 6 KB each");
  for (const peer of peers) peer.socket.destroy();
  await forgetAll(bench);
}

export const tlsCases: readonly Case[] = [
  defineTlsCase("what a connection takes while it is idle, and its handshake at most", async (secured) => {
    await secured.listen(Behaviour.echo);
    for (const version of VERSIONS) {
      const name = version.replace(".", "").replace("TLSv", "");
      await measureIdle(secured, `server${name}`, () => secured.dial(version));
      await measureIdle(secured, `client${name}`, async () => (await secured.connect(Behaviour.echo, 0, version)).peer);
    }
  }),
  defineTlsCase("echoes of every size around a record, TLS 1.2 and 1.3, in both roles", async (secured) => {
    await secured.listen(Behaviour.echo);
    for (const version of VERSIONS) {
      for (const peer of [await secured.dial(version), (await secured.connect(Behaviour.echo, 0, version)).peer]) {
        let at = 0;
        for (const size of [1, 125, 1_435, 1_436, 4_095, 4_097, 16_383, 16_384, 16_385, 50_000]) {
          peer.write(pattern(size, at));
          at += size;
          await peer.take(at);
        }
        peer.socket.end();
        expectEqual(await peer.ended(), "fin", "end");
      }
    }
  }),
  echoOver("with a loss of 5 % and a delay", 12_000, { lossIn: 50, lossOut: 50, delayMs: 5 }),
  echoOver("doubled, lossy and out of order", 60_000, { reorder: 50, duplicate: 50, lossIn: 20, lossOut: 20 }),
  echoOver("in pbufs of 16 bytes", 60_000, { pbufBytes: 16 }),
  echoOver("in segments of 260 bytes", 60_000, {}, 300),
  defineTlsCase("end() behind 200,000 bytes, in both roles: all of it arrives, then the end", async (secured) => {
    await secured.listen(Behaviour.sendAndEnd, 200_000);
    for (const peer of [await secured.dial(), (await secured.connect(Behaviour.sendAndEnd, 200_000)).peer]) {
      peer.socket.pause();
      await letTimePass(300);
      peer.socket.resume();
      await peer.take(200_000);
      expectEqual(await peer.ended(), "fin", "end");
    }
  }),
  defineTlsCase("the peer's end, its FIN without close_notify, and RST are told apart", async (secured) => {
    const { bench } = secured;
    await secured.listen(Behaviour.check);
    for (const connectOne of [() => secured.pair(), () => secured.connect(Behaviour.check)]) {
      const { peer, id } = await connectOne();
      peer.write(pattern(30_000)).socket.end();
      const { received, error, isIntact } = await bench.closed(id);
      expectThat(isIntact && received === 30_000, `${received} bytes`);
      expectEqual(error, "", "error after close_notify");
      // A FIN alone: somebody in between could have sent it.
      const cut = await connectOne();
      cut.peer.socket.destroy();
      expectEqual((await bench.closed(cut.id)).error, "ECONNRESET", "error after FIN");
    }
    const { peer, id } = await secured.pair();
    peer.reset();
    expectEqual((await bench.closed(id)).error, "ECONNRESET", "error after RST");
  }),
  defineTlsCase("a paused device in both roles: memory is bounded, and then all is delivered", async (secured) => {
    const { bench } = secured;
    await secured.listen(Behaviour.pause);
    for (const { peer, id } of [await secured.pair(), await secured.connect(Behaviour.pause)]) {
      const { heap } = await bench.device.statistics();
      await bench.device.ask("restart");
      peer.write(pattern(200_000)).socket.end();
      await letTimePass(500);
      const { heapPeak } = await bench.device.statistics();
      expectThat(heapPeak - heap < 3 * WINDOW, `the heap had ${heapPeak - heap} bytes more`);
      await bench.tell({ do: "resume", id });
      const { received, isIntact } = await bench.closed(id);
      expectThat(isIntact && received === 200_000, `${received} bytes`);
    }
  }),
  defineTlsCase("a peer that does not read, in both roles: memory is bounded by buffers", async (secured) => {
    const { bench } = secured;
    await secured.listen(Behaviour.send, 200_000);
    for (const connectOne of [
      () => secured.dial(),
      async () => (await secured.connect(Behaviour.send, 200_000)).peer,
    ]) {
      const { heap } = await bench.device.statistics();
      await bench.device.ask("restart");
      const peer = await connectOne();
      peer.socket.pause();
      await letTimePass(500);
      const { heapPeak } = await bench.device.statistics();
      bench.figures["heapPeak"] = heapPeak - heap;
      expectThat(heapPeak - heap < 4 * WINDOW + ENGINE, `the heap had ${heapPeak - heap} bytes more`);
      peer.socket.resume();
      await peer.take(200_000);
      peer.socket.end();
    }
  }),
  defineTlsCase("wss served: small and large messages, and either side closes", async (secured) => {
    const { bench } = secured;
    await bench.tell({ do: "serve", maxClients: 4, identity: secured.made.identity });
    await bench.device.line(/^serving/);
    for (const closes of ["peer", "device"]) {
      const socket = await secured.openWebSocket();
      for (const size of [0, 1, 125, 126, 16_384, 70_000, 200_000]) {
        const sent = pattern(size);
        socket.send(sent);
        const [data] = (await once(socket, "message")) as [Buffer];
        expectThat(data.equals(sent), `an echo of ${data.length} of ${size} bytes`);
      }
      const closed = once(socket, "close");
      if (closes === "peer") socket.close(1_000, "bye");
      else await bench.tell({ do: "clear" });
      expectEqual((await closed)[0], closes === "peer" ? 1_000 : 1_006, `code where the ${closes} closes`);
    }
  }),
  defineTlsCase("wss clients: messages of 5 and 70,000 characters, a resumed session each", async (secured) => {
    const { bench } = secured;
    const { certificatesPem: cert, privateKeyPem: key } = secured.made.issued;
    const https = createServer({ cert, key });
    const server = new WebSocketServer({ server: https, perMessageDeflate: false });
    let resumed = 0;
    https.on("secureConnection", (socket) => (resumed += socket.isSessionReused() ? 1 : 0));
    server.on("connection", (socket) =>
      socket.on("message", (data, isBinary) => socket.send(data as Buffer, { binary: isBinary })),
    );
    https.listen(0, bench.network.peerAddress);
    await once(https, "listening");
    const url = `wss://${bench.network.peerAddress}:${(https.address() as AddressInfo).port}/`;
    try {
      for (const characters of [5, 70_000]) {
        const from = bench.device.lines.length;
        await bench.tell({ do: "dial", url, count: 4, authority: secured.made.authority, characters });
        expectEqual(await bench.device.line(/^dialled/, 20_000, from), "dialled 4 0", "clients");
      }
      expectEqual(resumed, 7, "resumed sessions");
    } finally {
      https.close();
    }
  }),
  defineTlsCase("a server's cycles: good, refused, cut and no TLS leave nothing", async (secured) => {
    await secured.listen(Behaviour.echo);
    await expectNoGrowth(secured, async (turn) => {
      const harm = harms[(turn >> 1) % harms.length];
      if (turn % 2 === 1 && harm !== undefined) return harm(secured, turn);
      const peer = await secured.dial(VERSIONS[(turn >> 1) % 2]);
      await peer.write(pattern(100)).take(100);
      if (turn % 4 === 0) peer.reset();
      else peer.socket.end();
      await peer.ended();
      await secured.bench.forget(peer);
    });
  }),
  defineTlsCase("a client's cycles: good, refused and cut leave nothing", async (secured) => {
    const { bench, made } = secured;
    const { certificatesPem: cert, privateKeyPem: key } = made.issued;
    const host = bench.network.peerAddress;
    const stranger = await Authority.create({ name: "an authority" });
    const trusted = Buffer.from(stranger.issued.certificates[0] ?? []).toString("base64");
    // Node.js 20 forgets close_notify where its end follows the handshake at once.
    const endLater = (peer: Peer): void => void letTimePass(5).then(() => peer.socket.end());
    const good = await bench.serve(
      (peer) => {
        endLater(peer.write(pattern(100)));
      },
      { cert, key },
    );
    const cut = await bench.serve((peer) => void letTimePass(2).then(() => peer.reset()));
    await expectNoGrowth(secured, async (turn) => {
      const { port } = turn % 3 === 2 ? cut : good;
      const authority = turn % 3 === 1 ? trusted : made.authority;
      const id = (await bench.tell({ do: "connect", host, port, behaviour: Behaviour.check, authority })) as number;
      const { error } = await bench.closed(id);
      expectEqual(error, ["", "ETLSUNTRUSTED", "ECONNRESET"][turn % 3], "error");
      await bench.tell({ do: "forget", id });
    });
  }),
  defineTlsCase(
    "allocations that fail: a refused handshake or a broken connection, and all works after it",
    async (secured) => {
      const { bench } = secured;
      await secured.listen(Behaviour.echo);
      for (const every of [3, 20, 100, 400]) {
        await bench.device.ask(`failEvery ${every}`);
        await inLanes(6, 3, async (turn) => {
          const peer = await secured.dial(VERSIONS[turn % 2], 1_000).catch(() => undefined);
          await peer
            ?.write(pattern(5_000))
            .take(5_000, 1_000)
            .catch(() => undefined);
          expectThat(peer?.isIntact !== false, "bytes that came are not those that were sent");
          peer?.socket.destroy();
        });
        await bench.device.ask("failEvery 0");
      }
      bench.figures["failures"] = (await bench.device.statistics()).failures;
      await echo(await secured.dial(), 20_000);
    },
  ),
];
