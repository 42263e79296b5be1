/** When a lost connection is tried again. */

import { clearTimer, log, now, randomFill, setTimer } from "#platform";
import { logRejection } from "../../common/handlers.js";
import { OptionError } from "../../common/errors.js";
import { checkTime } from "../../common/options.js";
import { kindOf } from "../../common/text.js";

/** What a retry policy is told (the official client's `RetryContext`). */
export interface RetryContext {
  /** Attempts that failed since the connection was lost. */
  readonly previousRetryCount: number;
  /** Milliseconds since then. */
  readonly elapsedMilliseconds: number;
  /** Why the last attempt failed, or the connection was lost. */
  readonly retryReason: Error;
}

/** Decides when to try again (the official client's `IRetryPolicy`). */
export interface RetryPolicy {
  /**
   * Decides how long to wait before the next attempt.
   *
   * @returns milliseconds; null: there is no next attempt
   */
  nextRetryDelayInMilliseconds(context: RetryContext): number | null;
}

/** Waits: calls `elapsed` after `delayMs` milliseconds, unless the function that it returns is called before. */
export type Wait = (delayMs: number, elapsed: () => void) => () => void;

/** True: after 0, 2, 10 and 30 s. A list: after these delays in milliseconds, then never. Or a policy. False: never. */
export type AutomaticReconnect = boolean | readonly number[] | RetryPolicy;

/** A timer of Node.js takes what is longer for 1 ms. */
const MAX_DELAY_MS = 2_147_483_647;

/** Delays of the official clients, in milliseconds. */
export const DEFAULT_RETRY_DELAYS: readonly number[] = Object.freeze([0, 2_000, 10_000, 30_000]);

/**
 * Makes a policy of the option.
 *
 * @param jitter the part of each delay that is left to chance, 0 to 1
 * @throws OptionError where one of them is out of its range
 */
export function createRetryPolicy(option: AutomaticReconnect, jitter: number): RetryPolicy | undefined {
  if (!(jitter >= 0 && jitter <= 1)) throw new OptionError(`reconnectJitter must be from 0 to 1; it is ${jitter}.`);
  if (option === false) return undefined;
  const policy = option === true ? listPolicy(DEFAULT_RETRY_DELAYS) : isList(option) ? listPolicy(option) : option;
  if (typeof policy.nextRetryDelayInMilliseconds !== "function")
    throw new OptionError(
      "automaticReconnect must be true, false, a list of delays in ms, or an object with nextRetryDelayInMilliseconds().",
    );
  return {
    nextRetryDelayInMilliseconds(context) {
      const delayMs: unknown = policy.nextRetryDelayInMilliseconds(context);
      if (delayMs === null) return null;
      if (typeof delayMs === "number" && delayMs >= 0) return Math.round(delayMs * (1 - jitter * random()));
      logRejection("The retry policy threw.", delayMs);
      throw new OptionError(`nextRetryDelayInMilliseconds gives milliseconds, or null; it gave ${kindOf(delayMs)}.`);
    },
  };
}

/** The delays after one loss of a connection. */
export class Retries {
  private readonly policy: RetryPolicy;
  private readonly wait: Wait;
  private readonly startedAt = now();
  private count = 0;
  private cancelWait: (() => void) | undefined = undefined;

  constructor(policy: RetryPolicy, wait: Wait) {
    this.policy = policy;
    this.wait = wait;
  }

  /** Waits for the next attempt. @returns false where there is none, or `cancel` was called */
  async next(retryReason: Error): Promise<boolean> {
    const delayMs = this.nextDelay(retryReason);
    this.count++;
    if (delayMs === null) return false;
    return new Promise((resolve) => {
      // Where it fails, nobody would wake it up.
      let cancelWait = (): void => undefined;
      this.cancelWait = () => {
        cancelWait();
        resolve(false);
      };
      try {
        cancelWait = this.wait(delayMs, () => {
          this.cancelWait = undefined;
          resolve(true);
        });
      } catch (error) {
        log("What was to wait for a reconnect threw; the connection is not tried again.", error);
        this.cancel();
      }
    });
  }

  /** Waits no more. */
  cancel(): void {
    this.cancelWait?.();
    this.cancelWait = undefined;
  }

  /** A policy that throws, or gives no time, has none. */
  private nextDelay(retryReason: Error): number | null {
    const elapsedMilliseconds = Math.round(now() - this.startedAt);
    try {
      const delayMs = this.policy.nextRetryDelayInMilliseconds({
        previousRetryCount: this.count,
        elapsedMilliseconds,
        retryReason,
      });
      return delayMs === null ? null : Math.min(delayMs, MAX_DELAY_MS);
    } catch (error) {
      log("The retry policy threw; the connection is not tried again.", error);
      return null;
    }
  }
}

/** Waits by the host's timers. */
export const waitByTimer: Wait = (delayMs, elapsed) => {
  const timer = setTimer(elapsed, delayMs);
  return () => clearTimer(timer);
};

function isList(option: readonly number[] | RetryPolicy): option is readonly number[] {
  return Array.isArray(option);
}

function listPolicy(delays: readonly number[]): RetryPolicy {
  for (const delayMs of delays) checkTime("A delay of automaticReconnect", delayMs, 0);
  return { nextRetryDelayInMilliseconds: ({ previousRetryCount }) => delays[previousRetryCount] ?? null };
}

/** From 0 to 1. */
function random(): number {
  const bytes = new Uint8Array(1);
  randomFill(bytes);
  return (bytes[0] ?? 0) / 255;
}
