/** What can be checked of ESP32 builds without a toolchain: all JavaScript, with its preload, of every sample. */

import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import path from "node:path";
import { findSdk } from "../../scripts/sdk.js";
import { describeIf } from "../support/describeif.js";

const PROJECT = path.join(__dirname, "..", "..");

const samples = readdirSync(path.join(PROJECT, "apps")).filter(
  (name) => name !== "environment" && existsSync(path.join(PROJECT, "apps", name, "manifest.json")),
);

describeIf(findSdk() !== undefined, "the Moddable SDK", "npm run esp32 -- APP --check", () => {
  test.each(samples)(
    "%s compiles and links",
    (name) => {
      const parameters = ["--import", "tsx", "scripts/esp32.ts", name, "--check"];
      const { status, stdout, stderr } = spawnSync(process.execPath, parameters, { cwd: PROJECT, encoding: "utf8" });
      expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
      expect(stdout).toMatch(/\d+ {2}apps\//);
      expect(stdout).toMatch(/\d+ {2}bytes of code of this library/);
      expect(stdout).toMatch(/\d+ {2}slots of the preload/);
    },
    180_000,
  );
});
