/** Programs in C that run the TLS engine without XS, under AddressSanitizer and UndefinedBehaviorSanitizer. */

import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import path from "node:path";

import { findMbedtls, type Mbedtls } from "../../scripts/sdk.js";
import { alone, writeWhole } from "./building.js";
import { testCertificates } from "./certificates.js";

const PROJECT = path.join(__dirname, "..", "..");
const OUT = path.join(PROJECT, "build", "tests", "tls-native");
const BUILD_MS = 400_000;

/** What {@link findSanitizedMbedtls} looks for. */
export const tlsProgramNeeds = "Linux with gcc, make and the sources of mbedTLS (npm run mbedtls)";

/** @returns the sources of mbedTLS where such programs can be built */
export function findSanitizedMbedtls(): Mbedtls | undefined {
  const hasTools = ["gcc", "make"].every((tool) => spawnSync(tool, ["--version"]).status === 0);
  const mbedtls = findMbedtls();
  return process.platform === "linux" && hasTools ? mbedtls : undefined;
}

/** Builds a program of tests/tls/native. @returns its path @throws Error with the output of make where that fails */
export function buildTlsProgram(mbedtls: Mbedtls, name: string): string {
  const out = path.join(OUT, mbedtls.version);
  mkdirSync(out, { recursive: true });
  const make = ["make", "-j2", "-C", "tests/tls/native", `MBEDTLS=${mbedtls.folder}`, `OUT=${out}`, "CC=gcc", name];
  const [program, ...parameters] = alone("tls-native", make);
  const options = { cwd: PROJECT, encoding: "utf8", timeout: BUILD_MS, maxBuffer: 2 ** 26 } as const;
  const { status, stdout, stderr } = spawnSync(program, parameters, options);
  if (status !== 0) throw new Error(`make ${name} has failed:\n${stdout}${stderr}`);
  return path.join(out, name);
}

/** Writes the certificates and keys that the programs read. @returns their folder, of this process of Jest alone */
export async function writeTlsProgramFiles(): Promise<string> {
  const { authority, ecdsaClient, right, untrusted } = await testCertificates();
  const none = new Uint8Array();
  const files: Readonly<Record<string, Uint8Array>> = {
    authority,
    stranger: untrusted.certificates.at(-1) ?? none,
    server: right.certificates[0] ?? none,
    "server-key": right.privateKey,
    client: ecdsaClient.certificates[0] ?? none,
    "client-key": ecdsaClient.privateKey,
  };
  const folder = path.join(OUT, `certificates-${process.env["JEST_WORKER_ID"] ?? ""}`);
  mkdirSync(folder, { recursive: true });
  for (const [name, bytes] of Object.entries(files)) writeWhole(path.join(folder, `${name}.der`), bytes);
  return folder;
}
