import type { Led } from "./led.js";

/** The part of the SDK's driver `neopixel` that is used here. */
export interface Pixels {
  makeRGB(red: number, green: number, blue: number): number;
  setPixel(index: number, color: number): void;
  update(): void;
}

/** The part of the SDK's driver `led`: a LED of one colour. */
export interface Switch {
  write(value: 0 | 1): void;
}

export interface PixelOptions {
  readonly pin: number;
  readonly length: number;
  readonly order: string;
}

/** Where the LED of a board can be. */
export interface Board {
  /** The driver `neopixel`. Without options it takes those of the define `neopixel`, and throws where there is none. */
  readonly NeoPixel: new (options: PixelOptions | Record<string, never>) => Pixels;
  /** `globalThis.lights`, which the SDK's setup of a board makes of its define (m5atom_lite). */
  readonly lights?: Pixels | undefined;
  /** `Host.LED.Default` of the SDK's setup of a board: a NeoPixel (esp32c3), or a LED of one colour (nodemcu). */
  readonly DefaultLed?: (new (options: Record<string, never>) => Pixels | Switch) | undefined;
  /** The setting `led.pin` of the SDK's manifest of a board. */
  readonly pin?: number | undefined;
  log(text: string): void;
}

/**
 * Looks for the LED of a board: that of the define `neopixel`, else that of the board's setup, else that of its settings.
 * A driver that fails is told and passed over: a web server needs no light.
 */
export function findLed(board: Board): Led | undefined {
  const { NeoPixel, lights, DefaultLed, pin } = board;
  // Two drivers on one pin would fight over it: that of the board's own setup comes first.
  const places: readonly (() => Pixels | Switch | undefined)[] = [
    () => lights ?? definedPixels(NeoPixel),
    () => (DefaultLed === undefined ? undefined : new DefaultLed({})),
    () => (pin === undefined ? undefined : new NeoPixel({ pin, length: 1, order: "GRB" })),
  ];
  for (const find of places) {
    try {
      const light = find();
      if (light !== undefined) return "setPixel" in light ? pixelLed(light) : switchLed(light);
    } catch (error) {
      board.log(`A LED does not work: ${String(error)}`);
    }
  }
  return undefined;
}

function definedPixels(NeoPixel: Board["NeoPixel"]): Pixels | undefined {
  try {
    return new NeoPixel({});
  } catch (error) {
    // "no pixels" and "no pin": there is no define. Anything else is wrong.
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function pixelLed(pixels: Pixels): Led {
  return {
    frameMs: 40,
    setColor(red, green, blue) {
      pixels.setPixel(0, pixels.makeRGB(red, green, blue));
      pixels.update();
    },
  };
}

/** On for every colour but black. */
function switchLed(light: Switch): Led {
  return {
    frameMs: 0,
    setColor(red, green, blue) {
      light.write(red + green + blue > 0 ? 1 : 0);
    },
  };
}
