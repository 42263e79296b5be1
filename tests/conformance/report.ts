/** The table of results, for the terminal and for tests/conformance/results.md. */

import type { Result } from "./script.js";

/** The results of a role on a host. */
export interface Combination {
  /** "server on Node.js". */
  readonly name: string;
  readonly results: readonly Result[];
}

/** Names of groups in the order in which a connection lives. */
const GROUPS = [
  "handshake: valid",
  "handshake: hostile",
  "loss at every byte of the handshake",
  "framing: sizes",
  "framing: chunks",
  "ping and pong",
  "reserved bits and opcodes",
  "masks and lengths",
  "fragmentation",
  "fragments one by one",
  "UTF-8: valid",
  "UTF-8: invalid, fail fast",
  "close: codes and reasons",
  "close: races",
  "limits from the header alone",
  "loss at every byte of a message",
  "permessage-deflate: declined",
  "permessage-deflate: negotiation",
  "permessage-deflate: frames and blocks",
  "permessage-deflate: limits and bombs",
  "permessage-deflate: sizes and fragments",
  "permessage-deflate: all parameters",
  "permessage-deflate: ws as the peer",
] as const;

/** Results by group as a table of Markdown: passed / all. */
export function formatTable(combinations: readonly Combination[]): string {
  const header = ["group", ...combinations.map(({ name }) => name)];
  const rows = GROUPS.map((group) => [
    group,
    ...combinations.map(({ results }) => score(results.filter((result) => result.case.group === group))),
  ]);
  const all = ["all", ...combinations.map(({ results }) => score(results))];
  const table = [header, ...rows, all];
  const widths = header.map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0), 3));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`;
  const rule = `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`;
  return [line(header), rule, ...rows.map(line), line(all)].join("\n");
}

/** Cases that failed, each in a line. */
export function formatProblems({ name, results }: Combination): string[] {
  return results.flatMap(({ case: row, problem }) =>
    problem === undefined ? [] : [`${name}: ${row.group}: ${row.name}: ${problem}`],
  );
}

function score(results: readonly Result[]): string {
  if (results.length === 0) return "";
  const passed = results.filter(({ problem }) => problem === undefined).length;
  return `${passed} / ${results.length}`;
}
