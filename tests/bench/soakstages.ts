/** Who sends to whom in a soak: on Node.js alone, or between Node.js and XS. */

import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { Sdk } from "../../scripts/sdk.js";
import { ControlledApp } from "../support/controlledapp.js";
import type { Memory } from "../support/memory.js";
import { type SoakFigures, SoakLoad, type SoakPlan, startSoakServer } from "./soakload.js";
import { letTimePass } from "../support/waiting.js";

/** Clients of one host, and the server on one. */
export interface StagedLoad {
  readonly name: string;
  start(): Promise<void>;
  replaceOne(): Promise<void>;
  figures(): Promise<SoakFigures>;
  /** Ends it. @returns its figures */
  stop(): Promise<SoakFigures>;
}

export interface SoakStage {
  readonly description: string;
  readonly loads: readonly StagedLoad[];
  /** Bytes that are reachable while there are no clients, by what they are; and the number of clients, which is 0. */
  measureMemory(): Promise<Readonly<Record<string, number>>>;
  /** What else went wrong. */
  problems(): readonly string[];
  stop(): Promise<void>;
}

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

async function nodeHeap(): Promise<number> {
  for (let turn = 0; turn < 3; turn++) {
    await letTimePass(100);
    collectGarbage();
  }
  return process.memoryUsage().heapUsed;
}

/** Clients on Node.js. */
function loadOnNode(name: string, plan: SoakPlan): StagedLoad {
  let load = new SoakLoad(plan);
  return {
    name,
    start() {
      load = new SoakLoad(plan);
      return load.start();
    },
    replaceOne: () => load.replaceOne(),
    figures: () => Promise.resolve(load.figures),
    async stop() {
      await load.stop();
      return load.figures;
    },
  };
}

/** Clients on XS. */
function loadOnXs(name: string, plan: SoakPlan, app: ControlledApp): StagedLoad {
  return {
    name,
    start: () => app.ask("start", plan) as Promise<void>,
    replaceOne: () => app.ask("replace") as Promise<void>,
    figures: () => app.ask("figures") as Promise<SoakFigures>,
    stop: () => app.ask("stop") as Promise<SoakFigures>,
  };
}

type Rates = Omit<SoakPlan, "port">;

function describeRates({ clients, rate }: Rates): string {
  return `${clients} clients of each role, ${rate} messages a second each, 16 to 4,096 bytes`;
}

/** Server and clients in this process. */
export async function nodeStage(rates: Rates): Promise<SoakStage> {
  const server = await startSoakServer();
  return {
    description: describeRates(rates),
    loads: [loadOnNode("server and client on Node.js", { ...rates, port: server.port })],
    async measureMemory() {
      return { "Node.js heap": await nodeHeap(), clients: server.clientsCount };
    },
    problems: () => [],
    stop: () => server.stop(),
  };
}

/** Both roles in the simulator, and their peers in this process. */
export async function xsStage(rates: Rates, sdk: Sdk): Promise<SoakStage> {
  const server = await startSoakServer();
  const app = await ControlledApp.start(sdk, "tests/xs/soak", ["-i"]);
  const [xsPort = 0] = app.ports;
  return {
    description: describeRates(rates),
    loads: [
      loadOnNode("server on XS", { ...rates, port: xsPort }),
      loadOnXs("client on XS", { ...rates, port: server.port }, app),
    ],
    async measureMemory() {
      // Timers of what has ended, and garbage, go within a moment.
      await letTimePass(3_000);
      const { slots, chunks, timers, clients } = (await app.ask("memory")) as Memory & { readonly clients: number };
      const heap = await nodeHeap();
      return {
        ...{ "XS slots": slots, "XS chunks": chunks, "XS timers": timers, "Node.js heap": heap },
        clients: clients + server.clientsCount,
      };
    },
    problems: () => app.problems,
    async stop() {
      await app.stop();
      await server.stop();
    },
  };
}
