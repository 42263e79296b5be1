/** The boards that the SDK knows, and what a board needs before an app is built for it. */

import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { didYouMean } from "../apps/environment/closest.js";
import { UsageError } from "./commandline.js";
import type { Sdk } from "./sdk.js";

export interface Board {
  /** mcconfig's name, such as "esp32/m5atom_lite". */
  readonly platform: string;
  /** The folder for it below tmp/ of mcconfig's output. */
  readonly folder: string;
}

const FAMILY = "esp32";
const MAX_SSID_BYTES = 32;
const MIN_PASSWORD_CHARACTERS = 8;
const MAX_PASSWORD_CHARACTERS = 64;
const COLUMNS = 4;

/** The SDK joins these to a network by a cable. */
const WIRED: readonly string[] = ["wt32_eth01"];

/**
 * A board by its name: "m5atom_lite", "esp32/m5atom_lite", or "esp32" for an ESP32 of which no more is known.
 *
 * @throws UsageError with all names where the SDK does not know it
 */
export function findBoard(sdk: Sdk, text: string): Board {
  const name = text.toLowerCase();
  if (name === FAMILY) return { platform: FAMILY, folder: FAMILY };
  const board = name.startsWith(`${FAMILY}/`) ? name.slice(FAMILY.length + 1) : name;
  const boards = listBoards(sdk);
  if (boards.includes(board)) return { platform: `${FAMILY}/${board}`, folder: path.join(FAMILY, board) };
  throw new UsageError(
    `The SDK knows no board "${text}".${didYouMean(board, boards)} These are its boards:\n${inColumns([FAMILY, ...boards])}`,
  );
}

function listBoards(sdk: Sdk): string[] {
  const folder = path.join(sdk.folder, "build", "devices", "esp32", "targets");
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort();
}

function inColumns(names: readonly string[]): string {
  const width = Math.max(...names.map((name) => name.length)) + 2;
  const rows: string[] = [];
  for (let at = 0; at < names.length; at += COLUMNS) {
    const row = names.slice(at, at + COLUMNS).map((name) => name.padEnd(width));
    rows.push(`  ${row.join("").trimEnd()}`);
  }
  return rows.join("\n");
}

/**
 * Whether the Wi-Fi is said that a device is to join: without it no sample is of use.
 *
 * @throws UsageError where it is not, or cannot be right
 */
export function checkWifi(app: string, { platform }: Board, settings: ReadonlyMap<string, string>): void {
  if (WIRED.some((name) => platform === `${FAMILY}/${name}`)) return;
  const ssid = settings.get("ssid") ?? configOf(app, "ssid");
  const password = settings.get("password") ?? configOf(app, "password");
  if (ssid === "") throw new UsageError('Which Wi-Fi? Add ssid="your network" password="its password".');
  if (Buffer.byteLength(ssid) > MAX_SSID_BYTES)
    throw new UsageError(`ssid=${ssid}: the name of a Wi-Fi has at most ${MAX_SSID_BYTES} bytes.`);
  if (password !== "" && (password.length < MIN_PASSWORD_CHARACTERS || password.length > MAX_PASSWORD_CHARACTERS))
    throw new UsageError(
      `The password of a Wi-Fi has ${MIN_PASSWORD_CHARACTERS} to ${MAX_PASSWORD_CHARACTERS} characters, this one ${password.length}.`,
    );
}

/** A setting in the manifest of an app. */
function configOf(app: string, name: string): string {
  const manifest: unknown = JSON.parse(readFileSync(path.join(app, "manifest.json"), "utf8"));
  const { config } = manifest as { readonly config?: Readonly<Record<string, unknown>> };
  const value = config?.[name];
  return typeof value === "string" ? value : "";
}
