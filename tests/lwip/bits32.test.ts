/** The sizes of the ESP32: only what is measured. "npm run lwip -- bits32" runs all cases. */

import { describeCases } from "./suite.js";

describeCases("bits32", ["figures"]);
