/**
 * npm run mbedtls: brings the sources of mbedTLS, which apps with TLS are built with, into build/mbedtls: on Debian its
 * source package, by apt-get and from where the machine has its packages from. Nothing of the system is changed, and
 * nothing else of this project fetches anything.
 */

import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

import { findMbedtls, mbedtlsFolder, missingMbedtlsMessage, run } from "./sdk.js";

/** The release of Debian that has mbedTLS 3.6. */
const suite = "trixie";

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

/** The stanza that asks for the source packages of `suite` where the machine has its own packages from. */
function createSources(): string | undefined {
  const release = existsSync("/etc/os-release") ? readFileSync("/etc/os-release", "utf8") : "";
  if (!/^ID=debian$/m.test(release)) return undefined;
  const codename = /^VERSION_CODENAME=(\S+)$/m.exec(release)?.[1] ?? "sid";
  const words = (stanza: Stanza, name: string): string[] => (stanza.get(name) ?? "").split(/\s+/);
  const own = readSources().find(
    (stanza) => words(stanza, "types").includes("deb") && words(stanza, "suites").includes(codename),
  );
  if (own === undefined) return undefined;
  const signedBy = own.get("signed-by");
  const lines = ["Types: deb-src", `URIs: ${own.get("uris") ?? ""}`, `Suites: ${suite}`, "Components: main"];
  return [...lines, ...(signedBy === undefined ? [] : [`Signed-By: ${signedBy}`]), ""].join("\n");
}

async function fetchSources(sources: string): Promise<void> {
  const apt = path.join(mbedtlsFolder, "apt");
  for (const folder of ["lists/partial", "cache/archives/partial"])
    mkdirSync(path.join(apt, folder), { recursive: true });
  const list = path.join(apt, "mbedtls.sources");
  writeFileSync(list, sources);
  const options = [
    `Dir::Etc::SourceList=${list}`,
    "Dir::Etc::SourceParts=-",
    `Dir::State::lists=${path.join(apt, "lists")}`,
    `Dir::Cache=${path.join(apt, "cache")}`,
  ].flatMap((option) => ["-o", option]);
  for (const command of [["update"], ["source", "mbedtls"]]) {
    const { exitCode, text } = await run("apt-get", [...options, ...command], { cwd: mbedtlsFolder, isShown: true });
    if (exitCode !== 0) throw new Error(`apt-get ${command.join(" ")} has failed:\n${text}`);
  }
}

async function main(): Promise<number> {
  const present = findMbedtls();
  if (present === undefined) {
    const sources = createSources();
    if (sources === undefined) {
      process.stderr.write(missingMbedtlsMessage);
      return 1;
    }
    process.stdout.write(`fetching the source package mbedtls of Debian ${suite} into ${mbedtlsFolder}\n`);
    await fetchSources(sources);
  }
  const found = findMbedtls();
  if (found === undefined) throw new Error(`there is no mbedTLS 3.6 in what apt-get has brought to ${mbedtlsFolder}`);
  process.stdout.write(`mbedTLS ${found.version} is in ${found.folder}\n`);
  return 0;
}

main().then(
  (exitCode) => {
    process.exitCode = exitCode;
  },
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  },
);
