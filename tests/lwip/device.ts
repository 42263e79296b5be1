/** A device that runs: its output, and what it is told and asked. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";

import type { Command } from "./commands.js";
import { PATIENCE_MS, within } from "../support/waiting.js";

/** See answerStatistics in program/control.c. */
export type Statistics = Readonly<
  Record<
    | "active"
    | "timeWait"
    | "bound"
    | "listening"
    | "established"
    | "synReceived"
    | "unsent"
    | "unacked"
    | "outOfOrder"
    | "refused"
    | "heap"
    | "blocks"
    | "heapPeak"
    | "failures"
    | "queuePeak"
    | "waits"
    | "mailboxDrops"
    | "framesIn"
    | "framesOut"
    | "lostIn"
    | "lostOut"
    | "noMemory",
    number
  >
>;

/** What happens to frames: see DeviceWire in program/device.h. Of a thousand, milliseconds, bytes. */
export interface Wire {
  readonly lossIn?: number;
  readonly lossOut?: number;
  readonly reorder?: number;
  readonly duplicate?: number;
  readonly delayMs?: number;
  readonly pbufBytes?: number;
  readonly isDown?: boolean;
}

const problemPattern = /FAULT|ERROR: AddressSanitizer|ThreadSanitizer|runtime error|uncaught|XS abort|# Exception/;

export class Device {
  readonly lines: string[] = [];
  isOver = false;

  readonly #child: ChildProcess;
  readonly #folder: string;
  #waiting: (() => void)[] = [];

  private constructor(child: ChildProcess, folder: string) {
    this.#child = child;
    this.#folder = folder;
    for (const stream of [child.stdout, child.stderr]) {
      if (stream === null) continue;
      createInterface({ input: stream }).on("line", (line) => {
        this.lines.push(line);
        this.#wake();
      });
    }
    child.on("close", () => {
      this.isOver = true;
      this.#wake();
    });
  }

  /** @param environment variables: see program/main.c */
  static start(program: string, environment: Readonly<Record<string, string>> = {}): Device {
    const folder = mkdtempSync(path.join(tmpdir(), "lwip-"));
    const sanitizers = {
      ASAN_OPTIONS: "detect_leaks=0:handle_abort=1",
      UBSAN_OPTIONS: "print_stacktrace=1",
      TSAN_OPTIONS: "halt_on_error=0:second_deadlock_stack=1",
    };
    const child = spawn(program, [], {
      env: { ...process.env, ...sanitizers, LWIP_CONTROL: path.join(folder, "control"), ...environment },
      stdio: ["ignore", "pipe", "pipe"],
    });
    return new Device(child, folder);
  }

  /** What the device has complained of, and the lines behind it. */
  get problems(): readonly string[] {
    const at = this.lines.findIndex((line) => problemPattern.test(line));
    const ended = this.#child.exitCode !== null || this.#child.signalCode !== null;
    const end = ended ? [`the device has ended: ${this.#child.exitCode ?? this.#child.signalCode ?? ""}`] : [];
    return [...(at < 0 ? [] : this.lines.slice(at, at + 40)), ...end];
  }

  /** Waits for a line, from the place `from` of its lines on. @throws Error where none comes in time */
  async line(pattern: RegExp, timeoutMs = PATIENCE_MS, from = 0): Promise<string> {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const found = this.lines.slice(from).find((line) => pattern.test(line));
      if (found !== undefined) return found;
      const leftMs = deadline - performance.now();
      if (this.isOver || leftMs <= 0) {
        const last = this.lines.slice(-12).join("\n");
        throw new Error(
          `no line like ${String(pattern)}${this.isOver ? ": the device has ended" : ""}; last:\n${last}`,
        );
      }
      await this.#more(leftMs);
    }
  }

  /** Gives a command of program/control.c. @returns its answer */
  async ask(line: string, timeoutMs = PATIENCE_MS): Promise<string> {
    const socket = connect(path.join(this.#folder, "control"));
    socket.setEncoding("utf8");
    const timer = setTimeout(() => socket.destroy(new Error(`no answer to: ${line}`)), timeoutMs);
    try {
      socket.write(`${line}\n`);
      let text = "";
      for await (const part of socket) {
        text += String(part);
        if (text.endsWith("\n")) break;
      }
      if (text.startsWith("!") || text === "") throw new Error(`${line}: ${text || "the device is gone"}`);
      return text.trim();
    } finally {
      clearTimeout(timer);
      socket.destroy();
    }
  }

  /** Gives the program a command: see commands.ts. */
  async tell(command: Command): Promise<unknown> {
    return JSON.parse(await this.ask(`call ${JSON.stringify(command)}`)) as unknown;
  }

  async statistics(): Promise<Statistics> {
    return JSON.parse(await this.ask("statistics")) as Statistics;
  }

  /** The bytes that XS uses, after its garbage was collected. */
  async xs(): Promise<{ readonly slots: number; readonly chunks: number }> {
    await this.ask("xs");
    return JSON.parse(await this.ask("xs")) as { readonly slots: number; readonly chunks: number };
  }

  async wire(wire: Wire): Promise<void> {
    const { lossIn = 0, lossOut = 0, reorder = 0, duplicate = 0, delayMs = 0, pbufBytes = 0, isDown = false } = wire;
    await this.ask(`wire ${[lossIn, lossOut, reorder, duplicate, delayMs, pbufBytes, Number(isDown)].join(" ")}`);
  }

  async stop(): Promise<void> {
    if (!this.isOver) {
      const ended = once(this.#child, "close");
      this.#child.kill("SIGKILL");
      await ended;
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #more(timeoutMs: number): Promise<void> {
    const more = new Promise<void>((resolve) => this.#waiting.push(resolve));
    await within(timeoutMs, more, "a line").catch(() => undefined);
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}
