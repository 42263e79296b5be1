/** 1,000 calls and 100 reconnects leave heap and timers where they were. */

import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";

test("of a HubConnection and a HubServer", async () => {
  const parameters = ["--expose-gc", "--import", "tsx", path.join(__dirname, "leaks.ts")];
  const { stdout } = await promisify(execFile)(process.execPath, parameters, { cwd: path.join(__dirname, "..", "..") });
  const left = JSON.parse(stdout) as { grownBytes: number };
  expect(left).toMatchObject({ grownTimers: 0, clients: 1, timersAtTheEnd: 0 });
  // 100 connections that are kept would be 300 KB.
  expect(left.grownBytes).toBeLessThan(100_000);
});
