/** Events as texts, in the order in which they came. No API of Node or Jest: it is used on XS too. */

import { clearTimer, setTimer } from "#platform";
import { assert } from "./assertions.js";
import { PATIENCE_MS } from "./waiting.js";

/** What a test records of an object. */
export class EventLog {
  readonly events: string[] = [];
  private waiting: (() => void) | undefined = undefined;

  /** Waits for an event, one that has come already counts. @throws Error where it does not come */
  async until(event: string): Promise<void> {
    const clock = { isOver: false };
    const timer = setTimer(() => {
      clock.isOver = true;
      this.waiting?.();
    }, PATIENCE_MS);
    while (!this.events.includes(event) && !clock.isOver)
      await new Promise<void>((resolve) => (this.waiting = resolve));
    clearTimer(timer);
    assert(!clock.isOver, `"${event}" does not come; there were: ${this.events.join(", ")}`);
  }

  protected record(event: string): void {
    this.events.push(event);
    this.waiting?.();
  }
}
