/** XS and the tcpip thread, when one of them does nothing for a while: the other never waits for it. */

import { defineCase, type Case } from "../bench.js";
import { Behaviour, type Command } from "../commands.js";
import { type Peer, pattern } from "../peer.js";
import { expectThat } from "./expect.js";
import { letTimePass } from "../../support/waiting.js";

export const threadCases: readonly Case[] = [
  defineCase("XS does nothing for a second, while 12 peers send: all of it arrives", async (bench) => {
    await bench.listen(Behaviour.echo);
    const peers: Peer[] = [];
    for (let index = 0; index < 12; index += 1) peers.push((await bench.pair()).peer);
    await bench.stallXs(1_000);
    for (const peer of peers) peer.write(pattern(20_000));
    await Promise.all(peers.map((peer) => peer.take(20_000)));
    bench.figures["queuePeak"] = (await bench.device.statistics()).queuePeak;
  }),
  defineCase(
    "the tcpip thread does nothing, while XS writes to 20 sockets a hundred times: XS does not wait",
    async (bench) => {
      await bench.listen(Behaviour.check);
      const peers: Peer[] = [];
      for (let index = 0; index < 20; index += 1) peers.push((await bench.pair()).peer);
      const writes: Command[] = Array.from({ length: 100 }, () => ({ do: "write", bytes: 20 }));
      const began = performance.now();
      await bench.tell({
        do: "turn",
        commands: [{ do: "hold", isHeld: true }, ...writes, { do: "stall", ms: 200 }, { do: "hold", isHeld: false }],
      });
      bench.figures["ms"] = Math.round(performance.now() - began);
      await Promise.all(peers.map((peer) => peer.take(2_000)));
    },
  ),
  defineCase(
    "the tcpip thread does nothing, while connections are made, written to, ended and destroyed",
    async (bench) => {
      const { port } = await bench.serve((peer) => peer.write(pattern(3)));
      const host = bench.network.peerAddress;
      const connect: Command = { do: "connect", host, port, behaviour: Behaviour.check };
      for (let round = 0; round < 5; round += 1) {
        const commands: Command[] = [{ do: "hold", isHeld: true }, ...Array.from({ length: 12 }, () => connect)];
        commands.push({ do: "write", bytes: 30 }, { do: "stall", ms: 50 });
        const ids = (await bench.tell({ do: "turn", commands })) as (number | null)[];
        for (const [index, id] of ids.entries())
          if (id !== null && index % 2 === 0) await bench.tell({ do: index % 4 === 0 ? "end" : "destroy", id });
        await bench.tell({ do: "hold", isHeld: false });
        await letTimePass(100);
        await bench.tell({ do: "clear" });
      }
      await bench.until(({ active, bound }) => active + bound === 0, "connections are left");
    },
  ),
  defineCase(
    "the queues of both are full of messages of others: connections are served all the same",
    async (bench) => {
      await bench.listen(Behaviour.echo);
      const peers: Peer[] = [];
      for (let index = 0; index < 4; index += 1) peers.push((await bench.pair()).peer);
      await bench.stallXs(500);
      await bench.device.ask("hold 1");
      await bench.device.ask("fillQueues");
      for (const peer of peers) peer.write(pattern(3_000));
      await letTimePass(100);
      await bench.device.ask("hold 0");
      for (let index = 0; index < 5; index += 1) peers.push((await bench.dial()).write(pattern(3_000)));
      await Promise.all(peers.map((peer) => peer.take(3_000)));
    },
  ),
  defineCase("both are slow by turns, under traffic of 8 peers", async (bench) => {
    await bench.listen(Behaviour.echo);
    const peers: Peer[] = [];
    for (let index = 0; index < 8; index += 1) peers.push((await bench.pair()).peer);
    for (const peer of peers) peer.write(pattern(60_000));
    for (let index = 0; index < 10; index += 1) {
      await bench.device.ask("stallXs 30");
      await bench.device.ask("stallTcpip 30");
    }
    await Promise.all(peers.map((peer) => peer.take(60_000)));
    expectThat((await bench.device.statistics()).waits === 0, "one has waited for the other");
  }),
];
