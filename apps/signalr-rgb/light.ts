/** The light, and who wants to know its colour. */

import { led } from "#led";

/** Red, green and blue, each an integer from 0 to 255. */
export type Color = readonly [red: number, green: number, blue: number];

/** One light. */
export class Light {
  /** The colour has changed. */
  onChanged: ((color: Color) => void) | undefined;
  private current: Color = [0, 0, 0];

  get color(): Color {
    return this.current;
  }

  show(color: Color): void {
    this.current = color;
    led.setColor(...color);
    this.onChanged?.(color);
  }
}

/** Whether values from the network are a colour. */
export function isColor(values: readonly unknown[]): values is Color {
  return values.length === 3 && values.every((value) => isByte(value));
}

function isByte(value: unknown): boolean {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= 255;
}
