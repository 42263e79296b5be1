/** What connections cost, for the record: the variant of 32 bits has the sizes of the ESP32. */

import { defineCase, type Case } from "../bench.js";
import { Behaviour } from "../commands.js";
import { pattern, type Peer } from "../peer.js";
import { expectThat } from "./expect.js";

/** Bytes of lwIP's tcp_pcb in a build of 32 bits. */
const PCB_BYTES_32 = 208;

export const figureCases: readonly Case[] = [
  defineCase("an idle connection: at most 160 bytes beside lwIP's own", async (bench) => {
    await bench.listen(Behaviour.echo);
    const before = await bench.device.statistics();
    const peers: Peer[] = [];
    for (let index = 0; index < 8; index += 1) {
      const { peer } = await bench.pair();
      await peer.write(pattern(10)).take(10);
      peers.push(peer);
    }
    const after = await bench.atRest();
    bench.figures["bytesEach"] = (after.heap - before.heap) / 8;
    bench.figures["blocksEach"] = (after.blocks - before.blocks) / 8;
    if (bench.variant === "bits32") {
      bench.figures["bytesBesideLwip"] = (after.heap - before.heap) / 8 - PCB_BYTES_32;
      expectThat((after.heap - before.heap) / 8 - PCB_BYTES_32 <= 160, `${bench.figures["bytesBesideLwip"]} bytes`);
    }
  }),
  defineCase("an echo of 256 KiB, and the heap it takes at most", async (bench) => {
    await bench.listen(Behaviour.echo);
    for (const count of [1, 4, 8]) {
      const peers = await Promise.all(Array.from({ length: count }, () => bench.dial()));
      const { heap } = await bench.atRest();
      await bench.device.ask("restart");
      const began = performance.now();
      for (const peer of peers) peer.write(pattern(262_144));
      await Promise.all(peers.map((peer) => peer.take(262_144)));
      bench.figures[`ms${count}`] = Math.round(performance.now() - began);
      bench.figures[`peakEach${count}`] = Math.round(((await bench.device.statistics()).heapPeak - heap) / count);
      for (const peer of peers) peer.socket.end();
      await Promise.all(peers.map((peer) => peer.ended()));
    }
  }),
];
