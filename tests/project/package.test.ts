import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

const PROGRAM = `
import { ClientWebSocket } from "xs-websockets/client";
import { WebSocketServer } from "xs-websockets/server";
const server = new WebSocketServer({ port: 0, onMessageReceived: (_sender, e) => { e.webSocket.sendString(e.frame.text); } });
await server.start();
const client = new ClientWebSocket({ onMessageReceived: (_sender, e) => { console.log(e.frame.text); void server.stop(); } });
await client.connect("ws://127.0.0.1:" + server.port + "/");
client.sendString("packed");
`;

function run(command: string, parameters: readonly string[], cwd: string): string {
  const { status, stdout, stderr } = spawnSync(command, parameters, { cwd, encoding: "utf8", timeout: 90_000 });
  if (status !== 0) throw new Error(`${command} ${parameters.join(" ")}: ${stdout}${stderr}`);
  return stdout;
}

test("the package as npm packs it works on Node, without this repository", () => {
  const folder = mkdtempSync(path.join(tmpdir(), "xs-websockets-"));
  try {
    const archive = run("npm", ["pack", "--silent", "--pack-destination", folder], process.cwd())
      .trim()
      .split("\n")
      .at(-1);
    const home = path.join(folder, "node_modules", "xs-websockets");
    mkdirSync(home, { recursive: true });
    run("tar", ["-xzf", path.join(folder, archive ?? ""), "-C", home, "--strip-components=1"], folder);
    writeFileSync(path.join(folder, "main.mjs"), PROGRAM);
    expect(run(process.execPath, ["main.mjs"], folder)).toBe("packed\n");
  } finally {
    rmSync(folder, { recursive: true });
  }
}, 180_000);
