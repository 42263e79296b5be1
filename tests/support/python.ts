import { spawnSync } from "node:child_process";

/** The first interpreter that has the package `websockets`: Debian's own has what Debian's packages install. */
export function findPython(): string | undefined {
  return ["python3", "/usr/bin/python3", "python"].find(
    (command) => spawnSync(command, ["-c", "import websockets; websockets.connect"]).status === 0,
  );
}
