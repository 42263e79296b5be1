/** npm run conformance: runs all cases on all hosts that are here, prints the table, and writes results.md. */

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { missingSdkMessage } from "../../scripts/sdk.js";
import { findSimulatorSdk } from "../support/simulator.js";
import { clientOnNode, clientOnXs, describeEngines, serverOnNode, serverOnXs } from "./hosts.js";
import { type Combination, formatProblems, formatTable } from "./report.js";

const sdk = findSimulatorSdk();
const combinations: Combination[] = [];
const KINDS = ["server", "client", "xs-server", "xs-client"];
const kinds = process.argv.slice(2);
const unknown = kinds.find((kind) => !KINDS.includes(kind));
if (unknown !== undefined) {
  process.stderr.write(`There is no "${unknown}". What can be run alone: ${KINDS.join(", ")}.\n`);
  process.exit(1);
}
const run = async (name: string, start: () => Promise<Combination>): Promise<void> => {
  if (kinds.length > 0 && !kinds.includes(name)) return;
  const began = performance.now();
  const combination = await start();
  combinations.push(combination);
  process.stdout.write(`${combination.name}: ${((performance.now() - began) / 1_000).toFixed(1)} s\n`);
  for (const problem of formatProblems(combination)) process.stdout.write(`  FAILED ${problem}\n`);
};

await run("server", serverOnNode);
await run("client", clientOnNode);
if (sdk === undefined) process.stderr.write(missingSdkMessage);
else {
  await run("xs-server", () => serverOnXs(sdk));
  await run("xs-client", () => clientOnXs(sdk));
}
const table = formatTable(combinations);
process.stdout.write(`\n${table}\n`);
if (kinds.length === 0 && sdk !== undefined) {
  const file = path.join("tests", "conformance", "results.md");
  // What stands behind the table is written by hand.
  const [, ...others] = existsSync(file) ? readFileSync(file, "utf8").split(/^(?=## )/m) : [];
  writeFileSync(
    file,
    `# Conformance\n\n${describeEngines(sdk)}.\n\nCases that passed, of all cases. \`npm run conformance\` writes this table.\n\n${[`${table}\n`, ...others].join("\n")}`,
  );
}
process.exitCode = combinations.flatMap(formatProblems).length === 0 ? 0 : 1;
