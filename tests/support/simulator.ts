/** Runs an app in the Moddable simulator without a screen, for Jest. Linux only: it needs Xvfb and ImageMagick. */

import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";

import { findMbedtls, findSdk, type Sdk, simulatorCommand } from "../../scripts/sdk.js";
import { buildApp } from "./building.js";

/** One picture of the whole virtual screen. */
export interface Screenshot {
  readonly width: number;
  readonly height: number;
  /** Red, green and blue of each pixel, row by row. */
  readonly pixels: Uint8Array;
  /** How many pixels have the colour. */
  count(red: number, green: number, blue: number): number;
}

interface Waiter {
  readonly pattern: RegExp;
  readonly found: (line: string) => void;
  readonly ended: () => void;
}

/** How long a line is waited for, unless another time is given: longer than the tests of one app take on a busy machine. */
const LINE_MS = 800_000;

/** @returns the SDK where apps can be run without a screen; else undefined */
export function findSimulatorSdk(): Sdk | undefined {
  const sdk = findSdk();
  return sdk?.host === "lin" ? sdk : undefined;
}

/** What {@link findTlsSimulatorSdk} looks for. */
export const tlsSimulatorNeeds = "Linux with the Moddable SDK and the sources of mbedTLS (npm run mbedtls)";

/** @returns the SDK where apps with TLS can be run without a screen; else undefined */
export function findTlsSimulatorSdk(): Sdk | undefined {
  return findMbedtls() === undefined ? undefined : findSimulatorSdk();
}

/** An app that runs in the simulator. */
export class Simulator {
  /** All lines that the app has written. */
  readonly lines: string[] = [];

  readonly #display: string;
  readonly #folder: string;
  readonly #children: readonly ChildProcess[];
  #waiters: Waiter[] = [];
  #hasEnded = false;

  private constructor(display: string, folder: string, screen: ChildProcess, simulator: ChildProcess) {
    this.#display = display;
    this.#folder = folder;
    this.#children = [simulator, screen];
    for (const stream of [simulator.stdout, simulator.stderr]) {
      if (stream === null) continue;
      createInterface({ input: stream }).on("line", (line) => {
        this.#addLine(line);
      });
    }
    simulator.once("close", () => {
      this.#hasEnded = true;
      for (const waiter of this.#waiters.splice(0)) waiter.ended();
    });
  }

  /**
   * Builds the app whose manifest.json is in the folder `app`, and starts it.
   *
   * @param settings `key=value` pairs for `mc/config`
   */
  static start(sdk: Sdk, app: string, settings: readonly string[] = []): Promise<Simulator> {
    return Simulator.startBuilt(sdk, (library) => buildApp(sdk, app, settings, library));
  }

  /** Starts an app that is built in another way. @param build writes the library that the simulator loads to a path */
  static async startBuilt(sdk: Sdk, build: (library: string) => Promise<void>): Promise<Simulator> {
    const folder = mkdtempSync(path.join(tmpdir(), "simulator-"));
    const library = path.join(folder, "built.so");
    try {
      await build(library);
      const screen = spawn("Xvfb", ["-displayfd", "3", "-nolisten", "tcp", "-screen", "0", "1024x768x24"], {
        stdio: ["ignore", "ignore", "ignore", "pipe"],
      });
      const display = `:${await firstLine(screen)}`;
      const [program, ...parameters] = simulatorCommand(sdk, library);
      const simulator = spawn(program, parameters, {
        env: { ...sdk.environment, DISPLAY: display, GDK_BACKEND: "x11", XDG_CONFIG_HOME: folder },
        stdio: ["ignore", "pipe", "pipe"],
      });
      return new Simulator(display, folder, screen, simulator);
    } catch (error) {
      rmSync(folder, { recursive: true, force: true });
      throw error;
    }
  }

  /**
   * Waits for a line, one that has come already counts.
   *
   * @throws Error where none comes within `timeoutMs` milliseconds, or before the simulator ends
   */
  waitForLine(pattern: RegExp, timeoutMs = LINE_MS): Promise<string> {
    const present = this.lines.find((line) => pattern.test(line));
    if (present !== undefined) return Promise.resolve(present);
    return new Promise((resolve, reject) => {
      const fail = (why: string): void => {
        clearTimeout(timer);
        reject(new Error(`no line like ${String(pattern)} ${why}:\n${this.lines.join("\n")}`));
      };
      const timer = setTimeout(fail, timeoutMs, `within ${timeoutMs} ms`);
      const found = (line: string): void => {
        clearTimeout(timer);
        resolve(line);
      };
      const ended = (): void => fail("before the simulator ended");
      if (this.#hasEnded) ended();
      else this.#waiters.push({ pattern, found, ended });
    });
  }

  /** Takes a picture of the screen. */
  async screenshot(): Promise<Screenshot> {
    const command = spawn("import", ["-display", this.#display, "-window", "root", "-depth", "8", "ppm:-"]);
    const chunks: Buffer[] = [];
    for await (const chunk of command.stdout) chunks.push(Buffer.from(chunk as Uint8Array));
    return readPixmap(Buffer.concat(chunks));
  }

  /** Has the app stand still, as on a busy machine, so that what comes meanwhile comes to it at once; or go on. */
  freeze(isFrozen: boolean): void {
    this.#children[0]?.kill(isFrozen ? "SIGSTOP" : "SIGCONT");
  }

  /** Ends the simulator and its screen. */
  async stop(): Promise<void> {
    for (const child of this.#children) {
      const ended = new Promise((resolve) => child.once("close", resolve));
      if (child.exitCode === null && child.signalCode === null && child.kill("SIGKILL")) await ended;
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #addLine(line: string): void {
    this.lines.push(line);
    const [found, waiting] = [[] as Waiter[], [] as Waiter[]];
    for (const waiter of this.#waiters) (waiter.pattern.test(line) ? found : waiting).push(waiter);
    for (const waiter of found) waiter.found(line);
    // No app goes on behind this.
    const isOver = line.startsWith("XS abort");
    this.#waiters = isOver ? [] : waiting;
    if (isOver) for (const waiter of waiting) waiter.ended();
  }
}

/** The first line of the file descriptor 3 of a program: Xvfb writes the number of its display there. */
function firstLine(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", () => {
      reject(new Error("Xvfb has ended"));
    });
    createInterface({ input: child.stdio[3] as Readable }).once("line", resolve);
  });
}

/** Reads the binary PPM of one picture: "P6 WIDTH HEIGHT 255" and three bytes for a pixel. */
function readPixmap(file: Buffer): Screenshot {
  const header = /^P6\s+(\d+)\s+(\d+)\s+255\s/.exec(file.toString("latin1", 0, 64));
  if (header === null) throw new Error("ImageMagick's import has given no picture");
  const pixels = file.subarray(header[0].length);
  return {
    width: Number(header[1]),
    height: Number(header[2]),
    pixels,
    count(red, green, blue) {
      let count = 0;
      for (let at = 0; at + 2 < pixels.length; at += 3) {
        if (pixels[at] === red && pixels[at + 1] === green && pixels[at + 2] === blue) count += 1;
      }
      return count;
    },
  };
}
