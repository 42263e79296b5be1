import Poco from "commodetto/Poco";
import type { Led } from "./led.js";

const poco = new Poco(screen);

/** Moddable simulator, or a device with a display: the whole screen is the LED. */
export const led: Led = {
  setColor(red, green, blue) {
    poco.begin();
    poco.fillRectangle(poco.makeColor(red, green, blue), 0, 0, poco.width, poco.height);
    poco.end();
  },
};
