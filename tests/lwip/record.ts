/** The record of a run: which cases passed on which variant, and what was measured. */

import path from "node:path";

import type { Variant } from "./build.js";
import type { Report } from "./runner.js";

export interface VariantReports {
  readonly variant: Variant;
  readonly reports: readonly Report[];
}

/** @returns the text of results.md */
export function formatRecord(lwip: string, runs: readonly VariantReports[]): string {
  const [first] = runs;
  const head = ["case", ...runs.map(({ variant }) => variant), "figures"];
  const rows = (first?.reports ?? []).map((report) => {
    const same = runs.map(({ reports }) => reports.find(({ name }) => name === report.name));
    return [
      `${report.group}: ${report.name}`,
      ...same.map((each) => (each === undefined ? "" : each.problem === undefined ? `${each.ms} ms` : "FAILED")),
      runs.flatMap(({ variant }, index) => describeFigures(variant, same[index])).join("; "),
    ];
  });
  const table = [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`);
  return `# The ESP32's sockets on lwIP

${path.basename(lwip)}, Node.js ${process.versions.node} as the peer. \`npm run lwip -- record …\` writes this table of the cases and variants that it
runs. Bytes of heap are those of lwIP and of the sockets, beyond what was there at the start of the case; those of \`bits32\`
are the ESP32's.

${table.join("\n")}
`;
}

function describeFigures(variant: Variant, report: Report | undefined): string[] {
  const figures = Object.entries(report?.figures ?? {}).map(([name, value]) => `${name} ${value}`);
  return figures.length === 0 ? [] : [`${variant}: ${figures.join(", ")}`];
}
