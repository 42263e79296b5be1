/**
 * Our server beside that of the npm package ws, each in a process of its own, turn by turn in one run, under the same load.
 * Prints for each line the medians, and the median of the rounds' ratios with the quarters around it: above 1 ours is ahead.
 * What an operation costs is the CPU time of the server's process: on a machine that does other things, too, messages a second
 * say little. ROUNDS of the environment is how many rounds there are; arguments are parts of the names of lines to measure.
 */

import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { Opcode } from "../../../modules/common/constants.js";
import type { Socket } from "node:net";
import { closeAll, createMessage, handshakes, type Message, openMany, pingPong, pipelined, received } from "./load.js";
import type { Request } from "./server.js";
import { letTimePass } from "../../support/waiting.js";

const ROUNDS = Number(process.env["ROUNDS"] ?? 15);
const ROUND_MS = 300;
const IDLE_COUNT = 1_000;
const LISTENERS = 200;
const BROADCASTS = 200;

const folder = path.dirname(fileURLToPath(import.meta.url));
const PROGRAM = path.join(folder, "../../../build/bench/server.mjs");

/** Compiled before, as what is published is: a loader that compiles gives each function a name, at a price. */
async function compile(): Promise<void> {
  await build({
    entryPoints: [path.join(folder, "server.ts")],
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    external: ["ws"],
    outfile: PROGRAM,
    logLevel: "warning",
  });
}

class Server {
  readonly name: string;
  port = 0;
  private readonly child: ChildProcess;

  constructor(name: string) {
    this.name = name;
    this.child = fork(PROGRAM, [name], { execArgv: ["--expose-gc"] });
  }

  async start(): Promise<void> {
    [this.port] = (await once(this.child, "message")) as [number];
  }

  async ask(request: Request): Promise<number> {
    this.child.send(request);
    const [answer] = (await once(this.child, "message")) as [number];
    return answer;
  }

  /** Microseconds of CPU that the server takes for one of the operations, of which there were as many. */
  async cpuOf(operations: () => Promise<number>): Promise<number> {
    const before = await this.ask({ kind: "cpu" });
    const count = await operations();
    return ((await this.ask({ kind: "cpu" })) - before) / count;
  }

  stop(): void {
    this.child.disconnect();
  }
}

/** One figure of a server. */
type Measure = (server: Server) => Promise<number>;

/** What is as large as this part of the values, or larger. */
function quantile(values: readonly number[], part: number): number {
  return [...values].sort((one, other) => one - other)[Math.floor(values.length * part)] ?? 0;
}

const wanted = process.argv.slice(2);

/** Measures both, turn by turn, and prints a line. Less is better. */
async function compare(title: string, unit: string, servers: readonly Server[], measure: Measure): Promise<void> {
  if (wanted.length > 0 && !wanted.some((part) => title.includes(part))) return;
  // The first times it is compiled.
  for (let time = 0; time < 3; time++) for (const server of servers) await measure(server);
  const rounds: number[][] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const values: number[] = [];
    // Each is the first in every other round.
    for (let turn = 0; turn < servers.length; turn++) {
      const at = (turn + round) % servers.length;
      const server = servers[at];
      if (server !== undefined) values[at] = await measure(server);
    }
    rounds.push(values);
  }
  const [ours = 0, theirs = 0] = servers.map((_, at) =>
    quantile(
      rounds.map((values) => values[at] ?? 0),
      0.5,
    ),
  );
  const ratios = rounds.map(([our = 0, their = 0]) => their / our);
  const [low, middle, high] = [0.25, 0.5, 0.75].map((part) => quantile(ratios, part).toFixed(2));
  const show = (value: number): string => (value >= 100 ? Math.round(value).toString() : value.toPrecision(3));
  console.log(
    `${title}: ours ${show(ours)} ${unit}, ws ${show(theirs)} ${unit}, ratio ${middle ?? ""} (${low ?? ""} to ${high ?? ""})`,
  );
}

/** Lets the server see that they are gone. */
async function close(sockets: readonly Socket[]): Promise<void> {
  closeAll(sockets);
  await letTimePass(200);
}

/** Bytes of heap of an idle connection. */
async function idleHeap(server: Server): Promise<number> {
  const before = await server.ask({ kind: "heap" });
  const sockets = await openMany(server.port, IDLE_COUNT);
  const after = await server.ask({ kind: "heap" });
  await close(sockets);
  return (after - before) / IDLE_COUNT;
}

/** CPU of one broadcast of 125 bytes. */
async function broadcastCost(server: Server): Promise<number> {
  const sockets = await openMany(server.port, LISTENERS);
  const size = 125;
  const cost = await server.cpuOf(async () => {
    const all = received(sockets, BROADCASTS * (size + 2));
    await server.ask({ kind: "broadcast", count: BROADCASTS, size });
    await all;
    return BROADCASTS;
  });
  await close(sockets);
  return cost;
}

/** What of a message's way back and forth on some connections is asked for. */
async function comparePingPong(servers: readonly Server[], count: number, message: Message): Promise<void> {
  const title = `ping-pong on ${count.toString()} connections, 125 B`;
  await compare(title, "us of CPU", servers, (server) =>
    server.cpuOf(async () => (await pingPong(server.port, message, count, ROUND_MS)).count),
  );
  await compare(`${title}, 99 of 100 within`, "ms", servers, async ({ port }) => {
    const { p99Ms } = await pingPong(port, message, count, ROUND_MS);
    return p99Ms;
  });
}

async function main(): Promise<void> {
  await compile();
  const servers = [new Server("ours"), new Server("ws")];
  for (const server of servers) await server.start();
  await compare("handshake", "us of CPU", servers, (server) => server.cpuOf(() => handshakes(server.port, ROUND_MS)));
  await compare("heap of an idle connection", "B", servers, idleHeap);
  const text = createMessage(Opcode.Text, 125);
  await comparePingPong(servers, 64, text);
  await comparePingPong(servers, 1, text);
  await compare(`broadcast to ${LISTENERS.toString()} clients, 125 B`, "us of CPU", servers, broadcastCost);
  for (const [kind, opcode] of [
    ["text", Opcode.Text],
    ["binary", Opcode.Binary],
  ] as const)
    for (const size of [16, 125, 1_024, 16_384, 65_536]) {
      const message = createMessage(opcode, size);
      await compare(`pipelined echo, ${kind} of ${size.toString()} B`, "us of CPU", servers, (server) =>
        server.cpuOf(() => pipelined(server.port, message, ROUND_MS)),
      );
    }
  for (const server of servers) server.stop();
}

await main();
