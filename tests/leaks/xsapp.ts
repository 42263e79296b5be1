/** The app of tests/xs/leaks in the simulator. */

import type { Sdk } from "../../scripts/sdk.js";
import { ControlledApp } from "../support/controlledapp.js";
import type { Memory } from "../support/memory.js";
import { RawPeer } from "../support/rawpeer.js";
import { upgradeRequest } from "../support/upgrades.js";

/** What the app holds, and how many clients its server has. */
export interface Levels extends Memory {
  readonly clients: number;
}

/** Connections that the app's own clients make and end. */
export interface Cycles {
  readonly ending: "echo" | "abort" | "failure";
  /** Taken in turn. "" is the app's own server, "/…" another path of it. */
  readonly uris?: readonly string[];
  /** The authority that is trusted, DER in base64. */
  readonly authority?: string;
  /** How many are under way at the same time. */
  readonly lanes?: number;
}

/** Cycles at the same time: each waits for the simulator's next look at its socket, most of its time. */
const LANES = 24;

export class LeaksApp {
  /** The port of the server, and that of a listener whose sockets do nothing. */
  readonly port: number;
  readonly plainPort: number;
  private readonly app: ControlledApp;

  private constructor(app: ControlledApp) {
    [this.port = 0, this.plainPort = 0] = app.ports;
    this.app = app;
  }

  static async start(sdk: Sdk, folder: string): Promise<LeaksApp> {
    return new LeaksApp(await ControlledApp.start(sdk, folder, ["-i"]));
  }

  get problems(): readonly string[] {
    return this.app.problems;
  }

  /** An open connection to the server. */
  async open(): Promise<RawPeer> {
    const client = RawPeer.connect(this.port).send(upgradeRequest());
    await client.head();
    return client;
  }

  levels(): Promise<Levels> {
    return this.app.ask("memory") as Promise<Levels>;
  }

  /** Runs cycles. @returns how often each code of an error came; "" where there was none */
  cycles(cycles: Cycles, count: number): Promise<Readonly<Record<string, number>>> {
    const all = { uris: [""], authority: "", lanes: LANES, ...cycles, count };
    return this.app.ask("cycles", all) as Promise<Readonly<Record<string, number>>>;
  }

  stop(): Promise<void> {
    return this.app.stop();
  }
}
