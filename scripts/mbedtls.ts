/**
 * npm run mbedtls: brings the sources of mbedTLS, which apps with TLS are built with, into build/mbedtls: on Debian its
 * source package, by apt-get and from where the machine has its packages from. Nothing of the system is changed, and
 * nothing else of this project fetches anything.
 */

import { createSources, fetchSources } from "./debiansource.js";
import { findMbedtls, mbedtlsFolder, missingMbedtlsMessage } from "./sdk.js";

/** The release of Debian that has mbedTLS 3.6. */
const suite = "trixie";

async function main(): Promise<number> {
  const present = findMbedtls();
  if (present === undefined) {
    const sources = createSources(suite);
    if (sources === undefined) {
      process.stderr.write(missingMbedtlsMessage);
      return 1;
    }
    process.stdout.write(`fetching the source package mbedtls of Debian ${suite} into ${mbedtlsFolder}\n`);
    await fetchSources("mbedtls", sources, mbedtlsFolder);
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
