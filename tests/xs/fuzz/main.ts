/** Clients on XS of a hostile server on Node.js. */

import { runFuzzClients } from "../../fuzz/fuzzclients.js";
import { serveControl } from "../control.js";

declare const globalThis: { abort?: (reason: string, error: unknown) => boolean };

// An exception that nobody catches would stop the app in silence.
globalThis.abort = (reason, error) => {
  trace(`uncaught (${reason}): ${String(error)}\n`);
  return false;
};

void serveControl({ fuzz: runFuzzClients }).then((port) => trace(`ports ${port}\n`));
