import { networkInterfaces } from "node:os";
import encodeQR from "qr";
import type { Led } from "./led.js";

/** Escape codes would spoil a log file. */
const isTerminal = process.stdout.isTTY;

// What comes behind the app in the terminal begins on a line of its own.
if (isTerminal) process.once("exit", () => process.stdout.write("\n"));

/** Node: the LED is a coloured block in the last line of the terminal; in a file it is a line for each change. */
export const led: Led = {
  frameMs: isTerminal ? 40 : 0,
  setColor(red, green, blue) {
    const hex = "#" + Buffer.of(red, green, blue).toString("hex");
    // Each in the place of the one before. `log` clears the line, too.
    const block = `\r\x1b[K\x1b[48;2;${red};${green};${blue}m      \x1b[0m ${hex}`;
    process.stdout.write(isTerminal ? block : `LED ${hex}\n`);
  },
  showAddress(url) {
    const address = addressForOthers();
    if (!isTerminal || address === undefined) return;
    const link = url.replace("localhost", address);
    process.stdout.write(`${drawCode(link)}on a phone in this network: ${link}\n`);
  },
};

/** The address of this machine in its network, undefined where it is in none. */
function addressForOthers(): string | undefined {
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return addresses.find(({ family, internal }) => family === "IPv4" && !internal)?.address;
}

/** White and black whatever the terminal's own colours are: not every camera reads the inverse. */
function drawCode(text: string): string {
  return encodeQR(text, "ascii", { ecc: "medium", border: 2 })
    .trimEnd()
    .split("\n")
    .map((line) => `\x1b[40;97m${line}\x1b[0m\n`)
    .join("");
}
