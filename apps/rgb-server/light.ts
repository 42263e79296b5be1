/** The light: a colour, and what it does with it. */

import { delay } from "#environment";
import { led } from "#led";

/** Red, green and blue, each an integer from 0 to 255. */
export type Color = readonly [red: number, green: number, blue: number];

/** The colour of an effect at a time, in seconds from its beginning. */
type Effect = (seconds: number, color: Color) => Color;

const BREATH_SECONDS = 4;
const RAINBOW_SECONDS = 6;
/** How bright the light is between two breaths. */
const DIMMEST = 0.08;

const STEADY = "steady";
const EFFECTS: readonly (readonly [name: string, effect: Effect | undefined])[] = [
  [STEADY, undefined],
  ["breathing", breathe],
  ["rainbow", turnHue],
];

function breathe(seconds: number, [red, green, blue]: Color): Color {
  const wave = (1 + Math.cos((2 * Math.PI * seconds) / BREATH_SECONDS)) / 2;
  const level = DIMMEST + (1 - DIMMEST) * wave;
  return [Math.round(red * level), Math.round(green * level), Math.round(blue * level)];
}

/** All hues, as bright as the colour is; black is no brightness to go by. */
function turnHue(seconds: number, color: Color): Color {
  const most = Math.max(...color) || 255;
  const component = (shift: number): number => {
    const distance = Math.abs((((seconds * 6) / RAINBOW_SECONDS + shift) % 6) - 3);
    return Math.round(most * Math.min(1, Math.max(0, distance - 1)));
  };
  return [component(0), component(4), component(2)];
}

export class Light {
  /** The name of what it does: "steady", "breathing" or "rainbow". */
  effect = STEADY;
  private current: Color = [0, 0, 0];
  private turn = 0;
  private start = 0;

  get color(): Color {
    return this.current;
  }

  /** Seconds since the effect began; 0 where it is steady. */
  get seconds(): number {
    return this.effect === STEADY ? 0 : (Date.now() - this.start) / 1_000;
  }

  /** Shows a colour, and no effect. */
  show(color: Color): void {
    this.current = color;
    this.effect = STEADY;
    this.turn += 1;
    led.setColor(...color);
  }

  /** Begins an effect with the present colour. @returns false where there is none of this name */
  play(name: string): boolean {
    const found = EFFECTS.find(([known]) => known === name);
    if (found === undefined) return false;
    const [, effect] = found;
    this.show(this.current);
    this.effect = name;
    this.start = Date.now();
    if (effect !== undefined && led.frameMs > 0) void this.repeat(effect);
    return true;
  }

  private async repeat(effect: Effect): Promise<void> {
    const { turn } = this;
    while (turn === this.turn) {
      // By the clock, as on the pages: a frame may come late.
      led.setColor(...effect(this.seconds, this.current));
      await delay(led.frameMs);
    }
  }
}
