/** A port of this machine that answers no one: the SYN of a client is dropped. Linux only. */

import { spawn, type ChildProcess } from "node:child_process";
import { connect, type Socket } from "node:net";
import { letTimePass } from "../support/waiting.js";

/** It listens, and is then asleep: whoever is beyond its backlog waits for ever. */
const PROGRAM = `
  const server = require("node:net").createServer();
  server.listen({ port: 0, host: "127.0.0.1", backlog: 1 }, () => {
    process.stdout.write(server.address().port + "\\n", () => {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 60_000);
    });
  });
`;

/** More than a backlog of 1 holds. */
const FILLERS = 4;

export class BlackHole {
  readonly port: number;
  private readonly child: ChildProcess;
  private readonly fillers: readonly Socket[];

  private constructor(port: number, child: ChildProcess) {
    this.port = port;
    this.child = child;
    this.fillers = Array.from({ length: FILLERS }, () =>
      connect({ port, host: "127.0.0.1" }).on("error", () => undefined),
    );
  }

  static async start(): Promise<BlackHole> {
    const child = spawn(process.execPath, ["-e", PROGRAM], { stdio: ["ignore", "pipe", "inherit"] });
    const port = await new Promise<number>((resolve) => {
      child.stdout.once("data", (bytes: Buffer) => resolve(Number(bytes.toString())));
    });
    const hole = new BlackHole(port, child);
    await letTimePass(200);
    return hole;
  }

  async stop(): Promise<void> {
    for (const filler of this.fillers) filler.destroy();
    const ended = new Promise((resolve) => this.child.once("close", resolve));
    this.child.kill("SIGKILL");
    await ended;
  }
}
