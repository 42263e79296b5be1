/** The direction of all imports: who may know whom. */

import path from "node:path";
import { importsOf, listSources, NODE_APPS, readJson, resolveImport } from "./sources.js";

/** What one file imports where it may not, as "file -> import". */
type Violations = string[];

interface PackageJson {
  readonly exports: Readonly<Record<string, unknown>>;
  readonly imports: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

const { exports: publicExports, imports: privateImports } = readJson("package.json") as PackageJson;

/** "xs-websockets/server" and so on: the names that are meant for users. */
const PUBLIC_NAMES = Object.keys(publicExports)
  .filter((name) => !name.includes("*") && name !== "./package.json")
  .map((name) => `xs-websockets${name.slice(1)}`);

/** Names such as "#led" that stand for a file of apps/, by what runs it. */
const APP_NAMES = Object.keys(privateImports).filter((name) =>
  Object.values(privateImports[name] ?? {}).some((target) => target.startsWith("./apps/")),
);

/** The folders of those files: what is in them knows Node.js or the Moddable SDK. */
const APP_HOST_FOLDERS = new Set(
  APP_NAMES.flatMap((name) => Object.values(privateImports[name] ?? {})).map((target) =>
    path.posix.dirname(path.posix.normalize(target)),
  ),
);

function violations(files: readonly string[], isAllowed: (from: string, specifier: string) => boolean): Violations {
  return files.flatMap((file) =>
    importsOf(file)
      .filter((specifier) => !isAllowed(file, specifier))
      .map((specifier) => `${file} -> ${specifier}`),
  );
}

function isWithin(folder: string, from: string, specifier: string): boolean {
  return specifier.startsWith(".") && resolveImport(from, specifier).startsWith(`${folder}/`);
}

function isContract(from: string, specifier: string): boolean {
  return specifier.startsWith(".") && resolveImport(from, specifier) === "hosts/contract";
}

test("there is something to check", () => {
  expect(listSources("modules/protocol").length).toBeGreaterThan(5);
  expect(listSources("modules").flatMap(importsOf)).toContain("#platform");
  expect(APP_HOST_FOLDERS).toContain("apps/environment");
  expect(PUBLIC_NAMES).toContain("xs-websockets/server");
});

test("modules/protocol imports modules/protocol and #platform", () => {
  expect(
    violations(
      listSources("modules/protocol"),
      (from, specifier) => specifier === "#platform" || isWithin("modules/protocol", from, specifier),
    ),
  ).toEqual([]);
});

test("modules/http imports modules/http, modules/protocol, #platform and the types of a socket", () => {
  expect(
    violations(
      listSources("modules/http"),
      (from, specifier) =>
        specifier === "#platform" ||
        (from === "modules/http/request.ts" && specifier === "#network") ||
        isWithin("modules/http", from, specifier) ||
        isWithin("modules/protocol", from, specifier),
    ),
  ).toEqual([]);
});

/** The browser's WebSocket and its parts. */
function isWhatwg(file: string): boolean {
  return file.startsWith("modules/whatwg");
}

test("modules imports modules, #platform, #network and #tls; its WHATWG WebSocket #dom, too", () => {
  const hostNames = ["#platform", "#network", "#tls"];
  expect(
    violations(
      listSources("modules"),
      (from, specifier) =>
        hostNames.includes(specifier) ||
        (specifier === "#dom" && isWhatwg(from)) ||
        isWithin("modules", from, specifier),
    ),
  ).toEqual([]);
});

/** What stands beside SignalR on the public classes: neither knows the other. */
const BESIDE_SIGNALR = ["modules/whatwg", "modules/mqtt", "modules/reconnecting", "modules/upgrade"];

test("modules/signalr imports itself and what is below it, and nothing there imports modules/signalr", () => {
  const isIn = (folder: string, from: string, specifier: string): boolean => {
    const name = specifier.startsWith(".") ? resolveImport(from, specifier) : specifier;
    return name === folder || name.startsWith(`${folder}/`);
  };
  const isBeside = (from: string, specifier: string): boolean =>
    BESIDE_SIGNALR.some((folder) => isIn(folder, from, specifier));
  const isAllowed = (from: string, specifier: string): boolean =>
    specifier === "#platform" || (isWithin("modules", from, specifier) && !isBeside(from, specifier));
  expect(violations(listSources("modules/signalr"), isAllowed)).toEqual([]);
  const others = listSources("modules").filter((file) => !file.startsWith("modules/signalr/"));
  expect(violations(others, (from, specifier) => !isIn("modules/signalr", from, specifier))).toEqual([]);
});

/** Who may know whom within SignalR, from below. */
const SIGNALR_FOLDERS: Readonly<Record<string, readonly string[]>> = {
  wire: ["wire"],
  link: ["wire", "link"],
  client: ["wire", "link", "client"],
  server: ["wire", "link", "server"],
};

test.each(Object.entries(SIGNALR_FOLDERS))(
  "modules/signalr/%s imports of SignalR %p, and its errors",
  (folder, below) => {
    const files = listSources(`modules/signalr/${folder}`);
    const isAllowed = (from: string, specifier: string): boolean =>
      !isWithin("modules/signalr", from, specifier) ||
      resolveImport(from, specifier) === "modules/signalr/errors" ||
      below.some((name) => isWithin(`modules/signalr/${name}`, from, specifier));
    expect(files.length).toBeGreaterThan(3);
    expect(violations(files, isAllowed)).toEqual([]);
  },
);

test("no file of modules/signalr imports itself by a detour", () => {
  const files = listSources("modules/signalr");
  const targetsOf = (file: string): string[] =>
    importsOf(file)
      .filter((specifier) => isWithin("modules/signalr", file, specifier))
      .map((specifier) => `${resolveImport(file, specifier)}.ts`);
  const reach = (file: string, seen: Set<string>): Set<string> => {
    for (const target of targetsOf(file)) if (!seen.has(target)) reach(target, seen.add(target));
    return seen;
  };
  expect(files.filter((file) => reach(file, new Set()).has(file))).toEqual([]);
});

test("hosts/contract.ts imports nothing", () => {
  expect(importsOf("hosts/contract.ts")).toEqual([]);
});

test("hosts/node imports itself, the contract and Node.js; its adapter for node:http the public names, too", () => {
  expect(
    violations(
      listSources("hosts/node"),
      (from, specifier) =>
        (from === "hosts/node/upgrade.ts" && specifier.startsWith("xs-websockets/")) ||
        specifier.startsWith("node:") ||
        isWithin("hosts/node", from, specifier) ||
        isContract(from, specifier),
    ),
  ).toEqual([]);
});

test("hosts/moddable imports itself, the contract and the SDK; its adapter for the SDK's HTTP server the public names, too", () => {
  expect(
    violations(
      listSources("hosts/moddable"),
      (from, specifier) =>
        (from === "hosts/moddable/upgrade.ts" && specifier.startsWith("xs-websockets/")) ||
        /^(?!node:|xs-websockets)[a-zA-Z]/.test(specifier) ||
        isWithin("hosts/moddable", from, specifier) ||
        isContract(from, specifier),
    ),
  ).toEqual([]);
});

test("an app imports its own files, #names and what is public of the library", () => {
  const files = listSources("apps").filter((file) => !APP_HOST_FOLDERS.has(path.posix.dirname(file)));
  const isAllowed = (from: string, specifier: string): boolean =>
    // A module that the SDK names otherwise, such as "setup/…", says whose #name it means.
    APP_NAMES.includes(specifier.replace(/^apps\//, "")) ||
    PUBLIC_NAMES.includes(specifier) ||
    isWithin(appOf(from), from, specifier) ||
    (NODE_APPS.includes(appOf(from)) && /^(?!xs-websockets)[@a-z]/.test(specifier));
  expect(files).not.toEqual([]);
  expect(violations(files, isAllowed)).toEqual([]);
});

test("the files behind an app's #names import nothing of the library", () => {
  const files = listSources("apps").filter((file) => APP_HOST_FOLDERS.has(path.posix.dirname(file)));
  const isAllowed = (from: string, specifier: string): boolean =>
    isWithin(appOf(from), from, specifier) || /^(?!xs-websockets)[a-zA-Z]/.test(specifier);
  expect(violations(files, isAllowed)).toEqual([]);
});

/** The folder of the app that a file belongs to. */
function appOf(file: string): string {
  return file.split("/").slice(0, 2).join("/");
}
