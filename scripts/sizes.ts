/** What the modules of an app take on a device. */

import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";

/** A slot of XS has 16 bytes on a 32-bit machine. Those of the preload stay in flash. */
const slotBytes = 16;

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

/**
 * Prints the size of each module of ours, of all together, and of the preload.
 *
 * @param folder where mcconfig has put the compiled modules
 * @param linked the C source that XS's linker has written
 */
export function describeSizes(folder: string, linked: string): string {
  const modules = path.join(folder, "modules");
  const sizes = readdirSync(modules, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".xsb"))
    .map((file) => ({ file, bytes: codeSize(path.join(modules, file)) }))
    .sort((one, other) => (one.file < other.file ? -1 : 1));
  const lines: string[] = [];
  const add = (bytes: number, what: string): number => lines.push(`${bytes.toString().padStart(8)}  ${what}`);
  const sum = (prefix: string): number =>
    sizes.reduce((total, { file, bytes }) => (file.startsWith(prefix) ? total + bytes : total), 0);
  for (const { file, bytes } of sizes) if (/^(?:xs-websockets|apps)\b/.test(file)) add(bytes, file.slice(0, -4));
  add(sum("xs-websockets"), "bytes of code of this library");
  add(sum("apps"), "bytes of code of the app");
  add(sum(""), "bytes of code of all modules");
  const slots = Number(/#define mxHeapCount (\d+)/.exec(readFileSync(linked, "utf8"))?.[1] ?? 0);
  add(slots, `slots of the preload, ${(slots * slotBytes).toString()} bytes of flash`);
  return `${lines.join("\n")}\n`;
}
