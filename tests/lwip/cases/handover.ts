/** From SYN to the first byte: nothing of an ordinary connection is lost, however many come at once. */

import { connect } from "node:net";

import { defineCase, type Case } from "../bench.js";
import { PORT } from "../bench.js";
import { Behaviour } from "../commands.js";
import { type Peer, pattern } from "../peer.js";
import { expectEqual, expectThat, inLanes } from "./expect.js";
import { upgradeAnswer } from "../../support/upgrades.js";
import { letTimePass, PATIENCE_MS } from "../../support/waiting.js";

const REQUEST =
  "GET /echo HTTP/1.1\r\nHost: device\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
/** A masked Close without a status. */
const CLOSE = Buffer.from([0x88, 0x80, 0, 0, 0, 0]);

/** A handshake whose request is in the first segment behind the SYN. @returns whether it was answered */
async function shakeHands(host: string): Promise<boolean> {
  const socket = connect({ host, port: PORT });
  socket.write(REQUEST);
  let text = "";
  const answered = new Promise<boolean>((resolve) => {
    socket.on("data", (bytes: Buffer) => {
      text += bytes.toString("latin1");
      if (text.includes("\r\n\r\n")) resolve(true);
    });
    socket.on("error", () => {
      resolve(false);
    });
    socket.setTimeout(30_000, () => {
      resolve(false);
    });
  });
  const isAnswered = await answered;
  // The client closes, so that no TIME_WAIT stays at the device.
  if (isAnswered) {
    socket.end(CLOSE);
    await new Promise((resolve) => socket.once("close", resolve));
  }
  socket.destroy();
  return isAnswered;
}

/** So many connections come while XS is busy, and each is answered. */
function comeAtOnce(count: number): Case {
  return defineCase(`${count} connections come in one turn of XS: each is served`, async (bench) => {
    await bench.listen(Behaviour.echo);
    await bench.stallXs(400);
    const peers = await Promise.all(Array.from({ length: count }, () => bench.dial()));
    for (const peer of peers) peer.write(pattern(5));
    await Promise.all(peers.map((peer) => peer.take(5)));
    const { queuePeak } = await bench.device.statistics();
    bench.figures["queuePeak"] = queuePeak;
  });
}

export const handoverCases: readonly Case[] = [
  defineCase("handshakes whose request follows the connect at once: none is lost", async (bench) => {
    const count = bench.isLong ? 10_000 : 400;
    const from = bench.device.lines.length;
    await bench.tell({ do: "serve", maxClients: 24 });
    await bench.device.line(/^serving/, PATIENCE_MS, from);
    let lost = 0;
    await inLanes(count, 6, async () => {
      if (!(await shakeHands(bench.network.deviceAddress))) lost += 1;
    });
    bench.figures["handshakes"] = count;
    expectEqual(lost, 0, `handshakes without an answer, of ${count}`);
  }),
  defineCase("a frame in the segment behind the answer waits for `await connect()` to continue", async (bench) => {
    const { port } = await bench.serve(({ socket }) => {
      socket.once("data", (request: Buffer) => {
        socket.write(upgradeAnswer(request.toString("latin1")));
        void letTimePass(3).then(() => socket.write(Buffer.from([0x81, 1, 0x61])));
      });
    });
    for (let time = 0; time < 10; time += 1) {
      const from = bench.device.lines.length;
      await bench.tell({ do: "listenLate", url: `ws://${bench.network.peerAddress}:${port}/` });
      expectEqual(await bench.device.line(/^first /, 10_000, from), "first a", "what was told");
    }
  }),
  comeAtOnce(11),
  comeAtOnce(12),
  comeAtOnce(30),
  defineCase("30 sockets are written to in one turn, five times", async (bench) => {
    await bench.listen(Behaviour.check);
    const peers: Peer[] = [];
    for (let index = 0; index < 30; index += 1) peers.push((await bench.pair()).peer);
    for (let turn = 1; turn <= 5; turn += 1) {
      await bench.tell({ do: "write", bytes: 100 });
      await Promise.all(peers.map((peer) => peer.take(turn * 100)));
    }
  }),
  defineCase("more connections than there is room for are refused at once, and the others work", async (bench) => {
    await bench.listen(Behaviour.echo);
    const peers = await Promise.all(Array.from({ length: 40 }, () => bench.dial().catch(() => undefined)));
    const served = await Promise.all(
      peers.map(async (peer) => {
        if (peer === undefined) return false;
        peer.write(pattern(5));
        return peer.take(5, 30_000).then(
          () => true,
          () => false,
        );
      }),
    );
    const count = served.filter((isServed) => isServed).length;
    bench.figures["served"] = count;
    expectThat(count >= 30 && count < 40, `${count} of 40 connections were served`);
    for (const [index, peer] of peers.entries()) {
      if (served[index] === false && peer !== undefined)
        expectThat(peer.end !== undefined, "a connection beyond the limit is neither served nor refused");
    }
  }),
];
