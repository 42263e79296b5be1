import config from "mc/config";
import NeoPixel from "neopixel";
import { type Board, findLed } from "./findled.js";
import type { Led } from "./led.js";

/** What the SDK's setup of a board leaves behind. */
interface BoardGlobals {
  readonly lights?: Board["lights"];
  readonly Host?: { readonly LED?: { readonly Default?: Board["DefaultLed"] } };
}

const { lights, Host } = globalThis as BoardGlobals;
const { led: settings } = config as { readonly led?: { readonly pin?: number } };

function log(text: string): void {
  trace(text, "\n");
}

const found = findLed({ NeoPixel, lights, DefaultLed: Host?.LED?.Default, pin: settings?.pin, log });
if (found === undefined) log("No LED is known of this board: the colours are on the page only.");

/** ESP32: the LED of the board, where it has one. */
export const led: Led = found ?? { frameMs: 0, setColor() {} };
