/** What an app on XS holds. Runs on XS too. */
export interface Memory {
  /** Bytes of slots that are reachable. */
  readonly slots: number;
  /** Bytes of chunks that are reachable. */
  readonly chunks: number;
  /** Timers; in the simulator each socket has one. */
  readonly timers: number;
}
