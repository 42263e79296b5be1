import * as network from "#network";
import * as platform from "#platform";

import { platformTests } from "../contract/platform.js";
import { socketTests } from "../contract/sockets.js";
import { runTests } from "./harness.js";

declare const globalThis: { abort?: (reason: string, error: unknown) => boolean };

// An exception that nobody catches would stop the app in silence.
globalThis.abort = (reason, error) => {
  trace(`uncaught (${reason}): ${String(error)}\n`);
  return false;
};

const random = new Uint8Array(16);
platform.randomFill(random);
trace(`random ${random.join(" ")}\n`);

void runTests({ ...platformTests(platform), ...socketTests({ network, platform }) });
