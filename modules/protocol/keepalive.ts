/** When to ping, and when a peer that does not answer is given up (RFC 6455, 5.5.2). */

import type { ConnectionSettings } from "./options.js";

/** What is due. */
export const KeepAliveAction = { None: 0, Ping: 1, GiveUp: 2 } as const;
export type KeepAliveAction = (typeof KeepAliveAction)[keyof typeof KeepAliveAction];

/** The keep-alive of one connection. Any byte from the peer shows that it lives, not only a Pong. */
export class KeepAlive {
  /** When the peer last sent something. */
  lastReceivedAt: number;
  private pingSentAt = -Infinity;
  private checkedAt: number;
  private readonly settings: ConnectionSettings;

  constructor(settings: ConnectionSettings, now: number) {
    this.settings = settings;
    this.lastReceivedAt = now;
    this.checkedAt = now;
  }

  /**
   * The time at which `check` has to be called next; Infinity for never. While a Ping is waited for that is sooner than
   * the peer is given up: its answer, which moves no timer, makes the next Ping due before.
   */
  get deadline(): number {
    const { keepAliveInterval } = this.settings;
    if (keepAliveInterval === 0) return Infinity;
    if (this.isWaiting) return Math.min(this.giveUpAt, this.checkedAt + keepAliveInterval);
    return this.lastReceivedAt + keepAliveInterval;
  }

  /** Tells what is due. A Ping counts as sent at `now`. */
  check(now: number): KeepAliveAction {
    if (now < this.deadline) return KeepAliveAction.None;
    this.checkedAt = now;
    if (this.isWaiting && now >= this.giveUpAt) return KeepAliveAction.GiveUp;
    if (this.isWaiting && this.giveUpAt !== Infinity) return KeepAliveAction.None;
    this.pingSentAt = now;
    return KeepAliveAction.Ping;
  }

  private get giveUpAt(): number {
    const { serverTimeout } = this.settings;
    return serverTimeout === 0 ? Infinity : this.pingSentAt + serverTimeout;
  }

  /** Whether the peer has sent nothing since it was sent a Ping. */
  private get isWaiting(): boolean {
    return this.pingSentAt > this.lastReceivedAt;
  }
}
