/** The calls of one client that wait for their turn. While they are too many, nothing is read from the connection. */

import { clearTimer, setTimer, type TimerHandle } from "#platform";
import type { HubLink } from "../link/link.js";

/** A call, as far as the queue knows it. */
export interface WaitingCall {
  /** Characters of its record. */
  readonly length: number;
}

/** How much may wait. */
export interface WaitingLimits {
  readonly waiting: number;
  /** Characters that the records of the calls have together, unless it is a single one. */
  readonly waitingCharacters: number;
  /** Milliseconds without a call's turn after which calls are refused instead; 0: never. */
  readonly stallTimeout: number;
}

/** The calls, first come, first served. */
export class WaitingCalls<Call extends WaitingCall> {
  private readonly limits: WaitingLimits;
  private readonly link: HubLink;
  private calls: Call[] = [];
  private characters = 0;
  private timer: TimerHandle | undefined = undefined;
  private isHolding = false;
  private isStalled = false;

  constructor(limits: WaitingLimits, link: HubLink) {
    this.limits = limits;
    this.link = link;
  }

  /** Whether a call of this length may wait: there is room, or the rest of what was read is all that comes for now. */
  hasRoomFor(length: number): boolean {
    const { waiting, waitingCharacters } = this.limits;
    if (this.mayHold || this.calls.length === 0) return this.mayHold || waiting > 0;
    return this.calls.length < waiting && this.characters + length <= waitingCharacters;
  }

  push(call: Call): void {
    this.calls.push(call);
    this.characters += call.length;
    this.adjust();
  }

  /** Takes the one whose turn it is. */
  shift(): Call | undefined {
    const call = this.calls.shift();
    this.isStalled = false;
    if (call !== undefined) this.removed(call);
    return call;
  }

  find(isWanted: (call: Call) => boolean): Call | undefined {
    return this.calls.find(isWanted);
  }

  remove(call: Call): void {
    if (!this.calls.includes(call)) return;
    this.calls = this.calls.filter((other) => other !== call);
    this.removed(call);
  }

  /** Stops the connection, or lets it go on. To be called where the answers that are waited for have changed. */
  adjust(): void {
    const isWanted = this.mayHold && this.isLongerThan(this.isHolding ? 0.5 : 1);
    if (isWanted === this.isHolding) return;
    this.isHolding = isWanted;
    if (isWanted) this.hold();
    else this.release();
  }

  /** The connection is over. */
  end(): void {
    this.calls = [];
    this.isHolding = false;
    this.stopTimer();
  }

  private hold(): void {
    const { stallTimeout } = this.limits;
    this.link.gate.hold();
    if (stallTimeout === 0) return;
    this.timer = setTimer(() => {
      this.timer = undefined;
      // The client may be gone, and only reading tells.
      this.isStalled = true;
      this.adjust();
    }, stallTimeout);
  }

  private release(): void {
    this.stopTimer();
    this.link.gate.release();
  }

  private stopTimer(): void {
    clearTimer(this.timer);
    this.timer = undefined;
  }

  private removed({ length }: Call): void {
    this.characters -= length;
    this.adjust();
  }

  private get mayHold(): boolean {
    return !this.isStalled && this.link.pending.count === 0;
  }

  private isLongerThan(part: number): boolean {
    const { waiting, waitingCharacters } = this.limits;
    return this.calls.length > part * waiting || this.characters > part * waitingCharacters;
  }
}
