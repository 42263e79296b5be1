/** Links between the pages of the documentation lead somewhere. Nothing is fetched: links to the web are not followed. */

import { existsSync } from "node:fs";
import path from "node:path";
import { listPages } from "../support/documentation.js";
import { PROJECT, readText } from "./sources.js";

/** A page without its code, in which nothing is a link or a heading. */
function prose(page: string): string {
  return readText(page)
    .replace(/^```.*?^```$/gms, "")
    .replace(/`[^`\n]*`/g, (code) => code.replaceAll("[", "(").replaceAll("#", " "));
}

/** The names by which GitHub and our site refer to the headings of a page. */
function anchorsOf(page: string): Set<string> {
  const anchors = new Set<string>();
  for (const [, title = ""] of prose(page).matchAll(/^#+ (.*)$/gm)) {
    const text = title.replace(/\[([^\]]*)\]\([^)]*\)/g, "$1").toLowerCase();
    const name = text.replace(/[^\p{L}\p{N}\s_-]/gu, "").replaceAll(" ", "-");
    for (let count = 0, anchor = name; ; anchor = `${name}-${++count}`) {
      if (anchors.has(anchor)) continue;
      anchors.add(anchor);
      break;
    }
  }
  return anchors;
}

/** What is wrong with a link; undefined where nothing is. */
function problemOf(page: string, target: string): string | undefined {
  const [file = "", anchor] = target.split("#");
  const name = file === "" ? page : path.posix.join(path.posix.dirname(page), file);
  if (!existsSync(path.join(PROJECT, name))) return `${target}: there is no ${name}`;
  if (anchor === undefined || !name.endsWith(".md")) return undefined;
  return anchorsOf(name).has(anchor) ? undefined : `${target}: ${name} has no heading "${anchor}"`;
}

/** Pages link to each other, and to the files of the project that they speak of. */
const PAGES = [...listPages(), "tests/conformance/results.md"];

test.each(PAGES)("the links of %s", (page) => {
  const targets = [...prose(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = ""]) => target);
  const own = targets.filter((target) => !/^[a-z]+:/.test(target));
  expect(own.map((target) => problemOf(page, target)).filter((problem) => problem !== undefined)).toEqual([]);
});

test("a link that leads nowhere is found", () => {
  expect(problemOf("README.md", "docs/nothing.md")).toBe("docs/nothing.md: there is no docs/nothing.md");
  expect(problemOf("docs/guide.md", "errors.md#nothing")).toBe(
    'errors.md#nothing: docs/errors.md has no heading "nothing"',
  );
});

test("every page of the documentation can be reached from README.md", () => {
  const reached = new Set(["README.md"]);
  for (const page of reached)
    for (const [, target = ""] of prose(page).matchAll(/\]\(([^)\s#]+\.md)/g))
      if (!/^[a-z]+:/.test(target)) reached.add(path.posix.join(path.posix.dirname(page), target));
  expect(listPages().filter((page) => !reached.has(page))).toEqual([]);
});
