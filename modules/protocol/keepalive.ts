/** When to ping, and when a peer that does not answer is given up (RFC 6455, 5.5.2). */

import type { ConnectionSettings } from "../common/options.js";

/** What is due. */
export const KeepAliveAction = Object.freeze({ None: 0, Ping: 1, GiveUp: 2 } as const);
export type KeepAliveAction = (typeof KeepAliveAction)[keyof typeof KeepAliveAction];

/**
 * The keep-alive of one connection. Any byte from the peer shows that it lives, not only a Pong;
 * so does one of ours that could leave, since the Ping may wait behind it.
 */
export class KeepAlive {
  /** When the peer last sent something, or took something that had waited. */
  lastSignAt: number;
  private pingSentAt = -Infinity;

  constructor(now: number) {
    this.lastSignAt = now;
  }

  /**
   * The time after `now` at which `check` has to be called next; Infinity for never. While a Ping is waited for that is
   * sooner than the peer is given up: its answer, which moves no timer, makes the next Ping due before.
   */
  deadline(now: number, { keepAliveInterval, serverTimeout }: ConnectionSettings): number {
    if (keepAliveInterval === 0) return Infinity;
    if (!this.isWaiting) return this.lastSignAt + keepAliveInterval;
    if (serverTimeout === 0) return this.pingSentAt + keepAliveInterval;
    const intervals = Math.floor((now - this.pingSentAt) / keepAliveInterval) + 1;
    return this.pingSentAt + Math.min(serverTimeout, intervals * keepAliveInterval);
  }

  /** Tells what is due. A Ping counts as sent at `now`. */
  check(now: number, settings: ConnectionSettings): KeepAliveAction {
    if (now < this.deadline(now, settings)) return KeepAliveAction.None;
    if (this.isWaiting && settings.serverTimeout !== 0) return KeepAliveAction.GiveUp;
    this.pingSentAt = now;
    return KeepAliveAction.Ping;
  }

  /** Whether the peer gave no sign of life since it was sent a Ping. */
  private get isWaiting(): boolean {
    return this.pingSentAt > this.lastSignAt;
  }
}
