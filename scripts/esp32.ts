/**
 * npm run esp32 -- APP [BOARD] [ssid=… password=…]: builds a sample app for an ESP32 board, writes it there and starts
 * xsbug. With --release it is built without debugger, as for use. --check builds only what needs no toolchain, all
 * JavaScript with its preload, and prints its sizes, with --verbose those of each module's slots, too. --verbose shows
 * what the tools write.
 */

import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";

import { type Board, checkWifi, findBoard } from "./boards.js";
import { findApp, parametersOf, readCommandLine, runScript, UsageError, variantOf } from "./commandline.js";
import { runStep } from "./progress.js";
import { findSdk, missingSdkMessage, run, runMcconfig, type Sdk } from "./sdk.js";
import { withSettingsOfBoard } from "./sdkconfig.js";
import { describeSizes } from "./sizes.js";

interface Request {
  readonly sdk: Sdk;
  readonly name: string;
  /** The folder of the app. */
  readonly app: string;
  readonly board: Board;
  readonly settings: ReadonlyMap<string, string>;
  readonly flags: ReadonlySet<string>;
}

const USAGE = "npm run esp32 -- APP [BOARD] [ssid=... password=...] [--release] [--check] [--verbose]";
const FLAGS = ["check", "release", "verbose"];
const DEFAULT_BOARD = "m5atom_lite";

/** @throws UsageError for whatever is wrong in the command line */
function parse(): Request {
  const { names, settings, flags } = readCommandLine(process.argv.slice(2), FLAGS);
  const [name = "", board = DEFAULT_BOARD, ...others] = names;
  const app = variantOf(findApp(names[0], USAGE), settings);
  if (others.length > 0) throw new UsageError(`"${others.join(" ")}" is too much. usage: ${USAGE}`);
  const sdk = findSdk();
  if (sdk === undefined) throw new UsageError(missingSdkMessage.trimEnd());
  return { sdk, name, app, board: findBoard(sdk, board), settings, flags };
}

/** Builds, writes to the board and starts xsbug, as mcconfig does by itself. */
async function deploy({ sdk, name, app, board, settings, flags }: Request): Promise<number> {
  checkWifi(app, board, settings);
  if (process.env["IDF_PATH"] === undefined)
    throw new UsageError('IDF_PATH is not set: get ESP-IDF with "npx xs-dev setup --device esp32".');
  const output = path.resolve("build", "esp32");
  mkdirSync(output, { recursive: true });
  const kind = flags.has("release") ? [] : ["-d"];
  const parameters = [...kind, "-m", "-p", board.platform, "-o", output];
  const options = { cwd: withSettingsOfBoard(sdk, app, board, output), env: sdk.environment };
  await runStep(
    `building ${name} for ${board.platform} (the first time takes some minutes)`,
    `esp32-${path.basename(app)}`,
    () =>
      run("mcconfig", [...parameters, "-t", "build", ...parametersOf(settings)], {
        ...options,
        isShown: flags.has("verbose"),
      }),
  );
  process.stdout.write(`writing ${name} to the board ...\n`);
  const child = spawn("mcconfig", [...parameters, ...parametersOf(settings)], { ...options, stdio: "inherit" });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (exitCode) => {
      resolve(exitCode ?? 1);
    });
  });
}

/** Folders of ESP-IDF that manifests name: mcconfig wants to see them. */
const mbedtlsFolders = [
  "port",
  "mbedtls",
  "mbedtls/tf-psa-crypto",
  "mbedtls/tf-psa-crypto/drivers/builtin",
  "esp_crt_bundle",
];

/** mcconfig asks ESP-IDF for its version only: any git repository with the right tag will do. */
async function makeStandIn(sdk: Sdk, folder: string): Promise<void> {
  for (const name of mbedtlsFolders)
    mkdirSync(path.join(folder, "components", "mbedtls", name, "include"), { recursive: true });
  if (existsSync(path.join(folder, ".git"))) return;
  mkdirSync(folder, { recursive: true });
  const manifest = readFileSync(path.join(sdk.folder, "build", "devices", "esp32", "manifest.json"), "utf8");
  const version = /"EXPECTED_ESP_IDF":\s*"([^"]+)"/.exec(manifest)?.[1] ?? "v6.0";
  const git = ["-c", "user.name=check", "-c", "user.email=check@localhost"];
  await run("git", ["init", "--quiet", "."], { cwd: folder });
  await run("git", [...git, "commit", "--quiet", "--allow-empty", "--message", "stand-in"], { cwd: folder });
  await run("git", ["tag", version], { cwd: folder });
}

async function check({ sdk, name, app, board, settings, flags }: Request): Promise<number> {
  const output = path.resolve("build", "esp32-check");
  const idf = path.join(output, "idf");
  await makeStandIn(sdk, idf);
  const env = { ...sdk.environment, IDF_PATH: idf };
  const isShown = flags.has("verbose");
  const log = `esp32-check-${path.basename(app)}`;
  const folder = path.join(output, "tmp", board.folder, "release", path.basename(app));
  const makefile = path.join(folder, "makefile");
  const built = withSettingsOfBoard(sdk, app, board, output);
  const options = { app: built, platform: board.platform, output, settings: parametersOf(settings) };
  rmSync(makefile, { force: true });
  // It writes the makefile and then fails, since there is no toolchain to set up.
  await runStep(
    `writing the makefile of ${name} for ${board.platform}`,
    `${log}-makefile`,
    () => runMcconfig(sdk, options, isShown, env),
    () => existsSync(makefile),
  );
  const header = path.join(output, "sdkconfig.h");
  writeFileSync(header, "");
  const linked = path.join(folder, "mc.xs.c");
  await runStep(`compiling and linking its JavaScript`, log, () =>
    run("make", ["-f", makefile, `SDKCONFIG_H=${header}`, linked], { cwd: built, env, isShown }),
  );
  const link = async (parameters: readonly string[]): Promise<void> => {
    const { exitCode, text } = await run("xsl", parameters, { env });
    if (exitCode !== 0) throw new Error(`xsl has failed:\n${text}`);
  };
  process.stdout.write(await describeSizes({ folder, link }, isShown));
  return 0;
}

runScript(async () => {
  const request = parse();
  return request.flags.has("check") ? check(request) : deploy(request);
});
