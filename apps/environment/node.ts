/** `#environment` on Node.js. */

import { existsSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { readAuthority } from "./authority.js";
import { didYouMean } from "./closest.js";
import type { Environment } from "./environment.js";
import { type Defaults, readSettings as read, SettingError, type Settings } from "./settings.js";

// As on XS, an exception that nobody catches is told, and the app goes on. If it ends by that, it has failed.
process.on("uncaughtException", (error: unknown, origin) => {
  if (error instanceof SettingError) console.error(error.message);
  else console.error(`${origin}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  process.exitCode = 1;
});

const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
  readonly version: string;
};

export function readSettings<D extends Defaults>(defaults: D): Settings<D> {
  const names = Object.keys(defaults);
  const { PORT } = process.env;
  const given: Record<string, string> = PORT === undefined ? {} : { port: PORT };
  for (const argument of process.argv.slice(2)) {
    const at = argument.indexOf("=");
    const name = argument.slice(0, Math.max(at, 0));
    if (!names.includes(name)) throw new SettingError(explain(argument, name, names));
    const value = argument.slice(at + 1);
    given[name] = name === "ca" && value !== "" ? readAuthority(value) : value;
  }
  const settings = read(given, defaults);
  console.log(`xs-websockets ${version}`);
  return settings;
}

function explain(argument: string, name: string, names: readonly string[]): string {
  const known = `The settings of this sample are ${names.join(", ")}: write ${names[0] ?? "name"}=value.`;
  if (name === "") return `"${argument}" is no setting. ${known}`;
  return `There is no setting "${name}".${didYouMean(name, names)} ${known}`;
}

export const loadResource: Environment["loadResource"] = (name) =>
  readFileSync(join(dirname(process.argv[1] ?? ""), name));

export const loadIdentity: Environment["loadIdentity"] = () => {
  const folder = resolve(process.env["CERTIFICATES"] ?? "certificates", "device");
  const [certificate, key] = ["device-certificate.der", "device-key.der"].map((name) => join(folder, name));
  if (certificate === undefined || key === undefined || !existsSync(certificate) || !existsSync(key))
    throw new SettingError(
      `There is no certificate in ${folder}. Make one: npm run certificate -- localhost 127.0.0.1`,
    );
  return { certificates: [readFileSync(certificate)], privateKey: readFileSync(key) };
};

export const whenNetworkReady: Environment["whenNetworkReady"] = () => Promise.resolve("localhost");

export const whenDateValid: Environment["whenDateValid"] = () => Promise.resolve();

export const delay: Environment["delay"] = (delayMs) => new Promise((resolve) => setTimeout(resolve, delayMs));

export const toBase64: Environment["toBase64"] = (bytes) =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");

export const fromBase64: Environment["fromBase64"] = (text) => Buffer.from(text, "base64");

export const log: Environment["log"] = (text) => {
  // In a terminal the last line may be the LED: see rgb-server/led/terminal.ts.
  console.log(process.stdout.isTTY ? `\r\x1b[K${text}` : text);
};

export const onExit: Environment["onExit"] = (callback) => {
  const exit = (): void => {
    callback().then(() => process.exit(0), exitWith);
  };
  process.once("SIGINT", exit);
  process.once("SIGTERM", exit);
};

export const exitWith: Environment["exitWith"] = (error) => {
  console.error(error instanceof Error ? error.message : String(error));
  process.exit(1);
};
