/** The manifests of the Moddable SDK: mcconfig says little about a file that is not there. */

import { existsSync, readdirSync } from "node:fs";
import path from "node:path";
import ts from "typescript";
import { listFiles, listSources, NODE_APPS, PROJECT, readJson, readText } from "./sources.js";

/** The keys of a manifest, or of one of its platforms, that name files. */
interface Manifest {
  readonly include?: string | readonly string[];
  readonly modules?: Readonly<Record<string, unknown>>;
  readonly resources?: Readonly<Record<string, unknown>>;
  readonly data?: Readonly<Record<string, unknown>>;
  readonly preload?: readonly string[];
  readonly platforms?: Readonly<Record<string, Manifest>>;
}

/** Those of examples/ mean folders of other projects: tests/package builds them. */
const MANIFESTS = listFiles(".").filter(
  (name) => /(^|\/)manifest[^/]*\.json$/.test(name) && !name.startsWith("examples/"),
);

/** A manifest and those of its platforms. */
function partsOf(manifest: Manifest): Manifest[] {
  return [manifest, ...Object.values(manifest.platforms ?? {}).flatMap(partsOf)];
}

function stringsOf(value: unknown): string[] {
  if (typeof value === "string") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(stringsOf) : [];
}

/** The names of files in a manifest; those in the SDK are its own business. */
function filesIn(manifest: Manifest): string[] {
  return partsOf(manifest)
    .flatMap(({ include, modules, resources, data }) => [include, modules, resources, data].flatMap(stringsOf))
    .filter((name) => !name.includes("$("));
}

/** Whether a name means a file: mcconfig adds the ending, and "*" stands for all names. */
function isThere(manifest: string, name: string): boolean {
  const file = path.join(PROJECT, path.dirname(manifest), name);
  if (existsSync(file)) return true;
  const folder = path.dirname(file);
  const stem = path.basename(file);
  if (!existsSync(folder)) return false;
  return readdirSync(folder).some((entry) => stem === "*" || entry.startsWith(`${stem}.`));
}

/** Whether there is anything to run in a file: one of types only is erased. */
function hasCode(name: string): boolean {
  const { outputText } = ts.transpileModule(readText(name), {
    compilerOptions: { target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.ESNext, removeComments: true },
  });
  return outputText.replace("export {};", "").trim() !== "";
}

/** The modules of the library's own manifests, by the path of their source. */
function libraryModules(): Map<string, { readonly module: string; readonly isPreloaded: boolean }> {
  const found = new Map<string, { module: string; isPreloaded: boolean }>();
  for (const name of MANIFESTS.filter((manifest) => /^(manifest\.json$|modules\/|hosts\/)/.test(manifest))) {
    for (const { modules = {}, preload = [] } of partsOf(readJson(name) as Manifest)) {
      for (const [module, source] of Object.entries(modules)) {
        if (module === "*" || typeof source !== "string") continue;
        const file = `${path.posix.join(path.posix.dirname(name), source)}.ts`;
        // What is not ours, or declares types only, has no source here.
        if (existsSync(path.join(PROJECT, file))) found.set(file, { module, isPreloaded: preload.includes(module) });
      }
    }
  }
  return found;
}

/** The modules of a manifest, and of those of ours that it includes: their names, and the paths of their sources. */
function modulesOf(name: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const { include = [], modules = {} } of partsOf(readJson(name) as Manifest)) {
    for (const other of [include].flat()) {
      const file = path.posix.join(path.posix.dirname(name), other);
      if (existsSync(path.join(PROJECT, file)))
        for (const [module, source] of modulesOf(file)) found.set(module, source);
    }
    for (const [module, sources] of Object.entries(modules))
      for (const source of stringsOf(sources)) {
        const file = path.posix.join(path.posix.dirname(name), source);
        found.set(module.replace("*", path.posix.basename(file)), file);
      }
  }
  return found;
}

/** What the code of a file imports by a relative path; types are erased. */
function relativeImports(file: string): readonly string[] {
  const known = importsFound.get(file) ?? findRelativeImports(file);
  importsFound.set(file, known);
  return known;
}

const importsFound = new Map<string, readonly string[]>();

function findRelativeImports(file: string): string[] {
  const { outputText } = ts.transpileModule(readText(file), {
    compilerOptions: { target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.ESNext, verbatimModuleSyntax: true },
  });
  const names = ts.preProcessFile(outputText, true, true).importedFiles.map(({ fileName }) => fileName);
  return names.filter((specifier) => specifier.startsWith("."));
}

test.each(MANIFESTS.filter((name) => name.startsWith("tests/")))("%s has what its modules import", (name) => {
  const modules = modulesOf(name);
  const missing: string[] = [];
  for (const [module, source] of modules) {
    if (!existsSync(path.join(PROJECT, `${source}.ts`)) || module.includes("#")) continue;
    for (const specifier of relativeImports(`${source}.ts`)) {
      const wanted = path.posix.join(path.posix.dirname(module), specifier).replace(/\.js$/, "");
      if (!modules.has(wanted)) missing.push(`${module}: ${wanted}`);
    }
  }
  expect(missing).toEqual([]);
});

test.each(MANIFESTS)("%s names files that exist", (name) => {
  // What is in build/ is made by the test that uses it.
  const files = filesIn(readJson(name) as Manifest).filter(
    (file) => !path.posix.join(path.posix.dirname(name), file).startsWith("build/"),
  );
  expect(files.filter((file) => !isThere(name, file))).toEqual([]);
});

test("every module of the library has its name in a manifest, after its folder", () => {
  const modules = libraryModules();
  const nameOf = (file: string): string => file.replace(/^modules\//, "xs-websockets/").replace(/(\/index)?\.ts$/, "");
  const files = listSources("modules").filter(hasCode);
  expect(files.filter((file) => modules.get(file)?.module !== nameOf(file))).toEqual([]);
});

test("every module of the library is preloaded by name", () => {
  const late = [...libraryModules()].filter(([, { isPreloaded }]) => !isPreloaded);
  expect(late).toEqual([]);
});

test("every app has a main.ts, and a manifest.json where it runs on XS", () => {
  const apps = readdirSync(path.join(PROJECT, "apps"), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => `apps/${name}`)
    .filter((app) => app !== "apps/environment");
  const wanted = apps.flatMap((app) => [
    `${app}/main.ts`,
    ...(NODE_APPS.includes(app) ? [] : [`${app}/manifest.json`]),
  ]);
  expect(apps).toContain("apps/rgb-server");
  expect(wanted.filter((file) => !existsSync(path.join(PROJECT, file)))).toEqual([]);
});
