/** The accept hooks of a WebSocketServer that are asynchronous. */

import { clearTimer, setTimer } from "#platform";
import { HandshakeError } from "../common/errors.js";
import type { AcceptDecision } from "./options.js";

/** Accept hooks that are not done yet. Each keeps the place of a client, but not for ever. */
export class PendingDecisions {
  private readonly cancels = new Set<() => void>();
  private readonly timeoutMs: number;

  /** @param timeoutMs how long a hook may take */
  constructor(timeoutMs: number) {
    this.timeoutMs = timeoutMs;
  }

  /** How many are waited for. */
  get count(): number {
    return this.cancels.size;
  }

  /** Waits for a decision, then calls one of the others: `failed` also for what `decided` throws. */
  wait(
    decision: Promise<AcceptDecision>,
    decided: (decision: AcceptDecision) => void,
    failed: (error: unknown) => void,
  ): void {
    const cancel = (): void => {
      if (end()) failed(new HandshakeError(503, "The server did not decide in time, or was stopped."));
    };
    const timer = setTimer(cancel, this.timeoutMs);
    const end = (): boolean => {
      clearTimer(timer);
      return this.cancels.delete(cancel);
    };
    this.cancels.add(cancel);
    Promise.resolve(decision)
      .then((value) => {
        if (end()) decided(value);
      })
      .catch((error: unknown) => {
        end();
        failed(error);
      });
  }

  /** Waits no more. */
  cancel(): void {
    for (const cancel of [...this.cancels]) cancel();
  }
}
