/** The app of tests/xs/leaks in the simulator, and its control connection. */

import type { Sdk } from "../../scripts/sdk.js";
import { RawClient, upgradeRequest } from "../support/rawclient.js";
import { Simulator } from "../support/simulator.js";
import { asciiOf } from "../support/vectors.js";

/** What is reachable, in bytes. */
export interface Levels {
  readonly slots: number;
  readonly chunks: number;
  readonly clients: number;
}

export class LeaksApp {
  /** The port of the server, and that of a listener whose sockets do nothing. */
  readonly port: number;
  readonly plainPort: number;
  readonly simulator: Simulator;
  private readonly control: RawClient;

  private constructor(simulator: Simulator, ports: readonly number[]) {
    const [port = 0, controlPort = 0, plainPort = 0] = ports;
    this.simulator = simulator;
    this.port = port;
    this.plainPort = plainPort;
    this.control = new RawClient(controlPort).send(upgradeRequest());
  }

  static async start(sdk: Sdk, folder: string): Promise<LeaksApp> {
    // "-i" builds with instruments.
    const simulator = await Simulator.start(sdk, folder, ["-i"]);
    try {
      const line = await simulator.waitForLine(/^ports /, 30_000);
      const app = new LeaksApp(simulator, line.split(" ").slice(1).map(Number));
      await app.control.head();
      return app;
    } catch (error) {
      await simulator.stop();
      throw error;
    }
  }

  /** An open connection to the server. */
  async open(): Promise<RawClient> {
    const client = new RawClient(this.port).send(upgradeRequest());
    await client.head();
    return client;
  }

  async levels(): Promise<Levels> {
    const answer = await this.ask("levels");
    const [slots = 0, chunks = 0, clients = 0] = answer.split(" ").map(Number);
    return { slots, chunks, clients };
  }

  /** Lets the app's own clients connect and end so often. */
  async repeat(cycle: string, count: number): Promise<void> {
    await this.ask(`${cycle} ${count}`);
  }

  async stop(): Promise<void> {
    this.control.destroy();
    await this.simulator.stop();
  }

  private async ask(question: string): Promise<string> {
    this.control.sendFrame(0x81, asciiOf(question));
    const [frame = ""] = await this.control.frames(1);
    return Buffer.from(frame.replace("text:", ""), "hex").toString();
  }
}
