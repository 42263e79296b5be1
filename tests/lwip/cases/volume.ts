/** Bytes in numbers: none is lost, none is doubled, and memory is bounded by the window. */

import { type Bench, defineCase, type Case } from "../bench.js";
import { Behaviour } from "../commands.js";
import type { Wire } from "../device.js";
import { pattern } from "../peer.js";
import { expectEqual, expectThat } from "./expect.js";
import { letTimePass } from "../../support/waiting.js";

/** The window of a connection, and its send buffer. */
const WINDOW = 8_192;
const MEBIBYTE = 1_048_576;

/** Sends bytes and wants them back. */
async function echo(bench: Bench, bytes: number, timeoutMs = 50_000): Promise<void> {
  const peer = await bench.dial();
  peer.write(pattern(bytes));
  await peer.take(bytes, timeoutMs);
  peer.socket.end();
  await peer.ended();
}

/** An echo over a wire that is not good. */
function echoOver(name: string, bytes: number, wire: Wire): Case {
  return defineCase(`echo ${name}`, async (bench) => {
    await bench.listen(Behaviour.echo);
    await bench.device.wire(wire);
    await echo(bench, bench.isLong ? MEBIBYTE : bytes, bench.isLong ? 600_000 : 50_000);
  });
}

export const volumeCases: readonly Case[] = [
  defineCase("echo of 1 MiB, in writes of all sizes", async (bench) => {
    await bench.listen(Behaviour.echo);
    const peer = await bench.dial();
    for (let at = 0, size = 1; at < MEBIBYTE; at += size, size = (size * 7 + 3) % 20_011) {
      peer.write(pattern(Math.min(size, MEBIBYTE - at), at));
      if (at % 5 === 0) await letTimePass(0);
    }
    await peer.take(MEBIBYTE, 50_000);
  }),
  defineCase("echo of every size around a segment and a window", async (bench) => {
    await bench.listen(Behaviour.echo);
    for (const size of [1, 2, 535, 536, 1_435, 1_436, 1_437, 2_872, 8_191, 8_192, 8_193, 16_385, 100_000])
      await echo(bench, size);
  }),
  defineCase("8 clients echo 256 KiB at the same time", async (bench) => {
    await bench.listen(Behaviour.echo);
    const { heap } = await bench.device.statistics();
    const began = performance.now();
    await Promise.all(Array.from({ length: 8 }, () => echo(bench, 262_144)));
    bench.figures["ms"] = Math.round(performance.now() - began);
    const { heapPeak } = await bench.device.statistics();
    bench.figures["heapPeakEach"] = Math.round((heapPeak - heap) / 8);
  }),
  echoOver("with a loss of 10 %", 40_000, { lossIn: 100, lossOut: 100 }),
  echoOver("with a loss of 5 % and a delay", 40_000, { lossIn: 50, lossOut: 50, delayMs: 10 }),
  echoOver("out of order", 200_000, { reorder: 100 }),
  echoOver("doubled, lossy and out of order", 100_000, { reorder: 50, duplicate: 50, lossIn: 20, lossOut: 20 }),
  echoOver("in pbufs of 1 byte", 60_000, { pbufBytes: 1 }),
  echoOver("in pbufs of 16 bytes", 200_000, { pbufBytes: 16 }),
  echoOver("in pbufs of 500 bytes", 200_000, { pbufBytes: 500 }),
  defineCase(
    "2,000 writes of 20 bytes at a round trip of 200 ms, the link down for 3 s: nothing is lost",
    async (bench) => {
      await bench.listen(Behaviour.check);
      const { peer, id } = await bench.pair();
      const { heap } = await bench.device.statistics();
      await bench.device.ask("restart");
      await bench.device.wire({ delayMs: 100 });
      await bench.tell({ do: "burst", id, count: 2_000, bytes: 20, everyMs: 2 });
      await letTimePass(1_000);
      await bench.device.wire({ delayMs: 100, isDown: true });
      await letTimePass(3_000);
      await bench.device.wire({ delayMs: 100 });
      await peer.take(40_000, 40_000);
      const { heapPeak } = await bench.device.statistics();
      bench.figures["heapPeak"] = heapPeak - heap;
      // A send buffer in segments, one that is being sent again, and acknowledgements.
      expectThat(heapPeak - heap < 4 * WINDOW, `the heap had ${heapPeak - heap} bytes more`);
    },
  ),
  defineCase("500 writes of 20 bytes in one turn", async (bench) => {
    await bench.listen(Behaviour.check);
    const { peer, id } = await bench.pair();
    await bench.tell({ do: "burst", id, count: 500, bytes: 20, everyMs: 0 });
    await peer.take(10_000);
  }),
  defineCase("3,000 segments of one byte, unread: the heap is bounded by the window", async (bench) => {
    await bench.listen(Behaviour.pause);
    const { peer, id } = await bench.pair();
    const { heap } = await bench.device.statistics();
    await bench.device.ask("restart");
    const bytes = pattern(3_000);
    for (let index = 0; index < 3_000; index += 1) {
      peer.write(bytes.subarray(index, index + 1));
      if (index % 10 === 0) await letTimePass(1);
    }
    await letTimePass(300);
    const { heap: after, heapPeak } = await bench.device.statistics();
    bench.figures["heap"] = after - heap;
    bench.figures["heapPeak"] = heapPeak - heap;
    expectThat(after - heap < 2 * WINDOW, `the heap has ${after - heap} bytes more`);
    await bench.tell({ do: "resume", id });
    peer.socket.end();
    const state = await bench.closed(id);
    expectEqual(state.received, 3_000, "bytes");
    expectThat(state.isIntact, "the bytes differ");
  }),
  defineCase("a paused connection closes the window, and then all is delivered", async (bench) => {
    await bench.listen(Behaviour.pause);
    const { peer, id } = await bench.pair();
    const { heap } = await bench.device.statistics();
    await bench.device.ask("restart");
    peer.write(pattern(300_000)).socket.end();
    await letTimePass(800);
    const { heapPeak } = await bench.device.statistics();
    bench.figures["heapPeak"] = heapPeak - heap;
    expectThat(heapPeak - heap < 3 * WINDOW, `the heap had ${heapPeak - heap} bytes more`);
    expectEqual((await bench.state(id)).received, 0, "bytes while paused");
    await bench.tell({ do: "resume", id });
    const state = await bench.closed(id, 20_000);
    expectEqual(state.received, 300_000, "bytes");
    expectThat(state.isIntact, "the bytes differ");
  }),
  defineCase("paused and resumed 200 times during 1 MiB", async (bench) => {
    await bench.listen(Behaviour.check);
    const { peer, id } = await bench.pair();
    peer.write(pattern(MEBIBYTE));
    for (let index = 0; index < 200; index += 1) await bench.tell({ do: index % 2 === 0 ? "pause" : "resume", id });
    peer.socket.end();
    const state = await bench.closed(id, 30_000);
    expectEqual(state.received, MEBIBYTE, "bytes");
    expectThat(state.isIntact, "the bytes differ");
  }),
  defineCase(
    "a peer that does not read 1 MiB, and then does: the heap is bounded by the send buffer",
    async (bench) => {
      await bench.listen(Behaviour.send, MEBIBYTE);
      const { heap } = await bench.device.statistics();
      await bench.device.ask("restart");
      const { peer } = await bench.pair();
      peer.socket.pause();
      await letTimePass(1_500);
      const { heapPeak } = await bench.device.statistics();
      bench.figures["heapPeak"] = heapPeak - heap;
      expectThat(heapPeak - heap < 4 * WINDOW, `the heap had ${heapPeak - heap} bytes more`);
      peer.socket.resume();
      await peer.take(MEBIBYTE, 40_000);
    },
  ),
  defineCase("a peer that does not read for two minutes, and then does", async (bench) => {
    await bench.listen(Behaviour.send, 3 * MEBIBYTE);
    const { peer } = await bench.pair();
    peer.socket.pause();
    await letTimePass(1_000);
    await bench.device.ask("speed 60");
    await letTimePass(2_000);
    await bench.device.ask("speed 1");
    peer.socket.resume();
    await peer.take(3 * MEBIBYTE, 50_000);
  }),
];
