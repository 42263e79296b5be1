/** Brings a source package of Debian into a folder, by apt-get, from where the machine has its packages from. */

import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

import { run } from "./sdk.js";

/** Where packages come from, as a stanza of deb822 (sources.list(5)) says it. */
type Stanza = ReadonlyMap<string, string>;

function readStanza(text: string): Stanza {
  const fields = text
    .split("\n")
    .filter((line) => !line.startsWith("#"))
    .join("\n")
    .matchAll(/^([A-Za-z-]+):((?:.*(?:\n[ \t].*)*))/gm);
  return new Map([...fields].map(([, name = "", value = ""]) => [name.toLowerCase(), value.trim()]));
}

/** "deb [signed-by=FILE] URI SUITE COMPONENTS" */
function readLine(line: string): Stanza {
  const [, options = "", uri = "", suites = ""] = /^deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)/.exec(line) ?? [];
  const signedBy = /signed-by=(\S+)/.exec(options)?.[1];
  const fields = [
    ["types", uri === "" ? "" : "deb"],
    ["uris", uri],
    ["suites", suites],
  ] as const;
  return new Map([...fields, ...(signedBy === undefined ? [] : [["signed-by", signedBy] as const])]);
}

function readSources(): Stanza[] {
  const folder = "/etc/apt/sources.list.d";
  const names = existsSync(folder) ? readdirSync(folder).map((name) => path.join(folder, name)) : [];
  return ["/etc/apt/sources.list", ...names].filter(existsSync).flatMap((name) => {
    if (name.endsWith(".sources"))
      return readFileSync(name, "utf8")
        .split(/\n\s*\n/)
        .map(readStanza);
    return name.endsWith(".list") ? readFileSync(name, "utf8").split("\n").map(readLine) : [];
  });
}

/**
 * The stanza that asks for the source packages of a release where the machine has its own packages from.
 *
 * @param suite the release; the machine's own where it is not given
 * @returns undefined where this is no Debian
 */
export function createSources(suite?: string): string | undefined {
  const release = existsSync("/etc/os-release") ? readFileSync("/etc/os-release", "utf8") : "";
  if (!/^ID=debian$/m.test(release)) return undefined;
  const codename = /^VERSION_CODENAME=(\S+)$/m.exec(release)?.[1] ?? "sid";
  const words = (stanza: Stanza, name: string): string[] => (stanza.get(name) ?? "").split(/\s+/);
  const own = readSources().find(
    (stanza) => words(stanza, "types").includes("deb") && words(stanza, "suites").includes(codename),
  );
  if (own === undefined) return undefined;
  const signedBy = own.get("signed-by");
  const lines = [
    "Types: deb-src",
    `URIs: ${own.get("uris") ?? ""}`,
    `Suites: ${suite ?? codename}`,
    "Components: main",
  ];
  return [...lines, ...(signedBy === undefined ? [] : [`Signed-By: ${signedBy}`]), ""].join("\n");
}

/**
 * Fetches the package and unpacks it in `folder`. Nothing of the system is changed: apt-get's lists are there, too.
 *
 * @throws Error where apt-get fails
 */
export async function fetchSources(name: string, sources: string, folder: string): Promise<void> {
  const apt = path.join(path.resolve(folder), "apt");
  for (const part of ["lists/partial", "cache/archives/partial"]) mkdirSync(path.join(apt, part), { recursive: true });
  const list = path.join(apt, `${name}.sources`);
  writeFileSync(list, sources);
  const options = [
    `Dir::Etc::SourceList=${list}`,
    "Dir::Etc::SourceParts=-",
    `Dir::State::lists=${path.join(apt, "lists")}`,
    `Dir::Cache=${path.join(apt, "cache")}`,
  ].flatMap((option) => ["-o", option]);
  for (const command of [["update"], ["source", name]]) {
    const { exitCode, text } = await run("apt-get", [...options, ...command], { cwd: folder, isShown: true });
    if (exitCode !== 0) throw new Error(`apt-get ${command.join(" ")} has failed:\n${text}`);
  }
}
