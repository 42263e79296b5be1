/**
 * builddotnet.js PROJECT OUT STAMP SOURCES: builds a .NET project, and writes into the file STAMP what it was built from.
 * Where that is there already nothing is done: whoever has waited for another who built it writes nothing that is running.
 */

import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";

const [project, output, stamp, sources] = process.argv.slice(2);
if (existsSync(stamp) && readFileSync(stamp, "utf8") === sources) process.exit(0);
const { status } = spawnSync("dotnet", ["build", project, "-o", output, "-v", "quiet"], { stdio: "inherit" });
if (status === 0) writeFileSync(stamp, sources);
process.exit(status ?? 1);
