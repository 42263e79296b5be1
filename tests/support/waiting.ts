/** Waiting, with the timers and the clock of the host: on XS too. Tests have no other timers than these. */

import { clearTimer, now, setTimer } from "#platform";

/** How long something is waited for, unless it is said: longer than a busy machine takes, and less than a test may take. */
export const PATIENCE_MS = 100_000;
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
  what: string | (() => string) = () => String(holds),
  patienceMs = PATIENCE_MS,
): Promise<void> {
  const end = now() + patienceMs;
  while (!(await holds())) {
    if (now() > end)
      throw new Error(`It does not come within ${patienceMs} ms: ${typeof what === "string" ? what : what()}`);
    await letTimePass(LOOK_MS);
  }
}

/** What {@link within} waited for has not come. */
export class LimitError extends Error {}

/** Waits for a promise. @param what it is, for the error @throws LimitError where it takes more than `limitMs` milliseconds */
export async function within<Value>(limitMs: number, promise: Promise<Value>, what: string): Promise<Value> {
  let stop = (): void => undefined;
  const limit = new Promise<never>((_resolve, reject) => {
    const timer = setTimer(() => reject(new LimitError(`${what}: not within ${limitMs} ms`)), limitMs);
    stop = () => clearTimer(timer);
  });
  try {
    return await Promise.race([promise, limit]);
  } finally {
    stop();
  }
}
