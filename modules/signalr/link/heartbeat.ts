/** Keep-alive of one connection: Pings while nothing else is sent, and a limit on the peer's silence. One timer. */

import { clearTimer, now, setTimer, type TimerHandle } from "#platform";

/** Times of a heartbeat, in milliseconds; 0: never. */
export interface HeartbeatSettings {
  /** Without anything sent for so long, a Ping is. */
  readonly keepAliveInterval: number;
  /** How long the peer may be silent. */
  readonly timeout: number;
}

/** What a heartbeat tells. */
export interface HeartbeatListener {
  /** A Ping is due. */
  pingDue(): void;
  /** The peer was silent for too long. Called once; the heartbeat has stopped. */
  peerSilent(timeout: number): void;
}

/** The heartbeat of one connection. */
export class Heartbeat {
  private readonly settings: HeartbeatSettings;
  private readonly listener: HeartbeatListener;
  private timer: TimerHandle | undefined = undefined;
  private sentAt = 0;
  private receivedAt = 0;
  private isListening = true;
  private armedFor = Infinity;

  constructor(settings: HeartbeatSettings, listener: HeartbeatListener) {
    this.settings = settings;
    this.listener = listener;
  }

  start(): void {
    this.sentAt = this.receivedAt = now();
    this.arm();
  }

  stop(): void {
    clearTimer(this.timer);
    this.timer = undefined;
  }

  /** The peer is not heard from now on, and may be as silent as it likes. The timer finds out when it rings. */
  stopListening(): void {
    this.isListening = false;
  }

  /** The peer is heard again, and has all of its time once more. */
  listen(): void {
    this.isListening = true;
    this.receivedAt = now();
    if (this.timer !== undefined && this.armedFor <= this.deadline) return;
    this.stop();
    this.arm();
  }

  /** Something was sent. The timer finds out when it rings. */
  sent(): void {
    this.sentAt = now();
  }

  /** Something came. */
  received(): void {
    this.receivedAt = now();
  }

  private arm(): void {
    const { deadline } = this;
    if (deadline === Infinity) return;
    this.armedFor = deadline;
    this.timer = setTimer(
      () => {
        this.timer = undefined;
        this.rang();
      },
      Math.max(1, Math.ceil(deadline - now())),
    );
  }

  private rang(): void {
    const time = now();
    if (time >= this.silentAt) return this.listener.peerSilent(this.settings.timeout);
    if (time >= this.pingAt) {
      this.sentAt = time;
      this.arm();
      this.listener.pingDue();
    } else this.arm();
  }

  private get deadline(): number {
    return Math.min(this.pingAt, this.silentAt);
  }

  private get pingAt(): number {
    return after(this.sentAt, this.settings.keepAliveInterval);
  }

  private get silentAt(): number {
    return this.isListening ? after(this.receivedAt, this.settings.timeout) : Infinity;
  }
}

function after(time: number, delayMs: number): number {
  return delayMs === 0 ? Infinity : time + delayMs;
}
