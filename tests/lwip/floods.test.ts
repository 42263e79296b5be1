/** A wss server with the sizes of the ESP32: 32 bits. */

import { describeCases } from "./suite.js";

describeCases("bits32", ["floods"]);
