/** What two sides of the TLS engine say is changed on its way, under sanitizers. FUZZ_BYTES asks for another number. */

import { spawnSync } from "node:child_process";

import { describeIf } from "../support/describeif.js";
import { buildTlsProgram, findSanitizedMbedtls, tlsProgramNeeds, writeTlsProgramFiles } from "../support/tlsprogram.js";
import { LONG_MS } from "../support/building.js";

const mbedtls = findSanitizedMbedtls();
const BYTES = process.env["FUZZ_BYTES"] ?? "300000";
const SEED = process.env["FUZZ_SEED"] ?? "1";

describeIf(mbedtls !== undefined, tlsProgramNeeds, "the TLS engine with somebody in between, under sanitizers", () => {
  test(
    "changed bytes, records and messages find no defect, and leave nothing",
    async () => {
      if (mbedtls === undefined) return;
      const program = buildTlsProgram(mbedtls, "fuzz");
      const folder = await writeTlsProgramFiles();
      const { status, stdout, stderr } = spawnSync(program, [folder, BYTES, SEED], {
        encoding: "utf8",
        timeout: LONG_MS * 4,
      });
      console.info(stdout);
      expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
      const [, heard = "", connections = "", secured = "", left = ""] =
        /^(\d+) bytes, (\d+) connections, (\d+) of them secured: (-?\d+) bytes more$/m.exec(stdout) ?? [];
      expect(Number(heard)).toBeGreaterThanOrEqual(Number(BYTES));
      // Else nothing late in a connection was reached, or nothing was changed.
      expect(Number(secured)).toBeGreaterThan(Number(connections) / 50);
      expect(Number(secured)).toBeLessThan(Number(connections) / 1.5);
      expect(Number(left)).toBe(0);
    },
    // FUZZ_BYTES may be large.
    LONG_MS * 5,
  );
});
