/**
 * npm run build: makes dist/, what the package runs from: JavaScript for Node.js and for XS, declarations, maps, and the
 * manifest by which an app of mcpack gets TLS.
 */

import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { runScript } from "./commandline.js";
import { run } from "./sdk.js";

const CONFIGURATIONS = ["tsconfig.build.json", "hosts/moddable/tsconfig.build.json"];

/** The names by which hosts/moddable asks for TLS at run time, after "xs-websockets/". */
const ASKED_FOR = ["tls/connecttls", "tls/acceptor"];

async function compile(configuration: string): Promise<void> {
  // Emits the same as TypeScript 6, in a fifth of the time.
  const compiler = path.join("node_modules", "typescript-7", "bin", "tsc");
  const { exitCode, text } = await run(process.execPath, [compiler, "-p", configuration]);
  if (exitCode !== 0) throw new Error(`tsc -p ${configuration} has failed:\n${text}`);
}

/**
 * mcpack names modules after their files, and finds none that is imported by a name which is made at run time: the
 * modules of TLS come by a manifest, and two of them by their usual names, too.
 */
function writeTlsManifest(): void {
  const source = "hosts/moddable/manifest_tls.json";
  const { modules } = JSON.parse(readFileSync(source, "utf8")) as { modules: Readonly<Record<string, string>> };
  const files = Object.values(modules).map((file) => path.posix.join("hosts/moddable", file));
  const names = files.map((file) => `xs-websockets/dist/${file}`);
  const manifest = {
    include: ["../hosts/moddable/manifest_tlsnatives.json"],
    modules: Object.fromEntries([
      ...files.map((file, index) => [names[index], `./${file}`]),
      ...ASKED_FOR.map((name) => [`xs-websockets/${name}`, `./${name}`]),
    ]) as Record<string, string>,
    preload: [...names, ...ASKED_FOR.map((name) => `xs-websockets/${name}`)],
  };
  writeFileSync("dist/manifest_tls.json", `${JSON.stringify(manifest, undefined, 2)}\n`);
  mkdirSync("dist/tls");
  for (const name of ASKED_FOR)
    writeFileSync(`dist/${name}.js`, `export { default } from "xs-websockets/dist/hosts/moddable/${name}";\n`);
}

async function main(): Promise<number> {
  // What was compiled from a file that is gone must not be published.
  rmSync("dist", { recursive: true, force: true });
  await Promise.all(CONFIGURATIONS.map(compile));
  writeTlsManifest();
  return 0;
}

runScript(main);
