/**
 * Runs cases, within the namespace of tap.ts, and writes a line of JSON for each:
 * `runner.ts SUBJECT VARIANT [long] [lane=0/3] [GROUP-OR-PART-OF-A-NAME…]`. With "lane", each third case from the first on:
 * they wait most of their time, so that several runners share the cases, each in a namespace of its own.
 */

import { Bench } from "./bench.js";
import { buildDevice, findSources, missingMbedtls, missingSources, type Subject, type Variant } from "./build.js";
import { CASES, SECURED } from "./cases/all.js";
import { TAP_NETWORK } from "./tap.js";

/** What is written of a case. */
export interface Report {
  readonly group: string;
  readonly name: string;
  readonly problem?: string;
  readonly figures: Readonly<Record<string, number>>;
  readonly ms: number;
}

async function main([subject = "ours", variant = "plain", ...words]: readonly string[]): Promise<void> {
  const sources = findSources();
  if (sources === undefined) throw new Error(`missing: ${missingSources}`);
  const options = { subject: subject as Subject, variant: variant as Variant };
  const isLong = words.includes("long");
  const lane = words.find((word) => word.startsWith("lane=")) ?? "lane=0/1";
  const [own = 0, lanes = 1] = lane.slice(5).split("/").map(Number);
  const wanted = words.filter((word) => word !== "long" && word !== lane);
  let at = 0;
  for (const [group, cases] of Object.entries(CASES)) {
    const rows = cases.filter(
      ({ name }) => wanted.length === 0 || wanted.some((word) => group === word || name.includes(word)),
    );
    if (rows.length === 0) continue;
    const secured = SECURED[group];
    if (secured !== undefined && sources.mbedtls === "") {
      process.stderr.write(`left out: ${group}, without ${missingMbedtls}\n`);
      continue;
    }
    const program = await buildDevice(sources, { ...options, app: secured ?? "tests/lwip/xs" });
    for (const row of rows) {
      if (at++ % lanes !== own) continue;
      const began = performance.now();
      const { problem, figures } = await Bench.run(row, { ...options, program, network: TAP_NETWORK, isLong });
      const ms = Math.round(performance.now() - began);
      const report: Report = { group, name: row.name, ...(problem === undefined ? {} : { problem }), figures, ms };
      process.stdout.write(`${JSON.stringify(report)}\n`);
    }
  }
}

main(process.argv.slice(2)).then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  },
);
