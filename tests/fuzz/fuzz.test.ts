/** Mutated streams in memory: nothing throws, memory is bounded, and chunks make no difference. FUZZ_SEED repeats a run. */

import { Role } from "../../modules/common/constants.js";
import { hexOf } from "../support/vectors.js";
import { fuzzSettings, Random } from "./random.js";
import { chunksOf, randomHead, randomStream } from "./streams.js";
import { MAX_ALLOCATION, readAnswer, readFrames, readRequest } from "./targets.js";
import { LONG_MS } from "../support/building.js";

const { seed, bytes: wantedBytes } = fuzzSettings(10_000_000);

interface Target {
  readonly name: string;
  /** The part of all bytes that it gets. */
  readonly share: number;
  make(random: Random): Uint8Array;
  read(chunks: readonly Uint8Array[]): string;
}

const TARGETS: readonly Target[] = [
  ...[Role.Server, Role.Client].flatMap((role) =>
    [false, true].map((deliverFragments): Target => ({
      name: `frames read by a ${role === Role.Server ? "server" : "client"}${deliverFragments ? " that delivers fragments" : ""}`,
      share: deliverFragments ? 0.1 : 0.3,
      make: (random) => randomStream(random, role === Role.Server),
      read: (chunks) => readFrames(role, deliverFragments, chunks),
    })),
  ),
  { name: "requests", share: 0.1, make: (random) => randomHead(random, false), read: readRequest },
  { name: "answers", share: 0.1, make: (random) => randomHead(random, true), read: readAnswer },
];

/** Runs one stream whole and twice in chunks. @returns its length */
function runOnce(target: Target, own: number): number {
  const random = new Random(own);
  const bytes = target.make(random);
  let problem: string | undefined;
  try {
    const whole = target.read([bytes.slice()]);
    for (let turn = 0; turn < 2; turn++) {
      const parted = target.read(chunksOf(random, bytes));
      if (parted !== whole) problem = `chunks change what comes of it:\n${whole}\n${parted}`;
    }
  } catch (error) {
    problem = error instanceof Error ? (error.stack ?? error.message) : String(error);
  }
  if (problem !== undefined) throw new Error(`FUZZ_SEED=${seed}, stream ${own}: ${hexOf(bytes)}\n${problem}`);
  return bytes.length;
}

test.each(TARGETS)(
  "$name: never throws, and tells the same in all chunks",
  (target) => {
    const seeds = new Random(seed);
    for (let done = 0; done < wantedBytes * target.share;) done += runOnce(target, seeds.below(0x1_0000_0000)) + 1;
  },
  LONG_MS,
);

describe("memory", () => {
  const original = Uint8Array;
  const allocUnsafe = Buffer.allocUnsafe.bind(Buffer);
  let largest = 0;

  beforeAll(() => {
    globalThis.Uint8Array = new Proxy(original, {
      construct(target, parameters: unknown[], newTarget) {
        const [length] = parameters;
        if (typeof length === "number") largest = Math.max(largest, length);
        return Reflect.construct(target, parameters, newTarget) as object;
      },
    });
  });

  beforeAll(() => {
    Buffer.allocUnsafe = (length) => {
      largest = Math.max(largest, length);
      return allocUnsafe(length);
    };
  });

  afterAll(() => {
    Buffer.allocUnsafe = allocUnsafe;
    globalThis.Uint8Array = original;
  });

  test.each(TARGETS)("$name: no buffer is larger than the limits allow", (target) => {
    const seeds = new Random(seed + 1);
    let seen = 0;
    for (let done = 0; done < 100_000;) {
      const random = new Random(seeds.below(0x1_0000_0000));
      const bytes = target.make(random);
      const chunks = chunksOf(random, bytes);
      largest = 0;
      target.read(chunks);
      // The recorder joins what was sent, which is less than what came.
      const allowed = MAX_ALLOCATION + bytes.length * 2;
      if (largest > allowed) throw new Error(`FUZZ_SEED=${seed}: a buffer of ${largest} bytes for ${hexOf(bytes)}`);
      seen = Math.max(seen, largest);
      done += bytes.length + 1;
    }
    // Otherwise nothing was looked at.
    expect(seen).toBeGreaterThan(0);
  });
});
