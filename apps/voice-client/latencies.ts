/** How long things took, in milliseconds. */
export class Latencies {
  private readonly values: number[] = [];

  get count(): number {
    return this.values.length;
  }

  add(ms: number): void {
    this.values.push(ms);
  }

  /** @returns such as "p50 3 ms, p95 9 ms, max 31 ms" */
  describe(): string {
    const sorted = [...this.values].sort((one, other) => one - other);
    const at = (part: number): number => sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)] ?? 0;
    return `p50 ${at(0.5)} ms, p95 ${at(0.95)} ms, max ${at(1)} ms`;
  }
}
