import NeoPixel from "neopixel";
import type { Led } from "./led.js";

declare global {
  /** The board's own LEDs, where its Moddable target makes them (m5atom_lite). */
  var lights: NeoPixel | undefined;
}

// Two drivers on one pin would fight over it; pin, length and order come from the manifest's defines.
const pixels = globalThis.lights ?? new NeoPixel({});

/** ESP32: the first NeoPixel (WS2812, SK6812) of the board. */
export const led: Led = {
  setColor(red, green, blue) {
    pixels.setPixel(0, pixels.makeRGB(red, green, blue));
    pixels.update();
  },
};
