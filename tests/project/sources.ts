/** The project's own files, for the tests that read them. Paths are relative to the project, with "/". */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import ts from "typescript";

/** The folder of package.json. */
export const PROJECT = path.join(__dirname, "..", "..");

/** Apps for Node.js only, with what hinders the others: they have no manifest and may use Node.js and its packages. */
export const NODE_APPS: readonly string[] = [
  // Makes certificates, by a package of Node.js.
  "apps/tls-echo",
];

const FOREIGN = new Set(["node_modules", ".git", "dist", "build", "coverage"]);

/** All files in a folder and below it, sorted. */
export function listFiles(folder: string): string[] {
  if (!existsSync(path.join(PROJECT, folder))) return [];
  return readdirSync(path.join(PROJECT, folder), { withFileTypes: true })
    .filter((entry) => !FOREIGN.has(entry.name))
    .flatMap((entry) => {
      const name = path.posix.join(folder, entry.name);
      return entry.isDirectory() ? listFiles(name) : [name];
    })
    .sort();
}

/** The TypeScript files in a folder and below it, declarations included. */
export function listSources(folder: string): string[] {
  return listFiles(folder).filter((name) => name.endsWith(".ts"));
}

export function readText(name: string): string {
  return readFileSync(path.join(PROJECT, name), "utf8");
}

export function readJson(name: string): unknown {
  return JSON.parse(readText(name));
}

/** What a file imports, for types too, as it is written there. */
export function importsOf(name: string): string[] {
  return ts.preProcessFile(readText(name), true, true).importedFiles.map(({ fileName }) => fileName);
}

/** The path that a relative import means, without its ending. */
export function resolveImport(from: string, specifier: string): string {
  return path.posix.join(path.posix.dirname(from), specifier).replace(/\.js$/, "");
}

/** The syntax tree of a file. */
export function parse(name: string): ts.SourceFile {
  return ts.createSourceFile(name, readText(name), ts.ScriptTarget.Latest, true);
}
