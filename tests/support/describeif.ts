/**
 * `describe` for tests that need something optional. Where it is missing they are skipped, and the log and the names of
 * the skipped tests say why.
 *
 * @param condition whether it is there
 * @param whatIsMissing what it is, for the log
 */
export function describeIf(condition: boolean, whatIsMissing: string, name: string, tests: () => void): void {
  if (condition) {
    describe(name, tests);
    return;
  }
  console.warn(`SKIPPED: ${name}. Missing: ${whatIsMissing}.`);
  // The only place that skips: what is missing is said above and in the name.
  describe.skip(`${name} [missing: ${whatIsMissing}]`, tests);
}
