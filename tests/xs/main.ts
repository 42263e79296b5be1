import * as network from "#network";
import * as platform from "#platform";
import { connectTls } from "#tls";

import { platformTests } from "../contract/platform.js";
import { socketTests } from "../contract/sockets.js";
import { assertEqual, codeOf } from "../support/assertions.js";
import { Recorder } from "../support/recorder.js";
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

/** This app does not include manifest_tls.json. */
async function tlsIsNotLinked(): Promise<void> {
  const recorder = new Recorder();
  const address = { host: "127.0.0.1", port: 9, serverName: "" };
  connectTls({ ...address, isVerified: true, authorities: [], minVersion: "TLSv1.2" }, recorder);
  assertEqual(recorder.events.join(), "", "events within connectTls");
  assertEqual(codeOf(await recorder.whenClosed), "ENOTSUP", "code");
}

void runTests({
  ...platformTests(platform),
  ...socketTests({ network, platform }),
  "connectTls() fails in an app without TLS": tlsIsNotLinked,
});
