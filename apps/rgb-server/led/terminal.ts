import type { Led } from "./led.js";

/** Node: the LED is a coloured block in the terminal, a line for each change. */
export const led: Led = {
  setColor(red, green, blue) {
    const hex = "#" + Buffer.of(red, green, blue).toString("hex");
    // Escape codes would spoil a log file.
    const block = process.stdout.isTTY ? `\x1b[48;2;${red};${green};${blue}m      \x1b[0m` : "LED";
    process.stdout.write(`${block} ${hex}\n`);
  },
};
