/** The RGB sample on Node.js in a terminal, which it is given by script(1). */

import { spawn, spawnSync } from "node:child_process";
import { networkInterfaces } from "node:os";
import path from "node:path";
import { findFreePort, startApp } from "../support/apps.js";
import { describeIf } from "../support/describeif.js";
import { decodeQrCode, type Picture } from "../support/qrcode.js";

const PROJECT = path.join(__dirname, "..", "..");
/** Pixels for a module: a reader wants some. */
const SCALE = 6;

const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
const address = addresses.find(({ family, internal }) => family === "IPv4" && !internal)?.address;
// macOS has another script(1).
const hasScript = process.platform === "linux" && spawnSync("script", ["--version"]).status === 0;

/** What is drawn with half blocks: each character is two modules, white where the block is. */
function pictureOf(rows: readonly string[]): Picture {
  const [columns, lines] = [rows[0]?.length ?? 0, rows.length * 2];
  const [width, height] = [columns * SCALE, lines * SCALE];
  const pixels = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [line, column] = [Math.floor(y / SCALE), Math.floor(x / SCALE)];
      const block = rows[line >> 1]?.[column] ?? " ";
      const isWhite = block === "█" || block === (line % 2 === 0 ? "▀" : "▄");
      pixels.fill(isWhite ? 255 : 0, (y * width + x) * 3, (y * width + x) * 3 + 3);
    }
  }
  return { width, height, pixels };
}

async function runInTerminal(port: number): Promise<string> {
  const command = `"${process.execPath}" --import tsx apps/rgb-server/main.ts port=${port}`;
  const child = spawn("script", ["--quiet", "--flush", "--command", `exec ${command}`, "/dev/null"], {
    cwd: PROJECT,
    stdio: ["pipe", "pipe", "inherit"],
  });
  let text = "";
  await new Promise<void>((resolve) => {
    child.stdout.on("data", (data: Buffer) => {
      text += data.toString();
      if (text.includes("#00ff00")) resolve();
    });
    child.on("close", () => resolve());
  });
  const ended = new Promise((resolve) => child.on("close", resolve));
  // Control-C, as a person presses it.
  child.stdin.end("\x03");
  await ended;
  return text;
}

describeIf(hasScript && address !== undefined, "script(1), and a network", "the RGB sample in a terminal", () => {
  test("shows colours, and its address in the network as text and QR code", async () => {
    const port = await findFreePort();
    const text = await runInTerminal(port);
    const url = `http://${address}:${port}/`;
    expect(text).toContain("\x1b[48;2;0;255;0m      \x1b[0m #00ff00");
    expect(text).toContain(`on a phone in this network: ${url}`);
    const rows = [...text.matchAll(/\x1b\[40;97m([█▀▄ ]+)\x1b\[0m/g)].map(([, row = ""]) => row);
    expect(decodeQrCode(pictureOf(rows))).toBe(url);
  });

  test("writes neither into a file", async () => {
    const port = await findFreePort();
    const app = startApp("rgb-server", {}, [`port=${port}`]);
    await app.printed("LED #00ff00");
    await app.stop("SIGINT");
    expect(app.output.stdout.replace(/^xs-websockets \d.*\n/, "")).toBe(`http://localhost:${port}/\nLED #00ff00\n`);
  });
});
