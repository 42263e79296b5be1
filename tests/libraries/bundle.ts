/** Makes one ES module of each library, as an app for XS has to: mcconfig compiles what its manifest names. */

import { build } from "esbuild";
import path from "node:path";

import { writeWhole } from "../support/building.js";

const PROJECT = path.join(__dirname, "..", "..");
const OUTPUT = path.join(PROJECT, "build", "libraries");

/** The libraries that run on XS, and their declarations. tests/libraries/xs/manifest.json names the same. */
const LIBRARIES: readonly (readonly [name: string, declarations: string])[] = [
  ["@microsoft/signalr", "@microsoft/signalr/dist/esm/index"],
  ["graphql-ws/client", "graphql-ws/dist/client"],
  ["home-assistant-js-websocket", "home-assistant-js-websocket/dist/index"],
  ["reconnecting-websocket", "reconnecting-websocket/dist/reconnecting-websocket"],
];

/** Writes build/libraries/NAME.js for each, and a NAME.d.ts that leads to its declarations. */
export async function bundleLibraries(): Promise<void> {
  await build({
    absWorkingDir: PROJECT,
    entryPoints: LIBRARIES.map(([name]) => ({ in: name, out: name })),
    bundle: true,
    outdir: OUTPUT,
    ...{ format: "esm", platform: "browser", target: "es2022", mainFields: ["browser", "module", "main"] },
  });
  for (const [name, declarations] of LIBRARIES) {
    const target = path.join(PROJECT, "node_modules", `${declarations}.js`);
    const text = `export * from "${target}";\nexport { default } from "${target}";\n`;
    writeWhole(path.join(OUTPUT, `${name}.d.ts`), text);
  }
}
