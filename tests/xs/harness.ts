import type { Tests } from "../support/assertions.js";

/** Runs tests one after another and traces a line for each; tests/contract/simulator.test.ts reads them. */
export async function runTests(tests: Tests): Promise<void> {
  let passed = 0;
  let failed = 0;
  for (const [name, test] of Object.entries(tests)) {
    try {
      await test();
      passed += 1;
      trace(`ok ${name}\n`);
    } catch (error) {
      failed += 1;
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      trace(`not ok ${name}: ${text.split("\n").join(" | ")}\n`);
    }
  }
  trace(`done ${passed.toString()} passed, ${failed.toString()} failed\n`);
}
