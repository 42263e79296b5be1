/**
 * Writes the manifests of modules/: mcconfig wants every TypeScript module by name, in `modules` and in `preload`. And the
 * version into that of the samples.
 * With --check it writes nothing and fails where a manifest is not what the imports say.
 */

import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { readCommandLine, runScript } from "./commandline.js";

interface Part {
  /** The file in modules/ is manifest_NAME.json. */
  readonly name: string;
  /** The part whose modules this one needs, too. */
  readonly base: string | undefined;
  /** The public modules of the part, relative to modules/. */
  readonly roots: readonly string[];
  /** The manifest in hosts/moddable/ of what this part alone needs of the host. */
  readonly host?: string;
}

/** The part that holds what server and client share. */
const sharedPart = "protocol";

const parts: readonly Part[] = [
  { name: "server", base: sharedPart, roots: ["server", "http"] },
  { name: "upgrade", base: "server", roots: ["upgrade"] },
  { name: "client", base: sharedPart, roots: ["client", "backoff", "reconnecting"] },
  { name: "messages", base: sharedPart, roots: ["messages"] },
  { name: "whatwg", base: "client", roots: ["whatwg"], host: "manifest_dom.json" },
  { name: "mqtt", base: "client", roots: ["mqtt"] },
  { name: "sdk_client", base: "client", roots: ["sdk/client"] },
  { name: "sdk_server", base: "server", roots: ["sdk/server"] },
  { name: "sdk_ecma419", base: "client", roots: ["sdk/ecma419"] },
  { name: "signalr_client", base: "client", roots: ["signalr/client"] },
  { name: "signalr_server", base: "server", roots: ["signalr/server"] },
];

/** The modules that `module` imports at run time, by names relative to modules/. */
function importsOf(folder: string, module: string): string[] {
  const source = readFileSync(path.join(folder, `${module}.ts`), "utf8");
  const statements = source.matchAll(/^(?:import|export)\s(?!type\b)[^;]*?from\s+"(\.[^"]*)";/gm);
  const names: string[] = [];
  for (const [, specifier] of statements) {
    if (specifier === undefined) continue;
    names.push(path.posix.join(path.posix.dirname(module), specifier.replace(/\.js$/, "")));
  }
  return names;
}

function closureOf(folder: string, roots: readonly string[]): Set<string> {
  const found = new Set<string>();
  const visit = (module: string): void => {
    if (found.has(module) || !existsSync(path.join(folder, `${module}.ts`))) return;
    found.add(module);
    importsOf(folder, module).forEach(visit);
  };
  roots.forEach(visit);
  return found;
}

function textOf(manifest: unknown): string {
  return `${JSON.stringify(manifest, undefined, 2)}\n`;
}

function manifestOf(include: readonly string[], modules: readonly string[]): string {
  const names = modules.map((module) => `xs-websockets/${module}`);
  const sources = modules.map((module) => `./${module}`);
  return textOf({
    include,
    modules: Object.fromEntries(names.map((name, index) => [name, sources[index]])),
    preload: names,
  });
}

function basesOf(name: string | undefined): string[] {
  if (name === undefined) return [];
  return [name, ...basesOf(parts.find((part) => part.name === name)?.base)];
}

/** The modules of each part, without those of its bases. */
function modulesOfParts(folder: string): Map<string, string[]> {
  const closures = new Map(parts.map(({ name, roots }) => [name, closureOf(folder, roots)]));
  const closure = (name: string): ReadonlySet<string> => closures.get(name) ?? new Set();
  const [server, client] = [closure("server"), closure("client")];
  // Until there is a client, all of protocol/ is shared.
  const isShared = (module: string): boolean => (client.size > 0 ? client.has(module) : module.startsWith("protocol/"));
  closures.set(sharedPart, new Set([...server].filter(isShared)));

  const modules = new Map([[sharedPart, [...closure(sharedPart)].sort()]]);
  for (const { name, base } of parts) {
    const isInherited = (module: string): boolean => basesOf(base).some((part) => closure(part).has(module));
    const own = [...closure(name)].filter((module) => !isInherited(module)).sort();
    if (own.length > 0) modules.set(name, own);
  }
  return modules;
}

/** Where a sample on XS finds which version it is: in "mc/config". */
function versionManifest(project: string): [name: string, text: string] {
  const name = "apps/environment/manifest.json";
  const read = (file: string): Record<string, unknown> =>
    JSON.parse(readFileSync(path.join(project, file), "utf8")) as Record<string, unknown>;
  const manifest = read(name);
  const config = { ...(manifest["config"] as object | undefined), version: read("package.json")["version"] };
  return [name, textOf({ ...manifest, config })];
}

/** @returns the text of each manifest, by its path in the project's folder */
export function createManifests(project: string): Map<string, string> {
  const manifests = new Map<string, string>();
  for (const [name, modules] of modulesOfParts(path.join(project, "modules"))) {
    const { base, host } = parts.find((part) => part.name === name) ?? { base: undefined, host: "manifest.json" };
    const include = base === undefined ? [] : [`./manifest_${base}.json`];
    if (host !== undefined) include.push(`../hosts/moddable/${host}`);
    manifests.set(`modules/manifest_${name}.json`, manifestOf(include, modules));
  }
  const all = {
    include: [...manifests.keys()].map((name) => `./${name}`),
    modules: { "xs-websockets": "./modules/index" },
    preload: ["xs-websockets"],
  };
  manifests.set("manifest.json", textOf(all));
  manifests.set(...versionManifest(project));
  return manifests;
}

/** @returns the manifests whose file differs from what the imports say */
export function findStaleManifests(project: string): string[] {
  const manifests = createManifests(project);
  const present = readdirSync(path.join(project, "modules"))
    .filter((name) => /^manifest_.*\.json$/.test(name))
    .map((name) => `modules/${name}`);
  const read = (name: string): string | undefined => {
    const file = path.join(project, name);
    // A formatter may have had its own view of white space.
    return existsSync(file) ? textOf(JSON.parse(readFileSync(file, "utf8"))) : undefined;
  };
  return [...new Set([...manifests.keys(), ...present])].filter((name) => read(name) !== manifests.get(name));
}

/** A text as the project's formatter has it in a file. */
async function formatAs(file: string, text: string): Promise<string> {
  // Jest, which reads this file too, does not load the formatter.
  const { format, resolveConfig } = await import("prettier");
  return format(text, { ...(await resolveConfig(file)), filepath: file });
}

async function main(): Promise<number> {
  const project = process.cwd();
  const { flags } = readCommandLine(process.argv.slice(2), ["check"]);
  if (flags.has("check")) {
    const stale = findStaleManifests(project);
    if (stale.length > 0) {
      process.stderr.write(`stale manifests: ${stale.join(", ")}; run npm run manifests\n`);
    }
    return stale.length > 0 ? 1 : 0;
  }
  const manifests = createManifests(project);
  for (const name of findStaleManifests(project)) {
    const text = manifests.get(name);
    if (text === undefined) rmSync(path.join(project, name));
    else writeFileSync(path.join(project, name), await formatAs(path.join(project, name), text));
  }
  return 0;
}

if (process.argv[1] !== undefined && /manifests\.[jt]s$/.test(process.argv[1])) runScript(main);
