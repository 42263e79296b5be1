/** Builds a device: a program for XS, with the socket module under test, and everything below it, as a Linux program. */

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import path from "node:path";

import { findLwip } from "../../scripts/lwipsource.js";
import { findMbedtls, run, type Sdk } from "../../scripts/sdk.js";
import { PROFILE_NAMES, type Profile } from "../conformance/profiles.js";
import { alone, writeWhole } from "../support/building.js";
import { findSimulatorSdk } from "../support/simulator.js";

/** The module that the device's sockets are made of. */
export type Subject = "ours" | "sdk";

/** How the device is compiled: see program/Makefile. */
export type Variant = "plain" | "address" | "thread" | "bits32";

export const VARIANTS: readonly Variant[] = ["plain", "address", "thread", "bits32"];

export interface DeviceOptions {
  /** The folder of the program's manifest.json. */
  readonly app: string;
  readonly subject: Subject;
  readonly variant: Variant;
  /** `key=value` pairs for `mc/config`; they are a part of what is built. */
  readonly settings?: readonly string[];
}

/** The program of the conformance tests, and the ports on which its clients look for the runner. */
export function conformanceDevice(
  role: "server" | "client",
  variant: Variant,
): { readonly device: DeviceOptions; readonly ports: Readonly<Record<Profile, number>> } {
  // What a program is told is built into it. In a namespace of its own all ports are free.
  const ports = Object.fromEntries(PROFILE_NAMES.map((name, at) => [name, 7_101 + at])) as Record<Profile, number>;
  const settings = [`role=${role}`, "host=10.77.0.1", ...PROFILE_NAMES.map((name) => `${name}=${ports[name]}`)];
  return { device: { app: "tests/xs/conformance", subject: "ours", variant, settings }, ports };
}

/** What devices are built from. */
export interface Sources {
  readonly sdk: Sdk;
  readonly lwip: string;
  /** Of mbedTLS 3.6; "" where they are missing: programs with TLS need them. */
  readonly mbedtls: string;
}

/** @returns undefined where the SDK or lwIP's sources are missing */
export function findSources(): Sources | undefined {
  const sdk = findSimulatorSdk();
  const lwip = findLwip();
  const mbedtls = findMbedtls();
  if (sdk === undefined || lwip === undefined) return undefined;
  return { sdk, lwip, mbedtls: mbedtls?.version.startsWith("3.") === true ? mbedtls.folder : "" };
}

/** Whether a variant can be compiled here. */
export function canCompile(variant: Variant): boolean {
  if (variant !== "bits32") return true;
  const input = "int main(void) { return 0; }";
  return spawnSync("gcc", ["-m32", "-xc", "-o", "/dev/null", "-"], { input }).status === 0;
}

export const missingCompiler = "a compiler for 32 bits (gcc-multilib)";

export const missingMbedtls = 'the sources of mbedTLS 3.6 ("npm run mbedtls")';

export const missingSources = 'the Moddable SDK, or lwIP\'s sources ("npm run lwip -- source")';

/**
 * Builds what has changed.
 *
 * @returns the path of the program
 * @throws Error with the output of what has failed
 */
export async function buildDevice({ sdk, lwip, mbedtls }: Sources, options: DeviceOptions): Promise<string> {
  const root = path.resolve("build", "lwip");
  const { app, subject, variant, settings = [] } = options;
  // mcconfig tells apps apart by the last part of their path only.
  const name = [
    app.replaceAll(/[/\\]/g, "-"),
    subject,
    ...settings.filter((text) => text.startsWith("role=")).map((text) => text.slice(5)),
  ].join("-");
  const folder = path.join(root, "apps", name);
  const javascript = path.join(root, "javascript");
  mkdirSync(folder, { recursive: true });
  mkdirSync(javascript, { recursive: true });
  const manifests = [path.join(app, "manifest.json"), path.join("tests", "lwip", "subjects", `${subject}.json`)];
  const manifest = { include: manifests.map((file) => path.relative(folder, file)) };
  writeWhole(path.join(folder, "manifest.json"), JSON.stringify(manifest));
  const code = path.join(javascript, "tmp", "lin", "mc", "release", name);
  const programs = path.join(root, "programs");
  const steps = [
    `cd ${folder} && mcconfig -p lin -o ${javascript} ${settings.join(" ")}`,
    `make -s -f ${code}/makefile ${code}/mc.xs.c ${code}/mc.resources.c`,
    `make -s -j2 -C ${path.resolve("tests", "lwip", "program")} MODDABLE=${sdk.folder} LWIP=${lwip} ` +
      `MBEDTLS=${mbedtls} CODE=${code} ` +
      `SUBJECT=${subject} VARIANT=${variant} OUT=${programs}`,
  ];
  // Jest's processes build at the same time, and have objects in common.
  const [shell, ...parameters] = alone("lwip", ["sh", "-c", steps.map((step) => `(${step})`).join(" && ")]);
  const { exitCode, text } = await run(shell, parameters, { env: sdk.environment });
  const program = path.join(programs, variant, name, "device");
  if (exitCode !== 0 || !existsSync(program)) throw new Error(`the device was not built:\n${text}`);
  return program;
}
