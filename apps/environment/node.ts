/** `#environment` on Node.js. */

import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Environment } from "./environment.js";

// As on XS, an exception that nobody catches is told, and the app goes on. If it ends by that, it has failed.
process.on("uncaughtException", (error: unknown, origin) => {
  console.error(`${origin}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  process.exitCode = 1;
});

/** key=value arguments, and the environment variable PORT. */
export const config: Environment["config"] = {
  ...(process.env["PORT"] === undefined ? {} : { port: process.env["PORT"] }),
  ...Object.fromEntries(
    process.argv
      .slice(2)
      .filter((argument) => argument.includes("="))
      .map((argument) => [argument.slice(0, argument.indexOf("=")), argument.slice(argument.indexOf("=") + 1)]),
  ),
};

export const loadResource: Environment["loadResource"] = (name) =>
  readFileSync(join(dirname(process.argv[1] ?? ""), name));

export const whenNetworkReady: Environment["whenNetworkReady"] = () => Promise.resolve("localhost");

export const whenDateValid: Environment["whenDateValid"] = () => Promise.resolve();

export const delay: Environment["delay"] = (delayMs) => new Promise((resolve) => setTimeout(resolve, delayMs));

export const log: Environment["log"] = (text) => {
  console.log(text);
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
