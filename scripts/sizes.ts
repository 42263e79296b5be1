/** What the modules of an app take of a device's flash. */

import { mkdirSync, readFileSync } from "node:fs";
import path from "node:path";

/** A slot of XS has 16 bytes on a 32-bit machine. Those of the preload stay in flash. */
const SLOT_BYTES = 16;

/** What mcconfig has written for an app. */
export interface Build {
  /** The folder of its makefile and of the compiled modules. */
  readonly folder: string;
  /** Runs XS's linker. Rejects where it fails. */
  readonly link: (parameters: readonly string[]) => Promise<void>;
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

/** The words of a variable of the makefile. A variable of the SDK's may have the same name and comes before. */
function wordsOf(makefile: string, variable: string): string[] {
  const found = [...makefile.matchAll(new RegExp(`^${variable} *=((?:.*\\\\\n)*.*)$`, "gm"))].at(-1);
  const text = (found?.[1] ?? "").replaceAll("\\\n", " ").replaceAll("\\#", "#");
  return text.split(/\s+/).filter(Boolean);
}

/** Whether a compiled module is the library's. */
function isOurs(name: string): boolean {
  return name.startsWith("xs-websockets");
}

/** An app that can be linked with any of its preloads. */
class Linker {
  readonly modules: readonly string[];
  readonly preload: readonly string[];
  private readonly build: Build;
  private readonly settings: readonly string[];

  constructor(build: Build) {
    this.build = build;
    const makefile = readFileSync(path.join(build.folder, "makefile"), "utf8");
    // The others are the names that native code uses.
    const compiled = wordsOf(makefile, "MODULES").filter((file) => file.endsWith(".xsb"));
    this.modules = compiled.map((file) => file.replace("$(MODULES_DIR)/", ""));
    this.preload = wordsOf(makefile, "PRELOADS").filter((word) => word !== "-p");
    const strips = wordsOf(makefile, "STRIPS").map((word) => word.replaceAll('"', ""));
    this.settings = [...strips, ...wordsOf(makefile, "CREATION")];
  }

  /** The slots of the app when only these modules are preloaded. */
  async countSlots(preload: readonly string[]): Promise<number> {
    const output = path.join(this.build.folder, "sizes");
    mkdirSync(output, { recursive: true });
    const modules = path.join(this.build.folder, "modules");
    const preloads = preload.flatMap((name) => ["-p", name]);
    const files = this.modules.map((name) => path.join(modules, name));
    await this.build.link(["-b", modules, "-o", output, ...preloads, ...this.settings, ...files]);
    const linked = readFileSync(path.join(output, "mc.xs.c"), "utf8");
    return Number(/#define mxHeapCount (\d+)/.exec(linked)?.[1] ?? 0);
  }
}

/** The slots that each of our modules adds to those before it. */
async function slotsByModule(linker: Linker, others: readonly string[], ours: readonly string[]): Promise<number[]> {
  const counts: number[] = [];
  for (let count = 0; count <= ours.length; count++)
    counts.push(await linker.countSlots([...others, ...ours.slice(0, count)]));
  return ours.map((_, index) => (counts[index + 1] ?? 0) - (counts[index] ?? 0));
}

/**
 * Describes what the library and the app take: byte code, and the slots of the preload.
 *
 * @param isDetailed whether the slots of each module are counted, too, which takes half a minute; a module that another
 *   one imports before its turn counts there
 */
export async function describeSizes(build: Build, isDetailed: boolean): Promise<string> {
  const linker = new Linker(build);
  const { modules, preload } = linker;
  const [ours, others] = [preload.filter(isOurs), preload.filter((name) => !isOurs(name))];
  const slots = isDetailed ? await slotsByModule(linker, others, ours) : [];
  const all = await linker.countSlots(preload);
  const own = all - (await linker.countSlots(others));

  const codeOf = (name: string): number => codeSize(path.join(build.folder, "modules", name));
  const sum = (isCounted: (name: string) => boolean): number =>
    modules.filter(isCounted).reduce((total, name) => total + codeOf(name), 0);
  const lines: string[] = [];
  const add = (count: number, what: string): number => lines.push(`${count.toString().padStart(8)}  ${what}`);
  for (const name of modules.filter((module) => isOurs(module) || module.startsWith("apps")).sort()) {
    const count = slots[ours.indexOf(name)];
    add(codeOf(name), `${name.slice(0, -4)}${count === undefined ? "" : `, ${count.toString()} slots`}`);
  }
  const code = sum(isOurs);
  add(code, "bytes of code of this library");
  add(own, `slots of its preload, ${(own * SLOT_BYTES).toString()} bytes`);
  add(code + own * SLOT_BYTES, "bytes of flash for this library");
  add(
    sum((name) => name.startsWith("apps")),
    "bytes of code of the app",
  );
  const total = sum(() => true);
  add(total + all * SLOT_BYTES, `bytes of flash for all modules, ${all.toString()} slots among them`);
  return `${lines.join("\n")}\n`;
}
