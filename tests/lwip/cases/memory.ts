/** Memory that fails: an error or a refused connection, never a crash, and all works once there is memory again. */

import { type Bench, defineCase, type Case } from "../bench.js";
import { Behaviour } from "../commands.js";
import { pattern } from "../peer.js";
import { expectThat, inLanes } from "./expect.js";
import { letTimePass } from "../../support/waiting.js";

/** An echo that may fail. @returns whether all came back */
async function tryEcho(bench: Bench, bytes: number, timeoutMs: number): Promise<boolean> {
  const peer = await bench.dial({ timeoutMs }).catch(() => undefined);
  if (peer === undefined) return false;
  peer.write(pattern(bytes));
  const isWhole = await peer.take(bytes, timeoutMs).then(
    () => true,
    () => false,
  );
  const { isIntact } = peer;
  peer.socket.destroy();
  await bench.forget(peer);
  expectThat(isIntact, "bytes that came are not those that were sent");
  return isWhole;
}

/** With memory again, everything works. */
async function expectWorks(bench: Bench): Promise<void> {
  await bench.device.ask("cap 0");
  await bench.device.ask("failEvery 0");
  for (let attempt = 0; attempt < 5; attempt += 1) if (await tryEcho(bench, 20_000, 8_000)) return;
  throw new Error("no echo once there was memory again");
}

function capped(beyond: number): Case {
  return defineCase(`an echo of 60,000 bytes while the heap has room for ${beyond}`, async (bench) => {
    await bench.listen(Behaviour.echo);
    const { peer } = await bench.pair();
    await bench.device.ask(`capBeyond ${beyond}`);
    peer.write(pattern(60_000));
    await peer.take(60_000, 1_500).catch(() => undefined);
    bench.figures["received"] = peer.received;
    await bench.device.ask("cap 0");
    // A connection that has survived goes on.
    if (peer.end === undefined) await peer.take(60_000, 20_000);
    await expectWorks(bench);
  });
}

function failing(every: number): Case {
  return defineCase(`every allocation of ${every} fails: echoes, and 30 connections`, async (bench) => {
    await bench.listen(Behaviour.echo);
    await bench.device.ask(`failEvery ${every}`);
    await tryEcho(bench, 30_000, 2_000);
    let served = 0;
    await inLanes(30, 6, async () => {
      if (await tryEcho(bench, 100, 800)) served += 1;
    });
    bench.figures["served"] = served;
    bench.figures["failures"] = (await bench.device.statistics()).failures;
    await expectWorks(bench);
  });
}

export const memoryCases: readonly Case[] = [
  defineCase("callbacks that a getter has made outlive the garbage of the getters behind it", async (bench) => {
    const { port } = await bench.serve((peer) => peer.write(pattern(5)));
    await bench.tell({ do: "connectByGetters", host: bench.network.peerAddress, port });
    await bench.device.line(/^getters writable/);
    await bench.device.line(/^getters readable/);
  }),
  capped(6_000),
  capped(3_000),
  capped(1_500),
  capped(600),
  failing(3),
  failing(7),
  failing(20),
  failing(50),
  defineCase("every hundredth allocation fails, for ten minutes of traffic in a run by hand", async (bench) => {
    await bench.listen(Behaviour.echo);
    await bench.device.ask("failEvery 100");
    const end = performance.now() + (bench.isLong ? 600_000 : 5_000);
    let whole = 0;
    let broken = 0;
    await inLanes(6, 6, async (lane) => {
      while (performance.now() < end) {
        if (await tryEcho(bench, [100, 3_000, 20_000, 60_000][lane % 4] ?? 1, 4_000)) whole += 1;
        else {
          broken += 1;
          await letTimePass(5);
        }
      }
    });
    bench.figures["whole"] = whole;
    bench.figures["broken"] = broken;
    bench.figures["failures"] = (await bench.device.statistics()).failures;
    expectThat(whole > broken, `${whole} echoes, and ${broken} that failed`);
    await expectWorks(bench);
  }),
  defineCase("a listener and a client where every allocation fails: an error, or none of both", async (bench) => {
    const { port } = await bench.serve((peer) => peer.write(pattern(3)));
    for (let cap = 1; cap < 2_000; cap += 97) {
      await bench.device.ask(`capBeyond ${cap}`);
      await bench.tell({ do: "listen", port: 9_100 + cap, behaviour: Behaviour.check }).catch(() => undefined);
      const host = bench.network.peerAddress;
      await bench.tell({ do: "connect", host, port, behaviour: Behaviour.check }).catch(() => undefined);
      await letTimePass(30);
      await bench.device.ask("cap 0");
      await bench.tell({ do: "clear" });
    }
    await bench.listen(Behaviour.echo);
    await expectWorks(bench);
  }),
];
