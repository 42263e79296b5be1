/**
 * npm run esp32 -- APP [BOARD] [ssid=… password=…] [--check]: builds a sample app for an ESP32 board and runs it there.
 * --check builds only what needs no toolchain, all JavaScript with its preload, and prints its sizes.
 */

import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

import { findApp, findSdk, missingSdkMessage, run, runMcconfig, type Sdk } from "./sdk.js";

interface Request {
  readonly name: string;
  readonly app: string;
  readonly board: string;
  readonly settings: readonly string[];
  readonly isCheck: boolean;
}

/** A slot of XS has 16 bytes on a 32-bit machine. Those of the preload stay in flash. */
const slotBytes = 16;

function parse(parameters: readonly string[]): Request | undefined {
  const settings = parameters.filter((parameter) => parameter.includes("="));
  const [name, board = "m5atom_lite"] = parameters.filter((parameter) => !/=|^--/.test(parameter));
  const app = name === undefined ? undefined : findApp(name);
  if (name === undefined || app === undefined) return undefined;
  return { name, app, board, settings, isCheck: parameters.includes("--check") };
}

/** Builds, writes to the board and starts xsbug, as mcconfig does by itself. */
function deploy(sdk: Sdk, { app, board, settings }: Request): Promise<number> {
  if (process.env["IDF_PATH"] === undefined) {
    process.stderr.write('IDF_PATH is not set: get ESP-IDF with "npx xs-dev setup --device esp32"\n');
    return Promise.resolve(1);
  }
  const output = path.resolve("build", "esp32");
  mkdirSync(output, { recursive: true });
  const child = spawn("mcconfig", ["-d", "-m", "-p", `esp32/${board}`, "-o", output, ...settings], {
    cwd: app,
    env: sdk.environment,
    stdio: "inherit",
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (exitCode) => {
      resolve(exitCode ?? 1);
    });
  });
}

/** mcconfig asks ESP-IDF for its version only: any git repository with the right tag will do. */
async function makeStandIn(sdk: Sdk, folder: string): Promise<void> {
  if (existsSync(path.join(folder, ".git"))) return;
  mkdirSync(folder, { recursive: true });
  const manifest = readFileSync(path.join(sdk.folder, "build", "devices", "esp32", "manifest.json"), "utf8");
  const version = /"EXPECTED_ESP_IDF":\s*"([^"]+)"/.exec(manifest)?.[1] ?? "v6.0";
  const git = ["-c", "user.name=check", "-c", "user.email=check@localhost"];
  await run("git", ["init", "--quiet", "."], { cwd: folder });
  await run("git", [...git, "commit", "--quiet", "--allow-empty", "--message", "stand-in"], { cwd: folder });
  await run("git", ["tag", version], { cwd: folder });
}

async function check(sdk: Sdk, { name, app, board, settings }: Request): Promise<number> {
  const output = path.resolve("build", "esp32-check");
  const idf = path.join(output, "idf");
  await makeStandIn(sdk, idf);
  const env = { ...sdk.environment, IDF_PATH: idf };
  // It writes the makefile and then fails, since there is no toolchain to set up.
  const { text } = await runMcconfig(sdk, { app, platform: `esp32/${board}`, output, settings }, false, env);
  const folder = path.join(output, "tmp", "esp32", board, "release", path.basename(app));
  const makefile = path.join(folder, "makefile");
  if (!existsSync(makefile)) throw new Error(`mcconfig has written no makefile:\n${text}`);
  const header = path.join(output, "sdkconfig.h");
  writeFileSync(header, "");
  const linked = path.join(folder, "mc.xs.c");
  const made = await run("make", ["-f", makefile, `SDKCONFIG_H=${header}`, linked], { cwd: app, env });
  if (made.exitCode !== 0) throw new Error(`make has failed:\n${made.text}`);
  process.stdout.write(`${name} for esp32/${board}\n${describeSizes(folder, linked)}`);
  return 0;
}

/** The bytes of the byte code in a compiled module: its atom "CODE". Names are shared by all modules of an app. */
function codeSize(file: string): number {
  const atoms = readFileSync(file);
  const headBytes = 8;
  for (let at = headBytes; at + headBytes <= atoms.length; at += atoms.readUInt32BE(at)) {
    const size = atoms.readUInt32BE(at);
    if (atoms.toString("latin1", at + 4, at + headBytes) === "CODE") return size - headBytes;
    if (size < headBytes) break;
  }
  throw new Error(`${file} is no compiled module of XS`);
}

function describeSizes(folder: string, linked: string): string {
  const modules = path.join(folder, "modules");
  const sizes = readdirSync(modules, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".xsb"))
    .map((file) => ({ file, bytes: codeSize(path.join(modules, file)) }))
    .sort((one, other) => (one.file < other.file ? -1 : 1));
  const lines: string[] = [];
  const add = (bytes: number, what: string): number => lines.push(`${bytes.toString().padStart(8)}  ${what}`);
  const sum = (prefix: string): number =>
    sizes.reduce((total, { file, bytes }) => (file.startsWith(prefix) ? total + bytes : total), 0);
  for (const { file, bytes } of sizes) if (/^(?:xs-websockets|apps)\b/.test(file)) add(bytes, file.slice(0, -4));
  add(sum("xs-websockets"), "bytes of code of this library");
  add(sum("apps"), "bytes of code of the app");
  add(sum(""), "bytes of code of all modules");
  const slots = Number(/#define mxHeapCount (\d+)/.exec(readFileSync(linked, "utf8"))?.[1] ?? 0);
  add(slots, `slots of the preload, ${(slots * slotBytes).toString()} bytes of flash`);
  return `${lines.join("\n")}\n`;
}

function main(): Promise<number> {
  const request = parse(process.argv.slice(2));
  if (request === undefined) {
    process.stderr.write("usage: npm run esp32 -- APP [BOARD] [ssid=... password=...] [--check]\n");
    return Promise.resolve(1);
  }
  const sdk = findSdk();
  if (sdk === undefined) {
    process.stderr.write(missingSdkMessage);
    return Promise.resolve(1);
  }
  return request.isCheck ? check(sdk, request) : deploy(sdk, request);
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
