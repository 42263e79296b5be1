/** What the command lines of the scripts have in common. A mistake in one is said before anything is built. */

import { existsSync, readdirSync } from "node:fs";
import path from "node:path";
import { readAuthority } from "../apps/environment/authority.js";
import { didYouMean } from "../apps/environment/closest.js";
import { readSettings } from "../apps/environment/settings.js";

/** A mistake in a command line. Its message is all that a person needs: no stack is shown. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

export interface CommandLine {
  /** What is neither a flag nor a setting. */
  readonly names: readonly string[];
  /** `name=value`, as mcconfig takes them. */
  readonly settings: ReadonlyMap<string, string>;
  /** Without their hyphens. */
  readonly flags: ReadonlySet<string>;
}

/** Settings of the samples, and those of the SDK that a device needs. An app of one's own may have others. */
const SETTINGS: readonly string[] = [
  "ssid",
  "password",
  "port",
  "clients",
  "url",
  "ca",
  "hub",
  "sntp",
  "secure",
  "host",
  "hostname",
];

/** Those that are numbers, with an example: of others it is the app that knows. */
const NUMBERS = { port: 8080, clients: 10, secure: 1 };

/**
 * Sorts the parameters of a script.
 *
 * @param flags all that the script knows, without their hyphens
 * @param environment where npm tells which flags it has kept for itself
 * @throws UsageError for a flag or a setting that does not exist
 */
export function readCommandLine(
  parameters: readonly string[],
  flags: readonly string[],
  environment: NodeJS.ProcessEnv = process.env,
): CommandLine {
  const names: string[] = [];
  const settings = new Map<string, string>();
  const given = new Set<string>();
  for (const parameter of parameters) {
    if (parameter.startsWith("-")) given.add(readFlag(parameter, flags));
    else if (parameter.includes("=")) settings.set(...readSetting(parameter));
    else names.push(parameter);
  }
  checkFlagsOfNpm(environment, flags);
  return { names, settings, flags: given };
}

/**
 * Reads `name=value` parameters of a script of which all names are known.
 *
 * @throws UsageError for anything else
 */
export function readOptions(parameters: readonly string[], names: readonly string[]): ReadonlyMap<string, string> {
  const options = new Map<string, string>();
  for (const parameter of parameters) {
    const [name = "", ...value] = parameter.split("=");
    if (!names.includes(name) || value.length === 0)
      throw new UsageError(
        `"${parameter}" is no option.${didYouMean(name, names)} The options are ${names.join("=..., ")}=...`,
      );
    options.set(name, value.join("="));
  }
  return options;
}

/** The settings as parameters of mcconfig. */
export function parametersOf(settings: ReadonlyMap<string, string>): string[] {
  return [...settings].map(([name, value]) => `${name}=${value}`);
}

function readFlag(parameter: string, flags: readonly string[]): string {
  const name = parameter.replace(/^-+/, "");
  if (flags.includes(name) && parameter === `--${name}`) return name;
  if (name.includes("=")) throw new UsageError(`A setting has no hyphens: write ${name}`);
  const known = flags.map((flag) => `--${flag}`);
  const list = known.length === 0 ? "This command has no flags." : `The flags are ${known.join(", ")}.`;
  throw new UsageError(`There is no flag "${parameter}".${didYouMean(`--${name}`, known)} ${list}`);
}

function readSetting(parameter: string): [name: string, value: string] {
  const at = parameter.indexOf("=");
  const [name, value] = [parameter.slice(0, at), parameter.slice(at + 1)];
  const meant = SETTINGS.includes(name) ? "" : didYouMean(name, SETTINGS);
  if (meant !== "") throw new UsageError(`There is no setting "${name}".${meant}`);
  readSettings({ [name]: value }, NUMBERS);
  return [name, name === "ca" && value !== "" ? readAuthority(value) : value];
}

/** `npm run esp32 rgb-server --check`, without `--` before it, gives the flag to npm: the script would not see it. */
function checkFlagsOfNpm(environment: NodeJS.ProcessEnv, flags: readonly string[]): void {
  for (const [variable, value] of Object.entries(environment)) {
    if (value !== "true" || !variable.startsWith("npm_config_")) continue;
    const name = variable.slice("npm_config_".length).replaceAll("_", "-");
    if (!flags.includes(name) && didYouMean(name, flags) === "") continue;
    throw new UsageError(`npm has kept --${name} for itself: write -- before what is meant for the command,
such as npm run ${environment["npm_lifecycle_event"] ?? "COMMAND"} -- APP --${name}`);
  }
}

/** The samples that run on XS. */
export function listApps(): string[] {
  return readdirSync("apps")
    .filter((name) => existsSync(path.join("apps", name, "main.ts")) && existsSync(manifestOf(name)))
    .sort();
}

function manifestOf(name: string): string {
  return path.resolve("apps", name, "manifest.json");
}

/**
 * The folder of a sample, or of another app by its path from apps/.
 *
 * @throws UsageError where there is none
 */
export function findApp(name: string | undefined, usage: string): string {
  const apps = listApps();
  const list = `The samples are ${apps.join(", ")}.`;
  if (name === undefined) throw new UsageError(`usage: ${usage}\n${list}`);
  const isPath = name.includes("/") || name.includes(path.sep);
  if (isPath ? existsSync(manifestOf(name)) : apps.includes(name)) return path.dirname(manifestOf(name));
  throw new UsageError(`There is no sample "${name}".${didYouMean(name, apps)} ${list}`);
}

/** Where `npm run certificate` puts what it makes: CERTIFICATES of the environment, or a folder of this project. */
export function certificatesFolder(): string {
  return path.resolve(process.env["CERTIFICATES"] ?? "certificates");
}

/**
 * The folder that is built for an app: with `secure=1` the one in it that adds TLS and the device's certificate, where
 * the app has one.
 *
 * @throws UsageError where there is no certificate yet
 */
export function variantOf(app: string, settings: ReadonlyMap<string, string>): string {
  const variant = path.join(app, `${path.basename(app)}-secure`);
  if (["", "0"].includes(settings.get("secure") ?? "") || !existsSync(path.join(variant, "manifest.json"))) return app;
  if (existsSync(path.join(certificatesFolder(), "device", "manifest.json"))) return variant;
  throw new UsageError(`secure=1: there is no certificate in ${certificatesFolder()}. Make one for the name and the addresses
by which the device is found, such as: npm run certificate -- lamp.local 192.168.1.20`);
}

/** Runs a script: its mistakes of use are a text, and anything else that goes wrong, too. */
export function runScript(main: () => number | Promise<number>): void {
  new Promise<number>((resolve) => resolve(main())).then(
    (exitCode) => {
      process.exitCode = exitCode;
    },
    (error: unknown) => {
      process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
      process.exitCode = 1;
    },
  );
}
