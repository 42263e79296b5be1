/** How long to wait before the next attempt to connect. */

import { randomFill } from "#platform";
import { OptionError } from "./common/errors.js";
import { checkOptions, checkTime, resolveOptions, type OptionTable, type ResolvedOptions } from "./common/options.js";

/** Options of a {@link Backoff}. */
export interface BackoffOptions {
  /** The first delay, in milliseconds. @defaultValue 500 */
  readonly initialMs?: number;
  /** The largest delay, in milliseconds. @defaultValue 30000 */
  readonly maxMs?: number;
  /** By how much a delay grows from one failure to the next. @defaultValue 2 */
  readonly factor?: number;
  /**
   * The part of a delay that is left to chance, 0 to 1, so that many devices do not come back at the same time.
   * @defaultValue 0.3
   */
  readonly jitter?: number;
}

/** What a Backoff takes. @internal */
export const BACKOFF_OPTIONS: OptionTable<ResolvedOptions<BackoffOptions>> = Object.freeze({
  defaults: Object.freeze({
    initialMs: 500,
    maxMs: 30_000,
    factor: 2,
    jitter: 0.3,
  }),
  least: Object.freeze({ initialMs: 1 }),
  most: Object.freeze({}),
  special: Object.freeze(["factor", "jitter"]),
});

/** Delays that grow from failure to failure (RFC 6455, 7.2.3: "truncated binary exponential backoff"). */
export class Backoff {
  private readonly initialMs: number;
  private readonly maxMs: number;
  private readonly factor: number;
  private readonly jitter: number;
  private delayMs: number;

  /**
   * Makes a series of delays.
   *
   * @throws OptionError where an option is out of its range
   */
  constructor(options: BackoffOptions = {}) {
    checkOptions("Backoff", options, "{ initialMs: 500 }");
    const { initialMs, maxMs, factor, jitter } = resolveOptions(options, BACKOFF_OPTIONS);
    checkTime("maxMs", maxMs, initialMs);
    if (!(factor >= 1)) throw new OptionError(`factor must be at least 1; it is ${factor}.`);
    if (!(jitter >= 0 && jitter <= 1)) throw new OptionError(`jitter must be from 0 to 1; it is ${jitter}.`);
    this.initialMs = initialMs;
    this.maxMs = maxMs;
    this.factor = factor;
    this.jitter = jitter;
    this.delayMs = initialMs;
  }

  /**
   * Gives the delay before the next attempt.
   *
   * @returns milliseconds
   */
  next(): number {
    const delayMs = this.delayMs;
    this.delayMs = Math.min(this.maxMs, delayMs * this.factor);
    const random = randomBytes(1)[0] ?? 0;
    return Math.round(delayMs * (1 - (this.jitter * random) / 255));
  }

  /** An attempt has succeeded: the next failure begins with the first delay. */
  reset(): void {
    this.delayMs = this.initialMs;
  }
}

function randomBytes(count: number): Uint8Array {
  const bytes = new Uint8Array(count);
  randomFill(bytes);
  return bytes;
}
