/** An app in the simulator that obeys commands: see tests/xs/control.ts. */

import { once } from "node:events";
import { WebSocket } from "ws";
import type { Sdk } from "../../scripts/sdk.js";
import { Simulator } from "./simulator.js";

interface Answer {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: string;
}

export class ControlledApp {
  readonly simulator: Simulator;
  /** What the app has written behind "ports" and the port of its control. */
  readonly ports: readonly number[];
  private readonly control: WebSocket;
  private readonly waiting = new Map<number, (answer: Answer) => void>();
  private count = 0;

  private constructor(simulator: Simulator, [controlPort = 0, ...ports]: readonly number[]) {
    this.simulator = simulator;
    this.ports = ports;
    this.control = new WebSocket(`ws://127.0.0.1:${controlPort}/`);
    this.control.on("message", (data) => {
      const answer = JSON.parse((data as Buffer).toString()) as Answer;
      this.waiting.get(answer.id)?.(answer);
      this.waiting.delete(answer.id);
    });
    // Of one that goes away without a word "close" tells, too.
    this.control.on("error", () => undefined);
    this.control.on("close", () => {
      for (const [id, tell] of this.waiting) tell({ id, error: "The app is gone." });
      this.waiting.clear();
    });
  }

  /** Builds the app of a folder and starts it. @param settings as of Simulator.start; "-i": with instruments */
  static async start(sdk: Sdk, folder: string, settings: readonly string[] = []): Promise<ControlledApp> {
    const simulator = await Simulator.start(sdk, folder, settings);
    try {
      const line = await simulator.waitForLine(/^ports /);
      const app = new ControlledApp(simulator, line.split(" ").slice(1).map(Number));
      await once(app.control, "open");
      return app;
    } catch (error) {
      await simulator.stop();
      throw error;
    }
  }

  /** Lines that tell of exceptions that nobody caught, and of a program that ended. */
  get problems(): readonly string[] {
    return this.simulator.lines.filter((line) => /uncaught|XS abort|memory full|# Exception/.test(line));
  }

  /** Gives a command. @returns its answer @throws Error where it fails, or the app is gone */
  async ask(command: string, argument: unknown = {}): Promise<unknown> {
    const id = ++this.count;
    const answered = new Promise<Answer>((resolve) => this.waiting.set(id, resolve));
    if (this.control.readyState === WebSocket.OPEN) this.control.send(JSON.stringify({ id, command, argument }));
    else throw new Error(`The app is gone. What it wrote last:\n${this.simulator.lines.slice(-10).join("\n")}`);
    const { value, error } = await answered;
    if (error !== undefined) throw new Error(`${command}: ${error}`);
    return value;
  }

  async stop(): Promise<void> {
    this.control.terminate();
    await this.simulator.stop();
  }
}
