/** npm run simulator -- APP [name=value …] [--verbose]: builds a sample app and runs it in the Moddable simulator. */

import { spawn } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import path from "node:path";

import { findApp, parametersOf, readCommandLine, runScript, UsageError, variantOf } from "./commandline.js";
import { runStep } from "./progress.js";
import {
  findMbedtls,
  findSdk,
  libraryOf,
  missingMbedtlsMessage,
  missingSdkMessage,
  runMcconfig,
  type Sdk,
  simulatorCommand,
  usesTls,
} from "./sdk.js";

const USAGE = "npm run simulator -- APP [name=value ...] [--verbose]";

/** @throws UsageError where there is no screen for the simulator's window */
function checkDisplay(sdk: Sdk): void {
  if (sdk.host !== "lin" || process.env["DISPLAY"] !== undefined || process.env["WAYLAND_DISPLAY"] !== undefined)
    return;
  throw new UsageError(`The simulator is a window, and there is no display here. Give it one that nobody sees:
  xvfb-run ${process.argv.length > 2 ? `npm run simulator -- ${process.argv.slice(2).join(" ")}` : USAGE}
(on Debian and Ubuntu: apt install xvfb)`);
}

async function main(): Promise<number> {
  const { names, settings, flags } = readCommandLine(process.argv.slice(2), ["verbose"]);
  const [name = ""] = names;
  const app = variantOf(findApp(names[0], USAGE), settings);
  if (names.length > 1) throw new UsageError(`"${names[1] ?? ""}" is too much. usage: ${USAGE}`);
  const sdk = findSdk();
  if (sdk === undefined) throw new UsageError(missingSdkMessage.trimEnd());
  if (findMbedtls() === undefined && usesTls(path.join(app, "manifest.json")))
    throw new UsageError(missingMbedtlsMessage.trimEnd());
  checkDisplay(sdk);
  const options = {
    app,
    platform: sdk.host,
    output: path.resolve("build", "simulator"),
    settings: parametersOf(settings),
  };
  const library = libraryOf(sdk, options);
  await runStep(
    `building ${name} for the simulator${existsSync(library) ? "" : " (the first time takes up to a minute)"}`,
    `simulator-${path.basename(app)}`,
    () => runMcconfig(sdk, options, flags.has("verbose")),
    ({ exitCode }) => exitCode === 0 && existsSync(library),
  );
  // The simulator copies the app into its configuration's folder: two of them would share one.
  const configuration = path.join(options.output, "config", `${path.basename(app)}-${process.pid.toString()}`);
  mkdirSync(configuration, { recursive: true });
  return startSimulator(sdk, library, configuration);
}

function startSimulator(sdk: Sdk, library: string, configuration: string): Promise<number> {
  const [program, ...parameters] = simulatorCommand(sdk, library);
  const child = spawn(program, parameters, {
    env: { ...sdk.environment, XDG_CONFIG_HOME: configuration },
    stdio: "inherit",
  });
  const stop = (): void => {
    child.kill();
  };
  process.on("SIGINT", stop).on("SIGTERM", stop);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (exitCode) => {
      resolve(exitCode ?? 0);
    });
  });
}

runScript(main);
