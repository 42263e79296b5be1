/** A sample, beside which something throws now and then where nobody catches it. */

import config from "mc/config";
import Debug from "debug";
import Modules from "modules";
import Timer from "timer";

const INTERVAL_MS = 300;

function throwInTimer(): void {
  Timer.set(throwInTimer, INTERVAL_MS);
  throw new Error("provoked in a timer");
}

/** XS tells of a rejection that nobody handles when a callback ends, without an exception, after its promise was collected. */
function rejectInTimer(): void {
  Timer.set(rejectInTimer, INTERVAL_MS);
  void Promise.reject(new Error("provoked in a promise"));
  Debug.gc();
}

Modules.importNow(String((config as Readonly<Record<string, unknown>>)["sample"]));
Timer.set(throwInTimer, INTERVAL_MS);
Timer.set(rejectInTimer, INTERVAL_MS);
