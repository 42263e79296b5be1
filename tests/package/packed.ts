/** The package as npm packs it from a clean clone, installed in a folder outside this repository, for Jest. */

import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { run } from "../../scripts/sdk.js";
import { PROJECT } from "../project/sources.js";

/** Runs a program to its end. @returns what it wrote. @throws Error with that where it fails */
export async function runIn(
  cwd: string,
  command: readonly [program: string, ...parameters: string[]],
  env = process.env,
): Promise<string> {
  const [program, ...parameters] = command;
  const { exitCode, text } = await run(program, parameters, { cwd, env });
  if (exitCode !== 0) throw new Error(`${command.join(" ")} has failed with ${exitCode}:\n${text}`);
  return text;
}

/** npm, which is no program that can be started by its name everywhere. */
function npm(...parameters: string[]): [program: string, ...parameters: string[]] {
  const { npm_execpath: script } = process.env;
  return script?.endsWith(".js") === true ? [process.execPath, script, ...parameters] : ["npm", ...parameters];
}

/** The project's own Node programs, such as "publint/src/cli.js". */
export function ownProgram(name: string): string {
  return path.join(PROJECT, "node_modules", name);
}

/** A folder with the packed package, and the projects of examples/ beside it. */
export class Packed {
  /** The folder in which the package is installed, with the examples in it. */
  readonly folder = mkdtempSync(path.join(tmpdir(), "xs-websockets-"));
  /** A git repository of what is here, with one commit; named as in the manifests of the examples. */
  readonly repository = path.join(this.folder, "xs-websockets");
  readonly tarball = path.join(this.folder, "xs-websockets.tgz");
  /** Where the package is installed. */
  readonly installed = path.join(this.folder, "node_modules", "xs-websockets");

  static async create(): Promise<Packed> {
    const packed = new Packed();
    await packed.#clone();
    await packed.#install();
    cpSync(path.join(PROJECT, "examples"), packed.folder, { recursive: true });
    return packed;
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** What git would have: nothing that is ignored, and what is not committed yet, too. */
  async #clone(): Promise<void> {
    const listed = await runIn(PROJECT, ["git", "ls-files", "-co", "--exclude-standard", "-z"]);
    for (const name of listed.split("\0")) {
      const file = path.join(PROJECT, name);
      if (name !== "" && existsSync(file)) cpSync(file, path.join(this.repository, name));
    }
    const identity = ["-c", "user.name=test", "-c", "user.email=test@localhost", "-c", "commit.gpgsign=false"] as const;
    await runIn(this.repository, ["git", "init", "--quiet"]);
    await runIn(this.repository, ["git", "add", "--all"]);
    await runIn(this.repository, ["git", ...identity, "commit", "--quiet", "--message", "all"]);
  }

  /** As npm does for a dependency from git: the script "prepare" makes what is published. */
  async #install(): Promise<void> {
    symlinkSync(path.join(PROJECT, "node_modules"), path.join(this.repository, "node_modules"), "junction");
    const output = await runIn(this.repository, npm("pack", "--silent", "--pack-destination", this.folder));
    const name = output.trim().split("\n").at(-1) ?? "";
    cpSync(path.join(this.folder, name), this.tarball);
    const quick = ["--offline", "--no-audit", "--no-fund", "--no-package-lock", "--silent"];
    await runIn(this.folder, npm("install", ...quick, this.tarball));
    // What the examples have beside it comes from here: no registry is asked.
    mkdirSync(path.join(this.folder, "node_modules", "@types"));
    for (const dependency of ["@types/node", "undici-types"])
      symlinkSync(ownProgram(dependency), path.join(this.folder, "node_modules", dependency), "junction");
  }
}
