/** Chance that can be repeated: the same seed gives the same values on every machine. */

/** A generator of 32 bits of state (mulberry32). */
export class Random {
  private state: number;

  constructor(seed: number) {
    this.state = seed >>> 0;
  }

  /** An integer from 0 to `limit` - 1. */
  below(limit: number): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let value = this.state;
    value = Math.imul(value ^ (value >>> 15), value | 1);
    value ^= value + Math.imul(value ^ (value >>> 7), value | 61);
    return Math.floor((((value ^ (value >>> 14)) >>> 0) / 0x1_0000_0000) * limit);
  }

  /** One of several. */
  pick<T>(values: readonly T[]): T {
    return values[this.below(values.length)] as T;
  }

  /** True once in so many times. */
  isOnceIn(times: number): boolean {
    return this.below(times) === 0;
  }

  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.below(256));
  }
}

/** The same each time: what is tested of a change is not chance. Other seeds are for runs by hand. */
const SEED = 1;

/** The seed and the number of bytes of a run: FUZZ_SEED and FUZZ_BYTES of the environment, else one seed and `bytes`. */
export function fuzzSettings(bytes: number): { readonly seed: number; readonly bytes: number } {
  const { FUZZ_SEED, FUZZ_BYTES } = process.env;
  return {
    seed: Number(FUZZ_SEED ?? SEED),
    bytes: Number(FUZZ_BYTES ?? bytes),
  };
}
