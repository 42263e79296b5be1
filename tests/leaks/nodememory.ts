/** What this process holds, when what nobody refers to is gone. */

import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { openHandles } from "../client/clienttest.js";
import { eventually, letTimePass } from "../support/waiting.js";

/** Bytes of heap that come and go in Jest; a connection that stays would cost over 4,000 for each cycle. */
export const NOISE = 1_500_000;

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

async function collectAll(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) {
    await letTimePass(20);
    collectGarbage();
  }
}

/** Bytes of the heap that are in use. */
export async function usedHeap(): Promise<number> {
  await collectAll();
  return process.memoryUsage().heapUsed;
}

/** Beside the heap: what its objects hold elsewhere, buffers among it, and all memory of the process. */
export async function usedOutside(): Promise<{ readonly external: number; readonly rss: number }> {
  await collectAll();
  const { external, rss } = process.memoryUsage();
  return { external, rss };
}

/** Runs cycles to warm up, and many more. @returns by how many bytes the heap has grown; no handle is left then */
export async function growthBy(count: number, repeat: (count: number) => Promise<void>): Promise<number> {
  await repeat(Math.ceil(count / 4));
  const handles = openHandles().length;
  const before = await usedHeap();
  await repeat(count);
  const grown = (await usedHeap()) - before;
  await eventually(() => openHandles().length <= handles);
  return grown;
}
