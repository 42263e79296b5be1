/** Reads QR codes in pictures. The library for it is an ES module, which Jest does not load: a process does. */

import { spawnSync } from "node:child_process";

export interface Picture {
  readonly width: number;
  readonly height: number;
  /** Red, green and blue of each pixel, row by row. */
  readonly pixels: Uint8Array;
}

const PROGRAM = `
import decodeQR from "qr/decode.js";
import { readFileSync } from "node:fs";
const [width, height] = process.argv.slice(-2).map(Number);
process.stdout.write(decodeQR({ width, height, data: new Uint8Array(readFileSync(0)) }, { timeLimit: 5000 }));
`;

/** @returns the text of the QR code in a picture @throws Error where there is none */
export function decodeQrCode({ width, height, pixels }: Picture): string {
  const parameters = ["--input-type=module", "--eval", PROGRAM, String(width), String(height)];
  const { status, stdout, stderr } = spawnSync(process.execPath, parameters, { input: pixels, encoding: "utf8" });
  if (status !== 0) throw new Error(`There is no QR code: ${stderr}`);
  return stdout;
}
