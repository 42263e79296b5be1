/**
 * npm run mbedtls: brings the sources of mbedTLS, which apps with TLS are built with, into build/mbedtls: on Debian its
 * source package, by apt-get and from where the machine has its packages from. Nothing of the system is changed, and
 * nothing else of this project fetches anything.
 */

import { rmSync } from "node:fs";

import { createSources, fetchSources } from "./debiansource.js";
import { findMbedtls, mbedtlsFolder, missingMbedtlsMessage } from "./sdk.js";

/**
 * The releases of Debian that have mbedTLS 3.6, the preferred one first: before 3.6.7 a client does not reach servers of TLS
 * 1.2 that sign by RSA-PSS of themselves.
 */
const suites = ["sid", "trixie"];

/** @returns whether it has brought mbedTLS 3.6 */
async function fetchFrom(suite: string): Promise<boolean> {
  const sources = createSources(suite);
  if (sources === undefined) return false;
  process.stdout.write(`fetching the source package mbedtls of Debian ${suite} into ${mbedtlsFolder}\n`);
  rmSync(mbedtlsFolder, { recursive: true, force: true });
  try {
    await fetchSources("mbedtls", sources, mbedtlsFolder);
  } catch (error) {
    process.stderr.write(`${String(error)}\n`);
  }
  return findMbedtls()?.version.startsWith("3.") === true;
}

async function main(): Promise<number> {
  if (findMbedtls() === undefined) {
    if (createSources() === undefined) {
      process.stderr.write(missingMbedtlsMessage);
      return 1;
    }
    for (const suite of suites) if (await fetchFrom(suite)) break;
  }
  const found = findMbedtls();
  if (found === undefined) throw new Error(`there is no mbedTLS 3.6 in what apt-get has brought to ${mbedtlsFolder}`);
  process.stdout.write(`mbedTLS ${found.version} is in ${found.folder}\n`);
  return 0;
}

main().then(
  (exitCode) => {
    process.exitCode = exitCode;
  },
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  },
);
