/** Builds the projects of examples/ for XS, for Jest. */

import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

import type { Sdk } from "../../scripts/sdk.js";
import { type Packed, runIn } from "./packed.js";

/** The folder in which all apps are built: they share what is compiled of the engine. */
function outputOf(packed: Packed): string {
  const output = path.join(packed.folder, "out");
  mkdirSync(output, { recursive: true });
  return output;
}

/** An environment in which whoever starts TypeScript fails. */
function withoutTypeScript(sdk: Sdk, packed: Packed): NodeJS.ProcessEnv {
  const folder = path.join(packed.folder, "no-typescript");
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, "tsc"), "#!/bin/sh\necho 'tsc was started' >&2\nexit 1\n", { mode: 0o755 });
  return { ...sdk.environment, PATH: [folder, sdk.environment["PATH"]].join(path.delimiter) };
}

function nameOf(app: string): string {
  return (JSON.parse(readFileSync(path.join(app, "package.json"), "utf8")) as { name: string }).name;
}

/** Copies what was built. mcpack ends well where nothing was. @throws Error with the output of the tools */
function copyBuilt(packed: Packed, name: string, text: string, library: string): void {
  const built = path.join(outputOf(packed), "bin", "lin", "mc", "release", name, "mc.so");
  try {
    copyFileSync(built, library);
  } catch {
    throw new Error(`${name} was not built:\n${text}`);
  }
}

/** Builds an app that has a package.json, by mcpack, without TypeScript. @param library the path for what the simulator loads */
export async function buildPackage(sdk: Sdk, packed: Packed, app: string, library: string): Promise<void> {
  const command = ["mcpack", "mcconfig", "-m", "-p", "lin", "-t", "build", "-o", outputOf(packed)] as const;
  const text = await runIn(app, command, withoutTypeScript(sdk, packed));
  copyBuilt(packed, nameOf(app), text, library);
}

/** Compiles and links the JavaScript of an app that has a package.json, and runs its preload. @returns its modules */
export async function linkPackage(sdk: Sdk, packed: Packed, app: string): Promise<string[]> {
  const env = withoutTypeScript(sdk, packed);
  const output = outputOf(packed);
  const text = await runIn(app, ["mcpack", "mcconfig", "-p", "lin", "-o", output], env);
  const folder = path.join(output, "tmp", "lin", "mc", "release", nameOf(app));
  try {
    await runIn(app, ["make", "-f", path.join(folder, "makefile"), path.join(folder, "mc.xs.c")], env);
  } catch (error) {
    throw new Error(text, { cause: error });
  }
  return readdirSync(path.join(folder, "modules"), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".xsb"))
    .map((file) => file.slice(0, -".xsb".length));
}

/** Builds an app that has a manifest.json. The address of this project at its public host stands for what is here. */
export async function buildIncluding(sdk: Sdk, packed: Packed, app: string, library: string): Promise<void> {
  const env = {
    ...sdk.environment,
    GIT_CONFIG_COUNT: "1",
    GIT_CONFIG_KEY_0: `url.file://${packed.repository}.insteadOf`,
    GIT_CONFIG_VALUE_0: "https://github.com/xs-websockets/xs-websockets.git",
  };
  const text = await runIn(app, ["mcconfig", "-m", "-p", "lin", "-t", "build", "-o", outputOf(packed)], env);
  copyBuilt(packed, path.basename(app), text, library);
}
