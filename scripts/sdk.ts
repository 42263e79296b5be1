/** Finds the Moddable SDK and mbedTLS, and builds apps with them. Used by the scripts and by the tests. */

import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";

/** A Moddable SDK on this machine, with its tools built. */
export interface Sdk {
  /** What the SDK's own tools know as MODDABLE. */
  readonly folder: string;
  /** mcconfig's name of this machine. */
  readonly host: "lin" | "mac" | "win";
  /** For mcconfig: MODDABLE, MBEDTLS where it was found, and a PATH with the SDK's tools and this project's TypeScript. */
  readonly environment: NodeJS.ProcessEnv;
}

export interface BuildOptions {
  /** The folder of the app's manifest.json. */
  readonly app: string;
  /** A platform of mcconfig, such as "lin" or "esp32/m5atom_lite". */
  readonly platform: string;
  /** The folder for all that is made. */
  readonly output: string;
  /** `key=value` pairs that the app finds in `mc/config`. */
  readonly settings?: readonly string[];
}

export interface Run {
  readonly exitCode: number;
  /** What the program wrote to stdout and stderr. */
  readonly text: string;
}

/** What to do where {@link findSdk} finds nothing. */
export const missingSdkMessage = `The Moddable SDK was not found. Its tools (build/bin/${hostName()}/release/mcconfig) are neither in $MODDABLE, which is
${process.env["MODDABLE"] ?? "not set"}, nor in ~/.local/share/moddable.
Get it with "npx xs-dev setup", and open a new terminal; or by hand:
https://github.com/Moddable-OpenSource/moddable/blob/public/documentation/Moddable%20SDK%20-%20Getting%20Started.md
`;

function hostName(): Sdk["host"] {
  if (process.platform === "darwin") return "mac";
  return process.platform === "win32" ? "win" : "lin";
}

/** @returns the SDK, undefined where there is none whose tools are built */
export function findSdk(): Sdk | undefined {
  const candidates = [process.env["MODDABLE"], path.join(homedir(), ".local", "share", "moddable")];
  const host = hostName();
  const program = host === "win" ? "mcconfig.exe" : "mcconfig";
  for (const folder of candidates) {
    if (folder === undefined) continue;
    const tools = path.join(folder, "build", "bin", host, "release");
    if (existsSync(path.join(tools, program))) return { folder, host, environment: environmentFor(folder, tools) };
  }
  return undefined;
}

function environmentFor(folder: string, tools: string): NodeJS.ProcessEnv {
  // mcconfig runs tsc once for each file; TypeScript 7 does that four times as fast as TypeScript 6.
  const compilers = ["node_modules/typescript-7/bin", "node_modules/.bin"].map((name) => path.resolve(name));
  // The tests put commands before them that keep what was compiled: see tests/support/keepbuilt.js.
  const { BUILD_TOOLS = "", PATH = "" } = process.env;
  const search = [...(BUILD_TOOLS === "" ? [] : [BUILD_TOOLS]), ...compilers, tools, PATH].join(path.delimiter);
  const mbedtls = findMbedtls();
  const tls = mbedtls === undefined ? {} : { MBEDTLS: mbedtls.folder, MBEDTLS_MAJOR: mbedtls.version.charAt(0) };
  // A manifest would look for it beside itself.
  const { CERTIFICATES } = process.env;
  const certificates = CERTIFICATES === undefined ? {} : { CERTIFICATES: path.resolve(CERTIFICATES) };
  return { ...process.env, ...tls, ...certificates, MODDABLE: folder, PATH: search };
}

/** The sources of mbedTLS on this machine. */
export interface Mbedtls {
  readonly folder: string;
  /** Such as "3.6.6". */
  readonly version: string;
}

/** Where `npm run mbedtls` puts them. */
export const mbedtlsFolder = path.resolve("build", "mbedtls");

/** What to do where {@link findMbedtls} finds nothing. */
export const missingMbedtlsMessage = `The sources of mbedTLS 3.6 or later were not found, with which an app that has TLS is built. They are looked for in
$MBEDTLS, then in build/mbedtls, then in ESP-IDF at $IDF_PATH. To get them:
  Debian:         npm run mbedtls
  other systems:  git clone --recurse-submodules --depth 1 --branch mbedtls-3.6 https://github.com/Mbed-TLS/mbedtls.git
                  and set MBEDTLS to that folder
`;

/** @returns the sources of mbedTLS that apps are built with, undefined where there are none */
export function findMbedtls(): Mbedtls | undefined {
  const { MBEDTLS, IDF_PATH } = process.env;
  const fetched = existsSync(mbedtlsFolder)
    ? readdirSync(mbedtlsFolder, { withFileTypes: true }).filter((entry) => entry.isDirectory())
    : [];
  const candidates = [
    MBEDTLS,
    ...fetched.map(({ name }) => path.join(mbedtlsFolder, name)),
    IDF_PATH === undefined ? undefined : path.join(IDF_PATH, "components", "mbedtls", "mbedtls"),
  ];
  for (const folder of candidates) {
    const version = folder === undefined ? undefined : versionOfMbedtls(folder);
    if (folder !== undefined && version !== undefined) return { folder: path.resolve(folder), version };
  }
  return undefined;
}

function versionOfMbedtls(folder: string): string | undefined {
  const file = path.join(folder, "include", "mbedtls", "build_info.h");
  if (!existsSync(file)) return undefined;
  return /#define MBEDTLS_VERSION_STRING\s+"((?:3\.[6-9]|[4-9])[^"]*)"/.exec(readFileSync(file, "utf8"))?.[1];
}

/** Whether an app's manifest asks for TLS, by including manifest_tls.json itself or in what it includes. */
export function usesTls(manifest: string): boolean {
  const { include = [] } = JSON.parse(readFileSync(manifest, "utf8")) as { include?: string | string[] };
  return [include].flat().some((name) => {
    if (name.includes("manifest_tls.json")) return true;
    const file = path.resolve(path.dirname(manifest), name);
    return !name.includes("$(") && existsSync(file) && usesTls(file);
  });
}

/** Runs a program to its end. Its output is kept, and shown as it comes where `isShown` says so. */
export function run(
  program: string,
  parameters: readonly string[],
  options: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv; readonly isShown?: boolean } = {},
): Promise<Run> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, parameters, { cwd: options.cwd, env: options.env, stdio: ["ignore", "pipe", "pipe"] });
    let text = "";
    const keep = (data: Buffer): void => {
      text += data.toString();
      if (options.isShown === true) process.stderr.write(data);
    };
    child.stdout.on("data", keep);
    child.stderr.on("data", keep);
    child.on("error", reject);
    child.on("close", (exitCode) => {
      resolve({ exitCode: exitCode ?? 1, text });
    });
  });
}

/** Runs mcconfig for an app, without starting what it builds: the other targets of mcconfig end every simulator. */
export function runMcconfig(sdk: Sdk, options: BuildOptions, isShown: boolean, env = sdk.environment): Promise<Run> {
  mkdirSync(options.output, { recursive: true });
  const target = ["-m", "-p", options.platform, "-t", "build", "-o", options.output];
  return run("mcconfig", [...target, ...(options.settings ?? [])], { cwd: options.app, env, isShown });
}

/** The path of the library that the simulator loads when mcconfig has built it. */
export function libraryOf(sdk: Sdk, { app, output, settings }: Omit<BuildOptions, "platform">): string {
  return path.join(
    output,
    // mcconfig's "-i" builds with instruments.
    ...["bin", sdk.host, "mc", settings?.includes("-i") === true ? "instrument" : "release"],
    path.basename(app),
    sdk.host === "win" ? "mc.dll" : "mc.so",
  );
}

/** The command that starts the simulator with a library. */
export function simulatorCommand(sdk: Sdk, library: string): readonly [program: string, ...parameters: string[]] {
  const tools = path.join(sdk.folder, "build", "bin", sdk.host, "release");
  const simulators = path.join(sdk.folder, "build", "simulators") + path.sep;
  switch (sdk.host) {
    case "lin":
      // Its stdout is a file or a pipe, which the C library fills by blocks: lines would come late.
      return ["stdbuf", "-oL", "-eL", path.join(tools, "mcsim"), simulators, library];
    case "mac":
      return ["open", "-W", "-a", path.join(tools, "mcsim.app"), simulators, library];
    case "win":
      return [path.join(tools, "mcsim.exe"), simulators, library];
  }
}
