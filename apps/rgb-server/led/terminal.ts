import { networkInterfaces } from "node:os";
import encodeQR from "qr";
import type { Led } from "./led.js";

/** Escape codes would spoil a log file. */
const isTerminal = process.stdout.isTTY;

/** Node: the LED is a coloured block in the terminal, a line for each change. */
export const led: Led = {
  // A line for each step would push everything else out of sight.
  frameMs: 0,
  setColor(red, green, blue) {
    const hex = "#" + Buffer.of(red, green, blue).toString("hex");
    const block = isTerminal ? `\x1b[48;2;${red};${green};${blue}m      \x1b[0m` : "LED";
    process.stdout.write(`${block} ${hex}\n`);
  },
  showAddress(url) {
    const address = addressForOthers();
    if (!isTerminal || address === undefined) return;
    const link = url.replace("localhost", address);
    process.stdout.write(`${drawCode(link)}on a phone: ${link}\n`);
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
