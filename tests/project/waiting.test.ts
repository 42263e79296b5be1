/** How tests wait: for a condition, or, where time is what is tested, by `letTimePass`; nobody has a delay or a limit of his own. */

import { listFiles, readText } from "./sources.js";

const FORBIDDEN: readonly (readonly [pattern: RegExp, instead: string])[] = [
  [/\bdelay\(|[sS]leep\(|timers\/promises|\bwaitForTimeout\(|\bTimer\.delay\(/, "eventually, or letTimePass"],
  [/\b(?:while|for) \(.*\) await letTimePass\(/, "eventually"],
  [/(?<! = )\b(?:setTimeout|setTimer|Timer\.set)\(\s*resolve\b/, "eventually, or letTimePass"],
  // What is not cleared acts later: that is a delay.
  [/(?<!= |\.)\bsetTimeout\(/, "letTimePass(…).then(…); for a limit, keep the timer and clear it, or use within"],
];

/** The helpers; what has the name of a global for libraries and samples; what runs within a page. */
const OTHERS =
  /^tests\/(?:support\/|libraries\/xs\/globals|apps\/xs\/|signalr\/(?:browsersuite|docs\.test))|waiting\.test/;

const files = listFiles("tests").filter((file) => file.endsWith(".ts") && !OTHERS.test(file));

test("there are files to look at", () => {
  expect(files.length).toBeGreaterThan(200);
});

test("no test and no hook has a time limit of its own: it is Jest's, or LONG_MS", () => {
  const limit = /^ *\}, \d[\d_]*\d{3}\);$|^ +\d[\d_]*\d{3},\n *\);$/gm;
  const found = files
    .filter((file) => file.endsWith(".test.ts"))
    .flatMap((file) => [...readText(file).matchAll(limit)].map(([text]) => `${file}: ${text.trim()}`));
  expect(found).toEqual([]);
});

test("no fixed delay in the place of a condition", () => {
  const found: string[] = [];
  for (const file of files)
    for (const [at, line] of readText(file).split("\n").entries())
      for (const [pattern, instead] of FORBIDDEN)
        if (pattern.test(line)) found.push(`${file}:${at + 1}: ${line.trim()}: use ${instead}`);
  expect(found).toEqual([]);
});
