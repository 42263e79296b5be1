/** The heap of an app that was built with instruments ("-i"). */

import Debug from "debug";
import Instrumentation from "instrumentation";

import type { Memory } from "../support/memory.js";

/** Collects garbage and measures. */
export function measureMemory(): Memory {
  // Twice: what the end of a host object has let go, as a timer its callback, is garbage for the second one.
  Debug.gc();
  Debug.gc();
  return {
    slots: used("XS Slot Heap Used"),
    chunks: used("XS Chunk Heap Used"),
    timers: used("Timers"),
    keys: used("XS Keys Used"),
  };
}

function used(name: Parameters<typeof Instrumentation.map>[0]): number {
  return Instrumentation.get(Instrumentation.map(name) ?? 0) ?? 0;
}
