/** Calls that wait for their answer. */

import { clearTimer, setTimer, type TimerHandle } from "#platform";
import { InvalidStateError, TimeoutError, type WebSocketError } from "../../common/errors.js";

interface Pending {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly timer: TimerHandle | undefined;
}

/** The calls of one connection. */
export class PendingInvocations {
  private readonly maximum: number;
  private readonly pending = new Map<string, Pending>();

  /** @param maximum calls at the same time */
  constructor(maximum: number) {
    this.maximum = maximum;
  }

  /** How many wait. */
  get count(): number {
    return this.pending.size;
  }

  /**
   * Waits for an answer.
   *
   * @param timeoutMs how long; 0: as long as the connection lasts
   * @returns resolves with the result. Rejects with TimeoutError, or as `fail` and `failAll` say
   * @throws InvalidStateError where too many wait already
   */
  wait(id: string, target: string, timeoutMs: number): Promise<unknown> {
    if (this.pending.size >= this.maximum)
      throw new InvalidStateError(`${this.maximum} invocations wait for their answer (maximumPendingInvocations).`);
    return new Promise((resolve, reject) => {
      const timer =
        timeoutMs === 0
          ? undefined
          : setTimer(() => {
              this.fail(id, new TimeoutError(`"${target}" was not answered within ${timeoutMs} ms.`));
            }, timeoutMs);
      this.pending.set(id, { resolve, reject, timer });
    });
  }

  /** The answer came. @returns whether it was waited for */
  complete(id: string, result: unknown): boolean {
    const pending = this.take(id);
    pending?.resolve(result);
    return pending !== undefined;
  }

  /** The call failed. @returns whether it was waited for */
  fail(id: string, error: Error): boolean {
    const pending = this.take(id);
    pending?.reject(error);
    return pending !== undefined;
  }

  /** The connection is over. */
  failAll(error: WebSocketError): void {
    for (const id of [...this.pending.keys()]) this.fail(id, error);
  }

  private take(id: string): Pending | undefined {
    const pending = this.pending.get(id);
    clearTimer(pending?.timer);
    this.pending.delete(id);
    return pending;
  }
}
