/** The direction of all imports: who may know whom. */

import path from "node:path";
import { importsOf, listSources, NODE_APPS, readJson, resolveImport } from "./sources.js";

/** What one file imports where it may not, as "file -> import". */
type Violations = string[];

const { exports: publicExports } = readJson("package.json") as { exports: Readonly<Record<string, unknown>> };

/** The names by which apps import what differs between Node.js and XS, with a file for each, relative to apps/. */
const { imports: appImports } = readJson("apps/package.json") as {
  imports: Readonly<Record<string, Readonly<Record<string, string>>>>;
};

/** "xs-websockets/server" and so on: the names that are meant for users. */
const PUBLIC_NAMES = Object.keys(publicExports)
  .filter((name) => name !== "./package.json")
  .map((name) => `xs-websockets${name.slice(1)}`);

/** The folders of those files: what is in them knows Node.js or the Moddable SDK. */
const APP_HOST_FOLDERS = new Set(
  Object.values(appImports)
    .flatMap((targets) => Object.values(targets))
    .map((target) => path.posix.dirname(path.posix.join("apps", target))),
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
  const contracts = ["hosts/contract", "hosts/deflatecontract", "hosts/domcontract"];
  return specifier.startsWith(".") && contracts.includes(resolveImport(from, specifier));
}

test("there is something to check", () => {
  expect(listSources("modules/protocol").length).toBeGreaterThan(5);
  expect(listSources("modules").flatMap(importsOf)).toContain("#platform");
  expect(APP_HOST_FOLDERS).toContain("apps/environment");
  expect(PUBLIC_NAMES).toContain("xs-websockets/server");
});

/** The layers of modules/, from below: a folder and the public files beside it import their own layer and those named. */
interface Layer {
  readonly name: string;
  /** Its folder and files, relative to modules/. */
  readonly parts: readonly string[];
  readonly below: readonly string[];
  /** What of a host it may import. */
  readonly host: readonly string[];
}

const FOUNDATIONS = ["common", "protocol", "http", "handshake", "websocket"];

const LAYERS: readonly Layer[] = [
  { name: "common", parts: ["common", "pem", "backoff"], below: [], host: ["#platform"] },
  { name: "protocol", parts: ["protocol"], below: ["common"], host: ["#platform"] },
  { name: "http", parts: ["http/"], below: ["common"], host: ["#platform", "#network"] },
  { name: "handshake", parts: ["handshake"], below: ["common", "http"], host: ["#platform"] },
  { name: "websocket", parts: ["websocket"], below: ["common", "protocol"], host: ["#platform", "#network"] },
  { name: "messages", parts: ["messages"], below: ["common", "websocket"], host: [] },
  { name: "client", parts: ["client"], below: FOUNDATIONS, host: ["#platform", "#network", "#tls"] },
  { name: "server", parts: ["server", "http.ts"], below: FOUNDATIONS, host: ["#platform", "#network", "#tls"] },
  { name: "upgrade", parts: ["upgrade"], below: ["common", "http", "server"], host: ["#network"] },
  { name: "reconnecting", parts: ["reconnecting"], below: [...FOUNDATIONS, "client"], host: ["#platform"] },
  { name: "whatwg", parts: ["whatwg"], below: [...FOUNDATIONS, "client"], host: ["#platform", "#dom"] },
  { name: "mqtt", parts: ["mqtt"], below: [...FOUNDATIONS, "client"], host: ["#platform"] },
  { name: "sdk", parts: ["sdk"], below: [...FOUNDATIONS, "client", "server"], host: ["#platform"] },
  { name: "signalr/wire", parts: ["signalr/wire", "signalr/errors"], below: ["common"], host: ["#platform"] },
  { name: "signalr/link", parts: ["signalr/link"], below: [...FOUNDATIONS, "signalr/wire"], host: ["#platform"] },
  {
    name: "signalr/client",
    parts: ["signalr/client"],
    below: [...FOUNDATIONS, "client", "signalr/wire", "signalr/link"],
    host: ["#platform"],
  },
  {
    name: "signalr/server",
    parts: ["signalr/server"],
    below: [...FOUNDATIONS, "server", "signalr/wire", "signalr/link"],
    host: ["#platform"],
  },
  // By their public names: see there.
  {
    name: "index",
    parts: ["index"],
    below: [],
    host: ["client", "http", "server"].map((name) => `xs-websockets/${name}`),
  },
];

/** Whether a file, relative to modules/, is one of a layer's. A part without an ending is a folder and the file of that name. */
function isPart(file: string, part: string): boolean {
  if (part.endsWith("/")) return file.startsWith(part);
  return file === part || file === `${part}.ts` || file.startsWith(`${part}/`);
}

function layerOf(file: string): Layer | undefined {
  return LAYERS.find(({ parts }) => parts.some((part) => isPart(file, part)));
}

const MODULES = listSources("modules");

test("every file of modules/ is in one layer", () => {
  const relative = MODULES.map((file) => file.slice("modules/".length));
  const layersOf = (file: string): Layer[] => LAYERS.filter(({ parts }) => parts.some((part) => isPart(file, part)));
  expect(relative.filter((file) => layersOf(file).length !== 1)).toEqual([]);
  expect(LAYERS.filter(({ parts }) => !parts.every((part) => relative.some((file) => isPart(file, part))))).toEqual([]);
});

test("no layer is above itself", () => {
  const names = LAYERS.map(({ name }) => name);
  expect(
    LAYERS.filter(({ below }, index) => below.some((name) => !names.slice(0, index).includes(name))).map(
      ({ name }) => name,
    ),
  ).toEqual([]);
});

test.each(LAYERS.map((layer) => [layer.name, layer] as const))(
  "modules/%s imports what is below it",
  (_name, layer) => {
    const files = MODULES.filter((file) => layerOf(file.slice("modules/".length)) === layer);
    const isAllowed = (from: string, specifier: string): boolean => {
      if (layer.host.includes(specifier)) return true;
      if (!isWithin("modules", from, specifier)) return false;
      const target = layerOf(`${resolveImport(from, specifier).slice("modules/".length)}.ts`);
      return target !== undefined && (target === layer || layer.below.includes(target.name));
    };
    expect(files.length).toBeGreaterThan(0);
    expect(violations(files, isAllowed)).toEqual([]);
  },
);

test("no file of modules/ imports itself by a detour", () => {
  const targetsOf = (file: string): string[] =>
    importsOf(file)
      .filter((specifier) => isWithin("modules", file, specifier))
      .map((specifier) => `${resolveImport(file, specifier)}.ts`);
  const reach = (file: string, seen: Set<string>): Set<string> => {
    for (const target of targetsOf(file)) if (!seen.has(target)) reach(target, seen.add(target));
    return seen;
  };
  expect(MODULES.filter((file) => reach(file, new Set()).has(file))).toEqual([]);
});

test("hosts/contract.ts imports nothing but its other half", () => {
  expect([...new Set(importsOf("hosts/contract.ts"))]).toEqual(["./deflatecontract.js"]);
  expect(importsOf("hosts/deflatecontract.ts")).toEqual([]);
  expect(importsOf("hosts/domcontract.ts")).toEqual([]);
});

test("hosts/node imports itself, the contract and Node.js; its adapters for node:http and streams the public names, too", () => {
  expect(
    violations(
      listSources("hosts/node"),
      (from, specifier) =>
        (["hosts/node/adapter.ts", "hosts/node/duplex.ts"].includes(from) && specifier.startsWith("xs-websockets/")) ||
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
        (from === "hosts/moddable/adapter.ts" && specifier.startsWith("xs-websockets/")) ||
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
    specifier.replace(/^apps\//, "") in appImports ||
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
