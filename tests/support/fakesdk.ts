/** A folder that looks like the Moddable SDK, whose mcconfig writes down how it was called. For POSIX shells. */

import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

export class FakeSdk {
  /** For the variable MODDABLE. */
  readonly folder = mkdtempSync(path.join(tmpdir(), "fakesdk-"));

  /**
   * @param boards the names of the boards that it knows
   * @param script what its mcconfig does beside, as shell commands
   */
  constructor(boards: readonly string[], script: string) {
    const host = process.platform === "darwin" ? "mac" : "lin";
    const tools = path.join(this.folder, "build", "bin", host, "release");
    mkdirSync(tools, { recursive: true });
    for (const board of boards)
      mkdirSync(path.join(this.folder, "build", "devices", "esp32", "targets", board), { recursive: true });
    const program = path.join(tools, "mcconfig");
    writeFileSync(program, `#!/bin/sh\nfor word in "$@"; do echo "$word"; done >> '${this.#record}'\n${script}\n`);
    chmodSync(program, 0o755);
  }

  get #record(): string {
    return path.join(this.folder, "calls.txt");
  }

  /** All parameters of all calls of mcconfig, in their order. */
  get parameters(): readonly string[] {
    return existsSync(this.#record) ? readFileSync(this.#record, "utf8").trimEnd().split("\n") : [];
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
