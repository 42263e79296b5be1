/** The TLS engine against itself, under sanitizers: what is left of 1,000 handshakes of each kind, and of failures. */

import { spawnSync } from "node:child_process";

import { describeIf } from "../support/describeif.js";
import { buildTlsProgram, findSanitizedMbedtls, tlsProgramNeeds, writeTlsProgramFiles } from "../support/tlsprogram.js";
import { LONG_MS } from "../support/building.js";

const mbedtls = findSanitizedMbedtls();
/** LEAK_CYCLES of the environment asks for another number of handshakes of every kind. */
const CYCLES = process.env["LEAK_CYCLES"] ?? "1000";

describeIf(mbedtls !== undefined, tlsProgramNeeds, "the TLS engine under sanitizers", () => {
  test(
    "good, refused, resumed and cut handshakes, and memory that fails anywhere, leave nothing",
    async () => {
      if (mbedtls === undefined) return;
      const program = buildTlsProgram(mbedtls, "loopback");
      const folder = await writeTlsProgramFiles();
      const { status, stdout, stderr } = spawnSync(program, [folder, CYCLES], {
        encoding: "utf8",
        timeout: LONG_MS - 60_000,
      });
      console.info(stdout);
      // It tells what it has suppressed: see loopback.c.
      expect(
        stderr.replaceAll(
          /^(?:-+|Suppressions used:|\s+count\s+bytes template|\s+\d+\s+\d+ mbedtls_ssl_tls13_\w+)?\n/gm,
          "",
        ),
      ).toBe("");
      expect(status).toBe(0);
      expect(stdout.match(/: 0 bytes more$/gm)?.length).toBe(2);
    },
    LONG_MS,
  );
});
