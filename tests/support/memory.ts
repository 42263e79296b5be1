/** What an app on XS holds. Runs on XS too. */
export interface Memory {
  /** Bytes of slots that are reachable. */
  readonly slots: number;
  /** Bytes of chunks that are reachable. */
  readonly chunks: number;
  /** Names of properties, which XS keeps for as long as the program runs. */
  readonly keys: number;
  /** Timers; in the simulator each socket has one. */
  readonly timers: number;
}
