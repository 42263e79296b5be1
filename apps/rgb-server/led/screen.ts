import parseBMF from "commodetto/parseBMF";
import Poco from "commodetto/Poco";
import qrCode from "qrcode";
import Resource from "Resource";
import type { Led } from "./led.js";

const poco = new Poco(screen);
const small = parseBMF(new Resource("OpenSans-Semibold-16.bf4"));
const large = parseBMF(new Resource("OpenSans-Semibold-28.bf4"));

const [BLACK, GREY, WHITE] = [poco.makeColor(16, 18, 24), poco.makeColor(96, 104, 120), poco.makeColor(255, 255, 255)];
/** Points for a module of the QR code: the address of a page has 25 by 25 of them. */
const MODULE = 4;
/** A code is found by the four modules of white around it. */
const MARGIN = 4 * MODULE;
const TEXT_MARGIN = 8;

let panelTop = poco.height;
let codeRight = 0;

/** Moddable simulator, or a device with a display: the screen is the LED, above what a person needs to find the page. */
export const led: Led = {
  frameMs: 40,
  setColor(red, green, blue) {
    poco.begin(0, 0, poco.width, panelTop);
    poco.fillRectangle(poco.makeColor(red, green, blue), 0, 0, poco.width, panelTop);
    poco.end();
  },
  showAddress(url) {
    const code = qrCode({ input: url });
    const side = code.size * MODULE;
    const height = side + 2 * small.height + 2 * MARGIN + TEXT_MARGIN;
    // A small screen is a light only.
    if (height > (2 * poco.height) / 3 || side > poco.width / 2) return;
    panelTop = poco.height - height;
    codeRight = MARGIN + side;
    poco.begin(0, panelTop, poco.width, height);
    poco.fillRectangle(WHITE, 0, panelTop, poco.width, height);
    poco.drawText(url, small, BLACK, TEXT_MARGIN, panelTop + side + 2 * MARGIN, poco.width - 2 * TEXT_MARGIN);
    poco.end();
    drawCode(new Uint8Array(code), code.size, MARGIN, panelTop + MARGIN);
    led.showClients?.(0);
  },
  showName(url) {
    if (codeRight === 0) return;
    const top = poco.height - small.height - TEXT_MARGIN;
    poco.begin(0, top, poco.width, small.height);
    poco.fillRectangle(WHITE, 0, top, poco.width, small.height);
    poco.drawText(url, small, BLACK, TEXT_MARGIN, top, poco.width - 2 * TEXT_MARGIN);
    poco.end();
  },
  showClients(count) {
    if (codeRight === 0) return;
    const [left, top] = [codeRight + MARGIN, panelTop + MARGIN];
    const width = poco.width - left;
    poco.begin(left, top, width, large.height + small.height);
    poco.fillRectangle(WHITE, left, top, width, large.height + small.height);
    poco.drawText(String(count), large, BLACK, left, top);
    poco.drawText(count === 1 ? "client" : "clients", small, GREY, left, top + large.height);
    poco.end();
  },
};

/** Draws the dark modules of a QR code, each a byte that is not 0. A row at a time: a display list takes only so much. */
function drawCode(modules: Uint8Array, size: number, left: number, top: number): void {
  for (let row = 0; row < size; row++) {
    const y = top + row * MODULE;
    poco.begin(left, y, size * MODULE, MODULE);
    poco.fillRectangle(WHITE, left, y, size * MODULE, MODULE);
    for (let column = 0; column < size; column++) {
      if (modules[row * size + column] !== 0) poco.fillRectangle(BLACK, left + column * MODULE, y, MODULE, MODULE);
    }
    poco.end();
  }
}
