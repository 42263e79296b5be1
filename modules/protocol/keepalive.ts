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
  private readonly settings: ConnectionSettings;

  constructor(settings: ConnectionSettings, now: number) {
    this.settings = settings;
    this.lastReceivedAt = now;
  }

  /** The time at which `check` has to be called next; Infinity for never. */
  get deadline(): number {
    const { keepAliveInterval, serverTimeout } = this.settings;
    if (this.isWaiting && serverTimeout !== 0) return this.pingSentAt + serverTimeout;
    if (keepAliveInterval === 0) return Infinity;
    return Math.max(this.pingSentAt, this.lastReceivedAt) + keepAliveInterval;
  }

  /** Tells what is due. A Ping counts as sent at `now`. */
  check(now: number): KeepAliveAction {
    if (now < this.deadline) return KeepAliveAction.None;
    if (this.isWaiting && this.settings.serverTimeout !== 0) return KeepAliveAction.GiveUp;
    this.pingSentAt = now;
    return KeepAliveAction.Ping;
  }

  /** Whether the peer has sent nothing since it was sent a Ping. */
  private get isWaiting(): boolean {
    return this.pingSentAt > this.lastReceivedAt;
  }
}
