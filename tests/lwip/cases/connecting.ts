/** The device as client: every attempt has one outcome, with the right reason. */

import { type Bench, defineCase, type Case } from "../bench.js";
import { Behaviour, type ConnectionState } from "../commands.js";
import type { Peer } from "../peer.js";
import { expectEqual, expectThat } from "./expect.js";
import { letTimePass } from "../../support/waiting.js";

async function connect(bench: Bench, host: string, port: number, behaviour: Behaviour = "check"): Promise<number> {
  return (await bench.tell({ do: "connect", host, port, behaviour })) as number;
}

/** Connects to a server of Linux, and then XS does nothing for a while, in the same turn or in the next. @param last event */
async function connectAndStall(
  bench: Bench,
  accept: (peer: Peer) => void,
  last: "data" | "close",
  inSameTurn = false,
): Promise<ConnectionState> {
  const { port } = await bench.serve(accept);
  const command = { do: "connect", host: bench.network.peerAddress, port, behaviour: Behaviour.check } as const;
  const commands = inSameTurn ? [command, { do: "stall", ms: 400 } as const] : [command];
  const [id] = (await bench.tell({ do: "turn", commands })) as number[];
  if (!inSameTurn) await bench.stallXs(300);
  await bench.device.line(new RegExp(`^event ${id ?? 0} ${last}`));
  return bench.state(id ?? 0);
}

export const connectingCases: readonly Case[] = [
  defineCase("refused", async (bench) => {
    const state = await bench.closed(await connect(bench, bench.network.peerAddress, 9));
    expectEqual(state.error, "ECONNREFUSED", "error");
    expectEqual(state.events.join(), "close", "events");
  }),
  defineCase("nobody has the address: told within a minute", async (bench) => {
    await bench.device.ask("speed 20");
    const began = performance.now();
    const state = await bench.closed(await connect(bench, bench.network.nobody, 9));
    bench.figures["seconds"] = Math.round(((performance.now() - began) * 20) / 1_000);
    expectEqual(state.error, "EHOSTUNREACH", "error");
    expectEqual(state.events.join(), "close", "events");
  }),
  defineCase("the peer's host does not answer: unreachable", async (bench) => {
    const { port } = await bench.serve(() => undefined);
    await bench.device.wire({ lossIn: 1_000 });
    await bench.device.ask("speed 20");
    const state = await bench.closed(await connect(bench, bench.network.peerAddress, port));
    expectEqual(state.error, "EHOSTUNREACH", "error");
  }),
  defineCase("no way to the address", async (bench) => {
    await bench.device.ask("speed 20");
    const state = await bench.closed(await connect(bench, "0.0.0.0", 9));
    expectThat(state.error !== "", "no error");
    expectEqual(state.events.join(), "close", "events");
  }),
  defineCase("destroyed in the turn of the connect, 50 times", async (bench) => {
    const { port } = await bench.serve(() => undefined);
    for (let index = 0; index < 50; index += 1) {
      const command = { do: "connect", host: bench.network.peerAddress, port, behaviour: Behaviour.check } as const;
      const id = (await bench.tell(command)) as number;
      if (index % 2 === 0) await letTimePass(index % 5);
      await bench.tell({ do: "destroy", id });
    }
    await bench.until(({ active, bound }) => active + bound === 0, "connections are left");
  }),
  defineCase("destroyed while nobody answers the SYN", async (bench) => {
    for (let index = 0; index < 20; index += 1) {
      const id = await connect(bench, bench.network.nobody, 9);
      await bench.tell({ do: "destroy", id });
    }
    await bench.until(({ active, bound }) => active + bound === 0, "connections are left");
  }),
  defineCase("ended in the turn of the connect: what was written arrives, then FIN", async (bench) => {
    const served = new Promise<Peer>((resolve) => {
      void bench.serve(resolve).then(async ({ port }) => {
        const host = bench.network.peerAddress;
        await bench.tell({ do: "connect", host, port, behaviour: Behaviour.sendAndEnd, amount: 300 });
      });
    });
    const peer = await served;
    await peer.take(300);
    expectEqual(await peer.ended(), "fin", "end");
  }),
  defineCase("the server speaks first while XS is busy: open is told before data", async (bench) => {
    const state = await connectAndStall(bench, (peer) => peer.write(Buffer.from([0, 31, 62])), "data");
    expectEqual(state.events.join(), "open,data", "events");
    expectEqual(state.received, 3, "bytes");
  }),
  defineCase("the server speaks and ends while XS is busy", async (bench) => {
    const state = await connectAndStall(bench, (peer) => peer.socket.end(Buffer.from([0, 31, 62])), "close");
    expectEqual(state.events.join(), "open,data,close", "events");
    expectEqual(state.error, "", "error");
  }),
  defineCase("SYN, bytes and FIN come within the turn of the connect", async (bench) => {
    const state = await connectAndStall(bench, (peer) => peer.socket.end(Buffer.from([0, 31, 62])), "close", true);
    expectEqual(state.events.join(), "open,data,close", "events");
    expectEqual(state.error, "", "error");
  }),
  defineCase("the server accepts and resets while XS is busy", async (bench) => {
    const state = await connectAndStall(bench, (peer) => peer.reset(), "close");
    expectEqual(state.events.at(-1), "close", "last event");
    expectThat(state.error !== "", "no error");
  }),
  defineCase("WebSocket clients, one after the other", async (bench) => {
    const { WebSocketServer } = await import("ws");
    const server = new WebSocketServer({ host: bench.network.peerAddress, port: 0 });
    await new Promise((resolve) => server.once("listening", resolve));
    server.on("connection", (socket) => {
      socket.on("message", (data, isBinary) => {
        socket.send(data, { binary: isBinary });
      });
    });
    const count = bench.isLong ? 1_000 : 50;
    const { port } = server.address() as { port: number };
    await bench.tell({ do: "dial", url: `ws://${bench.network.peerAddress}:${port}/`, count });
    const line = await bench.device.line(/^dialled /);
    server.close();
    expectEqual(line, `dialled ${count} 0`, "outcome");
  }),
];
