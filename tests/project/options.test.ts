/** The defaults in the comments of options, and the tables of the documentation, are what the code says. */

import { spawnSync } from "node:child_process";
import { PROJECT } from "./sources.js";

test("npm run options has nothing to write", () => {
  const command = ["--import", "tsx", "scripts/options.ts", "--check"];
  const { status, stderr } = spawnSync(process.execPath, command, { cwd: PROJECT, encoding: "utf8" });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
});
