import { Backoff } from "../../modules/backoff.js";
import { OptionError } from "../../modules/common/errors.js";

function delaysOf(backoff: Backoff, count: number): number[] {
  return Array.from({ length: count }, () => backoff.next());
}

describe("Backoff", () => {
  test("grows to its largest delay, and stays there", () => {
    const backoff = new Backoff({ initialMs: 100, maxMs: 1_000, factor: 3, jitter: 0 });
    expect(delaysOf(backoff, 6)).toEqual([100, 300, 900, 1_000, 1_000, 1_000]);
  });

  test("begins anew after a success", () => {
    const backoff = new Backoff({ initialMs: 10, jitter: 0 });
    expect(delaysOf(backoff, 3)).toEqual([10, 20, 40]);
    backoff.reset();
    expect(delaysOf(backoff, 2)).toEqual([10, 20]);
  });

  test("has defaults: half a second to half a minute", () => {
    const delays = delaysOf(new Backoff(), 10);
    expect(delays[0]).toBeGreaterThanOrEqual(350);
    expect(delays[0]).toBeLessThanOrEqual(500);
    expect(delays[9]).toBeGreaterThanOrEqual(21_000);
    expect(delays[9]).toBeLessThanOrEqual(30_000);
  });

  test("leaves a part of the delay to chance", () => {
    const delays = Array.from({ length: 200 }, () => new Backoff({ initialMs: 1_000, jitter: 0.5 }).next());
    expect(Math.min(...delays)).toBeGreaterThanOrEqual(500);
    expect(Math.max(...delays)).toBeLessThanOrEqual(1_000);
    expect(new Set(delays).size).toBeGreaterThan(20);
  });

  test("does not let chance slow its growth", () => {
    const backoff = new Backoff({ initialMs: 1, maxMs: 64, jitter: 1 });
    delaysOf(backoff, 6);
    const delays = delaysOf(backoff, 200);
    expect(Math.max(...delays)).toBeGreaterThan(48);
  });

  test("may stay as it is", () => {
    expect(delaysOf(new Backoff({ initialMs: 5, maxMs: 5, factor: 1, jitter: 0 }), 3)).toEqual([5, 5, 5]);
  });

  test.each([
    [{ initialMs: 0 }, /initialMs/],
    [{ initialMs: 1.5 }, /initialMs/],
    [{ initialMs: -1 }, /initialMs/],
    [{ initialMs: 10, maxMs: 9 }, /maxMs/],
    [{ maxMs: Infinity }, /maxMs/],
    [{ factor: 0.9 }, /factor/],
    [{ factor: NaN }, /factor/],
    [{ jitter: -0.1 }, /jitter/],
    [{ jitter: 1.1 }, /jitter/],
    [{ jitter: NaN }, /jitter/],
  ])("with %j throws", (options, message) => {
    expect(() => new Backoff(options)).toThrow(OptionError);
    expect(() => new Backoff(options)).toThrow(message);
  });
});
