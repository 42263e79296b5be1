/** What holds for every source file. */

import { listFiles, readText } from "./sources.js";

const SOURCES = listFiles(".").filter((name) => /\.(ts|js|mjs|c|h|py|sh|html)$/.test(name));

test("no source file has more than 400 lines", () => {
  const long = SOURCES.filter((name) => readText(name).trimEnd().split("\n").length > 400);
  expect(long).toEqual([]);
});
