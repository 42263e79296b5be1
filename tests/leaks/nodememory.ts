/** What this process holds, when what nobody refers to is gone. */

import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { openHandles } from "../client/clienttest.js";
import { eventually, letTimePass } from "../support/waiting.js";

/**
 * Bytes that come and go in Jest: of the heap, of what its objects hold elsewhere (buffers), and of the whole process. A
 * connection that stays would cost over 4,000 of heap for each cycle, and streams of zlib that stay over 100,000.
 */
export const NOISE = { heapUsed: 1_500_000, external: 1_500_000, rss: 60_000_000 } as const;
const MEASURES = ["heapUsed", "external", "rss"] as const;
const ROUNDS = 3;

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

/** The memory in use, when what nobody refers to is gone. */
export async function usedMemory(): Promise<NodeJS.MemoryUsage> {
  for (let turn = 0; turn < 3; turn++) {
    await letTimePass(20);
    collectGarbage();
  }
  return process.memoryUsage();
}

/** Runs cycles to warm up, and many more; again where memory has grown by more than noise, for what leaks grows each time. */
export async function expectNoGrowth(count: number, repeat: (count: number) => Promise<void>): Promise<void> {
  await repeat(Math.ceil(count / 4));
  const handles = openHandles().length;
  let grown: (keyof typeof NOISE)[] = [...MEASURES];
  for (let round = 0; round < ROUNDS && grown.length > 0; round++) {
    const before = await usedMemory();
    await repeat(count);
    const after = await usedMemory();
    grown = MEASURES.filter((measure) => after[measure] - before[measure] > NOISE[measure]);
  }
  expect(grown).toEqual([]);
  await eventually(() => openHandles().length <= handles);
}
