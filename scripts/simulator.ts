/** npm run simulator -- APP [key=value …]: builds a sample app and runs it in the Moddable simulator. */

import { spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import path from "node:path";

import { buildForSimulator, findApp, findSdk, missingSdkMessage, simulatorCommand } from "./sdk.js";

async function main(): Promise<number> {
  const [name, ...settings] = process.argv.slice(2);
  const app = name === undefined ? undefined : findApp(name);
  if (name === undefined || app === undefined) {
    process.stderr.write("usage: npm run simulator -- APP [key=value ...], where apps/APP has a manifest.json\n");
    return 1;
  }
  const sdk = findSdk();
  if (sdk === undefined) {
    process.stderr.write(missingSdkMessage);
    return 1;
  }
  process.stdout.write(`building ${name} (a first build takes half a minute)\n`);
  const output = path.resolve("build", "simulator");
  const library = await buildForSimulator(sdk, { app, output, settings });
  // The simulator copies the app into its configuration's folder: two of them would share one.
  const configuration = path.join(output, "config", `${name}-${process.pid.toString()}`);
  mkdirSync(configuration, { recursive: true });
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

main().then(
  (exitCode) => {
    process.exitCode = exitCode;
  },
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  },
);
