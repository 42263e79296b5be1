/** Runs a sample on Node.js as `npm start` does, in a process of its own. */

import { type ChildProcess, spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { createServer } from "node:net";
import path from "node:path";

// Where npm starts tests and scripts: these are of ECMAScript's kind, which has no __dirname.
const PROJECT = process.cwd();

/** How a process ended. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A running sample. */
export interface App {
  readonly exited: Promise<Exit>;
  /** What it has written until now. */
  readonly output: { stdout: string; stderr: string };
  /** Resolves when its standard output has this text; rejects where it ends before. */
  printed(text: string): Promise<void>;
  /** Sends a signal, and waits for the end. */
  stop(signal: NodeJS.Signals): Promise<Exit>;
}

/** Starts apps/NAME/main.ts. @param settings `key=value` of its command line */
export function startApp(
  name: string,
  environment: Readonly<Record<string, string>>,
  settings: readonly string[] = [],
): App {
  const main = path.join("apps", name, "main.ts");
  const child = spawn(process.execPath, ["--import", "tsx", main, ...settings], {
    cwd: PROJECT,
    env: { ...process.env, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const output = { stdout: "", stderr: "" };
  child.stdout.on("data", (bytes: Buffer) => (output.stdout += bytes.toString()));
  child.stderr.on("data", (bytes: Buffer) => (output.stderr += bytes.toString()));
  const exited = new Promise<Exit>((resolve) => {
    child.once("close", (code, signal) => resolve({ code, signal }));
  });
  return {
    exited,
    output,
    printed: (text) => waitForOutput(child, output, text),
    stop(signal) {
      child.kill(signal);
      return exited;
    },
  };
}

function waitForOutput(child: ChildProcess, output: App["output"], text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const look = (): void => {
      if (output.stdout.includes(text)) resolve();
    };
    child.stdout?.on("data", look);
    child.once("close", () => reject(new Error(`The app ended: ${output.stdout}${output.stderr}`)));
    look();
  });
}

const FIRST_PORT = 12_000;
/** Each of Jest's processes has ports of its own, so that none is found by two before somebody listens on it. */
const PORTS_OF_WORKER = 2_500;
const WORKERS = 8;
const given = new Set<number>();

/**
 * A TCP port that was free just now. It is below those that systems give to clients and to whoever asks for any, so that it
 * is still free when a program that takes a while to start listens on it; it is given once.
 */
export async function findFreePort(): Promise<number> {
  const first = FIRST_PORT + (Number(process.env["JEST_WORKER_ID"] ?? 0) % WORKERS) * PORTS_OF_WORKER;
  for (;;) {
    const port = randomInt(first, first + PORTS_OF_WORKER);
    if (given.has(port) || !(await isFree(port))) continue;
    given.add(port);
    return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, () => server.close(() => resolve(true)));
  });
}
