/** What is written before the end arrives, and a peer that has ended is still answered. */

import { connect } from "node:net";

import { type Bench, defineCase, type Case } from "../bench.js";
import { PORT } from "../bench.js";
import { Behaviour } from "../commands.js";
import { pattern } from "../peer.js";
import { expectEqual, expectThat } from "./expect.js";
import { letTimePass } from "../../support/waiting.js";

const REQUEST =
  "GET / HTTP/1.1\r\nHost: device\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

/** All that comes on a connection, until it ends, of a WebSocket that sends this behind its handshake, with FIN. */
async function sendBehindHandshake(bench: Bench, bytes: Buffer): Promise<Buffer> {
  const socket = connect({ host: bench.network.deviceAddress, port: PORT, allowHalfOpen: true });
  const chunks: Buffer[] = [];
  socket.write(REQUEST);
  let isSent = false;
  try {
    for await (const chunk of socket) {
      chunks.push(chunk as Buffer);
      if (!isSent && Buffer.concat(chunks).includes("\r\n\r\n")) {
        isSent = true;
        socket.end(bytes);
      }
    }
  } finally {
    socket.destroy();
  }
  const all = Buffer.concat(chunks);
  return all.subarray(all.indexOf("\r\n\r\n") + 4);
}

export const closingCases: readonly Case[] = [
  defineCase("a WebSocket's Close and its FIN come together: the Close comes back", async (bench) => {
    await bench.tell({ do: "serve", maxClients: 4 });
    await bench.device.line(/^serving/);
    for (let index = 0; index < (bench.isLong ? 1_000 : 50); index += 1) {
      // A masked text of two bytes, and a masked Close with the status 1000.
      const bytes = Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0x68, 0x69, 0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe8]);
      const answer = await sendBehindHandshake(bench, bytes);
      expectEqual(answer.toString("hex"), "82026869880203e8", "answer");
    }
  }),
  defineCase("100,000 bytes and FIN at once: the echo arrives, then FIN", async (bench) => {
    await bench.listen(Behaviour.echo);
    const { peer } = await bench.pair({ allowHalfOpen: true });
    peer.socket.end(pattern(100_000));
    await letTimePass(300);
    bench.figures["received"] = peer.received;
    await peer.take(100_000);
    expectEqual(await peer.ended(), "fin", "end");
  }),
  defineCase("end() with unread bytes: all that was written arrives, then FIN", async (bench) => {
    await bench.listen(Behaviour.pause);
    for (let index = 0; index < 20; index += 1) {
      const { peer, id } = await bench.pair();
      peer.write(pattern(300 + index * 400));
      await letTimePass(20);
      await bench.tell({
        do: "turn",
        commands: [
          { do: "write", id, bytes: 500 },
          { do: "end", id },
        ],
      });
      await peer.take(500);
      expectEqual(await peer.ended(), "fin", "end");
    }
  }),
  defineCase("end() while the peer is sending: the answer arrives", async (bench) => {
    await bench.listen(Behaviour.answer);
    for (let index = 0; index < (bench.isLong ? 500 : 30); index += 1) {
      const { peer } = await bench.pair();
      peer.write(pattern(3_000));
      await peer.take(200);
      expectEqual(await peer.ended(), "fin", "end");
    }
  }),
  defineCase("end() behind 1 MiB: all of it arrives, then FIN", async (bench) => {
    await bench.listen(Behaviour.sendAndEnd, 1_048_576);
    const peer = await bench.dial();
    await peer.take(1_048_576);
    expectEqual(await peer.ended(), "fin", "end");
  }),
  defineCase("end() behind 100,000 bytes, to a peer that does not read for 2 s", async (bench) => {
    await bench.listen(Behaviour.sendAndEnd, 100_000);
    const peer = await bench.dial();
    peer.socket.pause();
    await letTimePass(2_000);
    peer.socket.resume();
    await peer.take(100_000);
    expectEqual(await peer.ended(), "fin", "end");
  }),
  defineCase("end() behind 5,000 bytes, to a peer that never reads: the connection is freed in time", async (bench) => {
    await bench.listen(Behaviour.sendAndEnd, 5_000);
    const peer = await bench.dial();
    // Its acknowledgements are lost as well.
    await bench.device.wire({ lossIn: 1_000, lossOut: 1_000 });
    await letTimePass(200);
    await bench.device.ask("speed 60");
    await bench.until(({ active }) => active === 0, "the connection stays");
    expectThat(peer.end !== "fin" || peer.received <= 5_000, "more came than was sent");
  }),
];
