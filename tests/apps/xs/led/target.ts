/** Stands for the SDK's setup of a board: the setting `board` says which. */

import config from "mc/config";
import NeoPixel from "neopixel";

class Pixel extends NeoPixel {
  constructor() {
    super({ pin: 8, length: 1, order: "GRB" });
  }
}

class OneColor {
  write(value: number): void {
    trace(`switched to ${value}\n`);
  }
}

class Broken {
  readonly light: object = fail();
}

function fail(): never {
  throw new Error("broken");
}

const DEFAULT_LEDS: Readonly<Record<string, new () => object>> = { pixel: Pixel, onecolor: OneColor, broken: Broken };

export default function setUp(done: () => void): void {
  const { board = "" } = config as { readonly board?: string };
  const Default = DEFAULT_LEDS[board];
  if (board === "lights") Object.assign(globalThis, { lights: new NeoPixel() });
  if (Default !== undefined) Object.assign(globalThis, { Host: { LED: { Default } } });
  done();
}
