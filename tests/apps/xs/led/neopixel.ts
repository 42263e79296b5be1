/** Stands for the SDK's driver of NeoPixels: says what it is told, and fails as that does. */

import config from "mc/config";

const { board } = config as { readonly board?: string };

export default class NeoPixel {
  constructor(options: { pin?: number; length?: number; order?: string } = {}) {
    const hasDefine = board === "define" || board === "lights" || board === "busy";
    if (options.pin === undefined && !hasDefine) throw new RangeError("no pixels");
    if (board === "busy") throw new Error("no rmt");
    trace(`NeoPixel ${JSON.stringify(options)}\n`);
  }
  makeRGB(red: number, green: number, blue: number): number {
    return (red << 16) | (green << 8) | blue;
  }
  setPixel(index: number, color: number): void {
    trace(`pixel ${index} is ${color.toString(16)}\n`);
  }
  update(): void {
    trace("updated\n");
  }
}
