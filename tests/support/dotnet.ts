/** Builds and runs the .NET projects of tests/interop/dotnet. */

import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";

import { alone } from "./building.js";

const PROJECT = path.join(__dirname, "..", "..");
const ENVIRONMENT = { ...process.env, DOTNET_CLI_TELEMETRY_OPTOUT: "1", DOTNET_NOLOGO: "1" };

/** Whether the .NET SDK is there. */
export const hasDotnet = /^10\./m.test(String(spawnSync("dotnet", ["--list-sdks"], { env: ENVIRONMENT }).stdout));

/** How a build ended. */
export interface Build {
  readonly isBuilt: boolean;
  readonly output: string;
}

/** Builds a project into build/dotnet. It is done before the tests, since what cannot be built is skipped. */
export function buildDotnet(name: string): Build {
  if (!hasDotnet) return { isBuilt: false, output: "there is no dotnet" };
  const stamp = path.join(PROJECT, folderOf(name), "built-from.txt");
  const sources = hashOfSources(name);
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === sources) return { isBuilt: true, output: "" };
  const project = path.join("tests", "interop", "dotnet", name);
  const command = [process.execPath, "tests/support/tools/builddotnet.js", project, folderOf(name), stamp, sources];
  const [program, ...parameters] = alone(name, command);
  const { status, stdout, stderr } = spawnSync(program, parameters, { cwd: PROJECT, env: ENVIRONMENT });
  return { isBuilt: status === 0, output: `${stdout.toString()}${stderr.toString()}` };
}

function hashOfSources(name: string): string {
  const folder = path.join(PROJECT, "tests", "interop", "dotnet");
  const files = [path.join(folder, "Directory.Build.props")];
  for (const file of readdirSync(path.join(folder, name)))
    if (/\.cs(proj)?$/.test(file)) files.push(path.join(folder, name, file));
  // A project may have files of another one.
  for (const file of files.filter((other) => other.endsWith(".csproj")))
    for (const [, link = ""] of readFileSync(file, "utf8").matchAll(/<Compile Include="([^"]+)"/g))
      files.push(path.join(folder, name, link));
  const hash = createHash("sha256");
  for (const file of files) hash.update(readFileSync(file));
  return hash.digest("hex");
}

/** A program that runs. */
export interface DotnetProgram {
  readonly process: ChildProcess;
  readonly lines: string[];
  /** The first line like this. Rejects where the program ends before. */
  waitForLine(pattern: RegExp): Promise<string>;
  /** Ends its standard input, and waits for its end. */
  stop(): Promise<void>;
}

/** Runs what was built. */
export function runDotnet(
  name: string,
  parameters: readonly string[] = [],
  environment: Readonly<Record<string, string>> = {},
): DotnetProgram {
  const child = spawn("dotnet", [path.join(PROJECT, folderOf(name), `${name}.dll`), ...parameters], {
    env: { ...ENVIRONMENT, ...environment },
    stdio: ["pipe", "pipe", "inherit"],
  });
  const lines: string[] = [];
  const reader = createInterface({ input: child.stdout }).on("line", (line) => lines.push(line));
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  return {
    process: child,
    lines,
    waitForLine: (pattern) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const line = lines.find((text) => pattern.test(text));
          if (line !== undefined) resolve(line);
        };
        reader.on("line", look);
        child.once("close", () => reject(new Error(`${name} has ended: ${lines.join("\n")}`)));
        look();
      }),
    async stop() {
      child.stdin.end();
      const timer = setTimeout(() => child.kill("SIGKILL"), 10_000);
      await ended;
      clearTimeout(timer);
    },
  };
}

function folderOf(name: string): string {
  return path.join("build", "dotnet", name);
}
