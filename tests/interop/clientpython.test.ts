/** Our client with the server of the Python package `websockets`. */

import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import path from "node:path";
import { createInterface } from "node:readline";
import { describeIf } from "../support/describeif.js";
import { testServer } from "./clientsuite.js";

const SCRIPT = path.join(__dirname, "python", "server.py");

/** The first interpreter that has the package: Debian's own has what Debian's packages install. */
const python = ["python3", "/usr/bin/python3", "python"].find(
  (command) => spawnSync(command, ["-c", "import websockets; websockets.serve"]).status === 0,
);

describeIf(python !== undefined, "python3 with the package websockets", "Python websockets as server", () => {
  let program: ChildProcess;
  let port = "";

  beforeAll(async () => {
    const child = spawn(python ?? "", [SCRIPT], { stdio: ["pipe", "pipe", "inherit"] });
    program = child;
    port = await new Promise<string>((resolve, reject) => {
      createInterface({ input: child.stdout }).once("line", resolve);
      child.once("close", () => reject(new Error("server.py has ended")));
    });
  });
  afterAll(async () => {
    const ended = new Promise((resolve) => program.once("close", resolve));
    program.stdin?.end();
    await ended;
  });

  testServer(() => `ws://127.0.0.1:${port}/`, { pings: true });
});
