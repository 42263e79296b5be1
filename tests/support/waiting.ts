/** Waiting, with the timers and the clock of the host: on XS too. */

import { now, setTimer } from "#platform";

/** How long {@link eventually} waits: longer than a busy machine takes. */
const PATIENCE_MS = 10_000;
const LOOK_MS = 5;

/**
 * Waits a time: where time is what is tested, or the pace of a peer, or that nothing happens meanwhile. What is to happen is
 * waited for by {@link eventually}.
 */
export function letTimePass(timeMs: number): Promise<void> {
  return new Promise((resolve) => void setTimer(resolve, timeMs));
}

/**
 * Waits until something holds.
 *
 * @param what it is, for the error; without it, the error has the condition's text
 * @throws Error where it does not hold within `patienceMs` milliseconds
 */
export async function eventually(
  holds: () => boolean | Promise<boolean>,
  what?: string,
  patienceMs = PATIENCE_MS,
): Promise<void> {
  const end = now() + patienceMs;
  while (!(await holds())) {
    if (now() > end) throw new Error(`It does not come within ${patienceMs} ms: ${what ?? String(holds)}`);
    await letTimePass(LOOK_MS);
  }
}

/** The name of before. */
export const delay = letTimePass;
