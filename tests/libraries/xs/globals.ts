/** The globals of browsers that the libraries use, of the SDK's modules: those that mcpack provides, too. */

import Timer from "timer";

interface Globals {
  setTimeout: (callback: () => void, delayMs?: number) => Timer;
  clearTimeout: (timer?: Timer) => void;
  setInterval: (callback: () => void, delayMs: number) => Timer;
  clearInterval: (timer?: Timer) => void;
  console: object;
}

const globals = globalThis as unknown as Globals;

function clear(timer?: Timer): void {
  if (timer !== undefined) Timer.clear(timer);
}

function log(...values: readonly unknown[]): void {
  trace(`${values.map(String).join(" ")}\n`);
}

globals.setTimeout = (callback, delayMs = 0) => Timer.set(callback, delayMs);
globals.setInterval = (callback, delayMs) => Timer.repeat(callback, delayMs);
globals.clearTimeout = clear;
globals.clearInterval = clear;
globals.console = { log, info: log, debug: log, warn: log, error: log };
