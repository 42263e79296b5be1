/**
 * The settings of ESP-IDF. mcconfig takes those of one folder beside its own, SDKCONFIGPATH of a manifest, and where a
 * board has such a folder, an app's is left out. Here both are joined.
 */

import { appendFileSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";

import type { Board } from "./boards.js";
import type { Sdk } from "./sdk.js";

interface Build {
  readonly build?: { readonly SDKCONFIGPATH?: string };
}

/** What is used of a manifest. */
interface Manifest extends Build {
  readonly platforms?: { readonly esp32?: Build };
}

const FILE = "sdkconfig.defaults";

/** @returns the folder that a manifest names, undefined where it names none */
function settingsOf(sdk: Sdk, folder: string): string | undefined {
  const file = path.join(folder, "manifest.json");
  if (!existsSync(file)) return undefined;
  const { build, platforms } = JSON.parse(readFileSync(file, "utf8")) as Manifest;
  const named = platforms?.esp32?.build?.SDKCONFIGPATH ?? build?.SDKCONFIGPATH;
  return named === undefined ? undefined : path.resolve(folder, named.replace("$(MODDABLE)", sdk.folder));
}

/**
 * @param app the folder of an app
 * @param output where the joined settings are written
 * @returns the folder to build: of an app of the same name, with the settings of both, where the board has some too
 */
export function withSettingsOfBoard(sdk: Sdk, app: string, board: Board, output: string): string {
  const target = path.join(sdk.folder, "build", "devices", "esp32", "targets", path.basename(board.platform));
  const own = settingsOf(sdk, app);
  const boards = settingsOf(sdk, target);
  if (own === undefined || boards === undefined) return app;
  const folder = path.join(output, "settings", board.folder, path.basename(app));
  const joined = path.join(folder, "sdkconfig");
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  cpSync(boards, joined, { recursive: true });
  appendFileSync(path.join(joined, FILE), `\n${readFileSync(path.join(own, FILE), "utf8")}`);
  const last = { build: { SDKCONFIGPATH: "./sdkconfig" } };
  writeFileSync(path.join(folder, "last.json"), JSON.stringify(last));
  const manifest = path.relative(folder, path.join(app, "manifest.json"));
  writeFileSync(path.join(folder, "manifest.json"), JSON.stringify({ include: [manifest, "./last.json"] }));
  return folder;
}
