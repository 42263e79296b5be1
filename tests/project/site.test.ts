/** The site that `npm run docs` builds: without a warning, with every page, and with no link that leads nowhere. */

import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { listPages } from "../support/documentation.js";
import { PROJECT } from "./sources.js";
import { LONG_MS } from "../support/building.js";

let folder = "";

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), "docs-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The targets of a page's links within the site, without what follows a question mark. */
function linksOf(file: string): string[] {
  const text = readFileSync(path.join(folder, file), "utf8");
  return [...text.matchAll(/ (?:href|src)="([^"]+)"/g)]
    .map(([, target = ""]) => target)
    .filter((target) => !/^[a-z]+:/.test(target));
}

/** Whether a link of a page leads to a file, and there to an element with its name. */
function leadsSomewhere(file: string, target: string): boolean {
  const [name = "", anchor] = target.split("#");
  const found = name === "" ? path.join(folder, file) : path.join(folder, path.dirname(file), decodeURIComponent(name));
  if (!existsSync(found)) return false;
  // The page of the hierarchy makes its elements when it is read.
  if (anchor === undefined || anchor === "" || !found.endsWith(".html") || found.endsWith("hierarchy.html"))
    return true;
  return readFileSync(found, "utf8").includes(`id="${anchor}"`);
}

test(
  "npm run docs builds it without a warning, and all links within it lead somewhere",
  () => {
    const { status, stdout, stderr } = spawnSync("npm", ["run", "--silent", "docs", "--", "--out", folder], {
      cwd: PROJECT,
      encoding: "utf8",
      timeout: LONG_MS - 60_000,
    });
    expect(`${stdout}${stderr}`).not.toMatch(/warning|error/i);
    expect(status).toBe(0);
    const pages = (readdirSync(folder, { recursive: true }) as string[]).filter((name) => name.endsWith(".html"));
    const documents = new Set(pages.filter((name) => name.startsWith("documents")).map((name) => path.basename(name)));
    expect(documents.size).toBeGreaterThanOrEqual(listPages().length - 1);
    const broken = pages.flatMap((page) =>
      linksOf(page)
        .filter((target) => !leadsSomewhere(page, target))
        .map((target) => `${page}: ${target}`),
    );
    expect([...new Set(broken)].slice(0, 20)).toEqual([]);
  },
  LONG_MS,
);
