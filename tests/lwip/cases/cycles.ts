/** Many connections, one after the other: the memory of lwIP, of the module and of XS is that of the start. */

import { type Bench, defineCase, type Case } from "../bench.js";
import { Behaviour } from "../commands.js";
import { pattern } from "../peer.js";
import { expectEqual, expectThat, inLanes } from "./expect.js";
import { eventually } from "../../support/waiting.js";

/** Waits until every connection of the device has closed, and has it forget them. */
async function forgetAll(bench: Bench): Promise<void> {
  await eventually(async () => (await bench.tell({ do: "forget" })) === 0, "the ends of all connections");
}

/** Runs cycles, and compares XS before and after. */
async function expectNoGrowth(bench: Bench, cycle: (index: number) => Promise<void>): Promise<void> {
  const count = bench.isLong ? 10_000 : 300;
  const lanes = 4;
  await inLanes(100, lanes, cycle);
  await forgetAll(bench);
  const before = await bench.device.xs();
  await inLanes(count, lanes, cycle);
  await forgetAll(bench);
  const after = await bench.device.xs();
  bench.figures["cycles"] = count;
  bench.figures["slots"] = after.slots - before.slots;
  bench.figures["chunks"] = after.chunks - before.chunks;
  // A leak of a slot each would be 32 bytes a cycle.
  expectThat(
    after.slots - before.slots < count * 8 + 4_096,
    `XS has ${after.slots - before.slots} bytes of slots more`,
  );
  expectThat(
    after.chunks - before.chunks < count * 8 + 4_096,
    `XS has ${after.chunks - before.chunks} bytes of chunks more`,
  );
}

async function echoOnce(bench: Bench): Promise<Awaited<ReturnType<Bench["dial"]>>> {
  const peer = await bench.dial();
  await peer.write(pattern(10)).take(10);
  return peer;
}

export const cycleCases: readonly Case[] = [
  defineCase("connects and closes, from the peer", async (bench) => {
    await bench.listen(Behaviour.echo);
    await expectNoGrowth(bench, async () => {
      const peer = await echoOnce(bench);
      peer.socket.end();
      await peer.ended();
      await bench.forget(peer);
    });
  }),
  defineCase("connects and closes, from the device: TIME_WAIT does not pile up", async (bench) => {
    await bench.listen(Behaviour.answer);
    await expectNoGrowth(bench, async () => {
      const peer = await bench.dial();
      await peer.write(pattern(10)).take(200);
      expectEqual(await peer.ended(), "fin", "end");
      await bench.forget(peer);
    });
    const { timeWait, heap } = await bench.device.statistics();
    bench.figures["timeWait"] = timeWait;
    bench.figures["heap"] = heap;
    expectThat(timeWait <= 16, `${timeWait} pcbs in TIME_WAIT`);
  }),
  defineCase("connects and RST", async (bench) => {
    await bench.listen(Behaviour.echo);
    await expectNoGrowth(bench, async () => {
      const peer = await echoOnce(bench);
      peer.reset();
      await bench.forget(peer);
    });
  }),
  defineCase("connects and RST at once, which races with accept", async (bench) => {
    await bench.listen(Behaviour.check);
    let refused = 0;
    await expectNoGrowth(bench, async () => {
      // Those that XS has not yet been told of count, too: there may be too many.
      const peer = await bench.dial().catch(() => undefined);
      if (peer === undefined) refused += 1;
      else {
        peer.reset();
        await bench.forget(peer);
      }
    });
    bench.figures["refused"] = refused;
  }),
  defineCase("connects that are refused, from the device", async (bench) => {
    await expectNoGrowth(bench, async () => {
      const id = await bench.tell({ do: "connect", host: bench.network.peerAddress, port: 9, behaviour: "check" });
      const { error } = await bench.closed(id as number);
      expectEqual(error, "ECONNREFUSED", "error");
      await bench.tell({ do: "forget", id: id as number });
    });
  }),
];
