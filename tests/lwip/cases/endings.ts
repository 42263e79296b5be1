/** FIN and RST at every stage of a connection: each end is told once, behind what came before it, and nothing is left. */

import { type Bench, defineCase, type Case } from "../bench.js";
import { PORT } from "../bench.js";
import { Behaviour } from "../commands.js";
import { pattern, type Peer } from "../peer.js";
import { expectEqual, expectThat, inLanes } from "./expect.js";
import { eventually, letTimePass, PATIENCE_MS } from "../../support/waiting.js";

/** The connection `id` has closed, with so many intact bytes. */
async function expectClosed(bench: Bench, id: number, received: number, error?: string): Promise<void> {
  const state = await bench.closed(id);
  expectEqual(state.received, received, "bytes received");
  expectThat(state.isIntact, "the bytes differ");
  if (error !== undefined) expectEqual(state.error, error, "error");
  expectEqual(state.events.filter((event) => event === "close").length, 1, "calls of close");
}

/** A connection that is made while XS does nothing, and what then becomes of it. */
async function beforeAccept(bench: Bench, act: (peer: Peer) => void): Promise<number> {
  await bench.listen(Behaviour.check);
  const from = bench.device.lines.length;
  await bench.stallXs(400);
  act(await bench.dial());
  return bench.accepted(from);
}

/** Those that XS has not yet been told of are connections, too: there may be too many for one more. */
function dialOrNot(bench: Bench): Promise<Peer | undefined> {
  return bench.dial().catch(() => undefined);
}

/** After all that, a connection works: also where those before it are told their ends meanwhile. */
async function expectWorks(bench: Bench, port = PORT): Promise<void> {
  const from = bench.device.lines.length;
  const peer = await bench.dial({}, port);
  peer.write(pattern(10)).socket.end();
  const closed = /^event (\d+) close none 10$/;
  await eventually(async () => {
    await bench.tell({ do: "resume" });
    return bench.device.lines.slice(from).some((line) => closed.test(line));
  }, "a connection that works");
  const line = await bench.device.line(closed, PATIENCE_MS, from);
  await expectClosed(bench, Number(closed.exec(line)?.[1]), 10, "");
}

export const endingCases: readonly Case[] = [
  defineCase("FIN right behind the connect", async (bench) => {
    await bench.listen(Behaviour.check);
    const { peer, id } = await bench.pair();
    peer.socket.end();
    await expectClosed(bench, id, 0, "");
    expectEqual(await peer.ended(), "fin", "the peer's end");
  }),
  defineCase("FIN before the connection is accepted", async (bench) => {
    const id = await beforeAccept(bench, (peer) => peer.socket.end());
    await expectClosed(bench, id, 0, "");
  }),
  defineCase("bytes and FIN before the connection is accepted", async (bench) => {
    const id = await beforeAccept(bench, (peer) => peer.socket.end(pattern(500)));
    await expectClosed(bench, id, 500, "");
  }),
  defineCase("20,000 bytes and FIN before the connection is accepted", async (bench) => {
    const id = await beforeAccept(bench, (peer) => peer.socket.end(pattern(20_000)));
    await expectClosed(bench, id, 20_000, "");
  }),
  defineCase("RST before the connection is accepted", async (bench) => {
    await bench.listen(Behaviour.check);
    const over = await bench.stallXs(400);
    (await bench.dial()).reset();
    await over();
    await expectWorks(bench);
  }),
  defineCase("bytes and RST before the connection is accepted", async (bench) => {
    await bench.listen(Behaviour.check);
    const over = await bench.stallXs(400);
    const peer = await bench.dial();
    await bench.hears(1, () => peer.write(pattern(100)));
    peer.reset();
    await over();
    await expectWorks(bench);
  }),
  defineCase("bytes that come before accept are there at once", async (bench) => {
    await bench.listen(Behaviour.echo);
    await bench.stallXs(400);
    const peer = await bench.dial();
    await bench.hears(1, () => peer.write(pattern(100)));
    // lwIP offers what was refused every 250 ms only.
    expectEqual((await bench.device.statistics()).refused, 0, "bytes that lwIP keeps");
    await peer.take(100);
  }),
  defineCase("RST on an idle connection", async (bench) => {
    await bench.listen(Behaviour.check);
    const { peer, id } = await bench.pair();
    peer.reset();
    await expectClosed(bench, id, 0);
  }),
  defineCase("RST behind unread bytes of a paused connection: they are delivered, then it closes", async (bench) => {
    await bench.listen(Behaviour.pause);
    const { peer, id } = await bench.pair();
    await bench.hears(2, () => peer.write(pattern(3_000)));
    await bench.hears(1, () => peer.reset());
    await bench.tell({ do: "resume", id });
    await expectClosed(bench, id, 3_000);
  }),
  defineCase("RST behind unread bytes of a paused connection, then it is written to and destroyed", async (bench) => {
    await bench.listen(Behaviour.pause);
    const { peer, id } = await bench.pair();
    await bench.hears(2, () => peer.write(pattern(3_000)));
    await bench.hears(1, () => peer.reset());
    await bench.tell({ do: "write", id, bytes: 100 });
    await letTimePass(100);
    await bench.tell({ do: "destroy", id });
    await expectWorks(bench);
  }),
  defineCase("FIN and then RST behind unread bytes of a paused connection", async (bench) => {
    await bench.listen(Behaviour.pause);
    const { peer, id } = await bench.pair({ allowHalfOpen: true });
    await bench.hears(3, () => peer.write(pattern(3_000)).socket.end());
    await bench.hears(1, () => peer.reset());
    await bench.tell({ do: "resume", id });
    await expectClosed(bench, id, 3_000);
  }),
  defineCase("FIN and then RST behind unread bytes of a paused connection, which is destroyed", async (bench) => {
    await bench.listen(Behaviour.pause);
    const { peer, id } = await bench.pair({ allowHalfOpen: true });
    await bench.hears(3, () => peer.write(pattern(3_000)).socket.end());
    await bench.hears(1, () => peer.reset());
    await bench.tell({ do: "destroy", id });
    await expectWorks(bench);
  }),
  defineCase("a closed tab: FIN, and RST for what is on its way, while XS is busy", async (bench) => {
    await bench.listen(Behaviour.check);
    const { peer, id } = await bench.pair();
    await bench.device.wire({ delayMs: 20 });
    await bench.tell({ do: "write", id, bytes: 100 });
    await bench.stallXs(300);
    peer.socket.destroy();
    await expectClosed(bench, id, 0);
    await bench.device.wire({});
    await expectWorks(bench);
  }),
  defineCase("a closed tab while a message goes out every few milliseconds, and XS is busy", async (bench) => {
    await bench.listen(Behaviour.check);
    const { peer, id } = await bench.pair();
    await bench.tell({ do: "burst", id, count: 60, bytes: 50, everyMs: 1 });
    await bench.stallXs(60);
    peer.socket.destroy();
    await expectClosed(bench, id, 0);
    await expectWorks(bench);
  }),
  defineCase("RST while the device resets in the callback of the first bytes", async (bench) => {
    await bench.listen(Behaviour.destroyOnData);
    await inLanes(bench.isLong ? 2_000 : 100, 4, async (index) => {
      const peer = await dialOrNot(bench);
      peer?.write("x");
      if (index % 3 === 0) await letTimePass(index % 5);
      peer?.reset();
    });
  }),
  defineCase("RST between write and close, in one turn of XS", async (bench) => {
    await bench.listen(Behaviour.writeAndDestroy);
    await inLanes(bench.isLong ? 2_000 : 100, 4, async (index) => {
      const peer = await dialOrNot(bench);
      peer?.write("x");
      if (index % 2 === 1) await letTimePass(index % 5);
      peer?.reset();
    });
  }),
  defineCase("RST at any moment of an echo", async (bench) => {
    await bench.listen(Behaviour.echo);
    await inLanes(bench.isLong ? 3_000 : 150, 4, async (index) => {
      const peer = await dialOrNot(bench);
      peer?.write(pattern(3_000));
      if (index % 3 === 0) await letTimePass(index % 7);
      peer?.reset();
    });
    await bench.until(({ active }) => active === 0, "connections are left");
  }),
  defineCase("a listener is closed with connections in its queue", async (bench) => {
    await bench.listen(Behaviour.echo);
    const closing = bench.tell({
      do: "turn",
      commands: [
        { do: "stall", ms: 400 },
        { do: "unlisten", port: PORT },
      ],
    });
    await letTimePass(30);
    const peers = await Promise.all(Array.from({ length: 5 }, () => bench.dial()));
    for (const peer of peers.slice(0, 3)) peer.write(pattern(200));
    peers[4]?.reset();
    await closing;
    await bench.until(({ active, listening }) => active + listening === 0, "connections are left");
    for (const peer of peers) expectThat((await peer.ended()) !== "", "a connection in the queue stays");
    await bench.listen(Behaviour.check);
    await expectWorks(bench);
  }),
  defineCase("a listener is closed and opened again 20 times", async (bench) => {
    for (let index = 0; index < 20; index += 1) {
      await bench.listen(Behaviour.echo);
      const peer = await bench.dial();
      await peer.write(pattern(10)).take(10);
      await bench.tell({ do: "unlisten", port: PORT });
      await bench.until(({ listening }) => listening === 0, "it still listens");
      const refused = await bench.dial().then(
        () => "connected",
        (error: unknown) => (error as NodeJS.ErrnoException).code,
      );
      expectEqual(refused, "ECONNREFUSED", "a connect to the closed listener");
      peer.socket.end();
      await peer.ended();
    }
  }),
  defineCase("a port in use is told, and the first listener works on", async (bench) => {
    await bench.listen(Behaviour.check);
    const from = bench.device.lines.length;
    await bench.tell({ do: "listen", port: PORT, behaviour: Behaviour.check });
    expectEqual(await bench.device.line(/^listening 9001 /, PATIENCE_MS, from), "listening 9001 EADDRINUSE", "outcome");
    const { listening, bound } = await bench.device.statistics();
    expectEqual(listening + bound, 1, "pcbs of listeners");
    await expectWorks(bench);
  }),
  defineCase("a port with connections in TIME_WAIT can be listened on again", async (bench) => {
    await bench.listen(Behaviour.end);
    for (let index = 0; index < 5; index += 1) await (await bench.dial()).ended();
    await bench.tell({ do: "unlisten", port: PORT });
    await bench.until(({ timeWait, listening }) => timeWait > 0 && listening === 0, "no TIME_WAIT");
    await bench.listen(Behaviour.check);
    await expectWorks(bench);
  }),
];
