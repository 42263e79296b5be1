/** The manifests of the programs that run tests on XS: a module that one of them lacks ends the program without a word. */

import path from "node:path";
import ts from "typescript";
import { listFiles, parse, readJson } from "./sources.js";

interface Manifest {
  readonly include?: string | readonly string[];
  readonly modules?: Readonly<Record<string, string | readonly string[]>>;
}

const manifests = listFiles("tests").filter((name) => path.basename(name) === "manifest.json");
/** What a file imports when it runs: with verbatimModuleSyntax all but "import type". */
function runtimeImportsOf(name: string): string[] {
  return parse(name).statements.flatMap((statement) => {
    const isType = ts.isImportDeclaration(statement)
      ? statement.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword
      : ts.isExportDeclaration(statement) && statement.isTypeOnly;
    const isImport = ts.isImportDeclaration(statement) || ts.isExportDeclaration(statement);
    if (!isImport || isType || statement.moduleSpecifier === undefined) return [];
    return ts.isStringLiteral(statement.moduleSpecifier) ? [statement.moduleSpecifier.text] : [];
  });
}

const sourceOf = (file: string): string => `${file}.ts`;

/** The modules that a manifest and those that it includes name, with their files. The SDK's own are left out. */
function modulesOf(manifest: string): ReadonlyMap<string, string> {
  const { include = [], modules = {} } = readJson(manifest) as Manifest;
  const isOurs = (name: string): boolean => !name.includes("$(");
  const resolve = (name: string): string => path.posix.join(path.posix.dirname(manifest), name);
  return new Map([
    ...[include]
      .flat()
      .filter(isOurs)
      .flatMap((name) => [...modulesOf(resolve(name))]),
    ...Object.entries(modules).flatMap(([name, files]) =>
      [files]
        .flat()
        .filter(isOurs)
        .map((file) => [name, resolve(file)] as const),
    ),
  ]);
}

test.each(manifests)("%s has all that its modules in tests/ import by a path", (manifest) => {
  const modules = modulesOf(manifest);
  const missing: string[] = [];
  for (const [name, file] of modules) {
    if (!file.startsWith("tests/") || !listFiles(path.posix.dirname(file)).includes(sourceOf(file))) continue;
    for (const specifier of runtimeImportsOf(sourceOf(file))) {
      if (!specifier.startsWith(".")) continue;
      const wanted = path.posix.join(path.posix.dirname(name), specifier).replace(/\.js$/, "");
      if (!modules.has(wanted)) missing.push(`${name} imports ${wanted}`);
    }
  }
  expect(missing).toEqual([]);
});
