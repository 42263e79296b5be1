import * as network from "#network";
import { createUtf8Decoder } from "#platform";
import config from "mc/config";

import { reconnectingTests } from "../../client/reconnectingsuite.js";
import { clientTests } from "../../client/suite.js";
import type { SuiteSettings } from "../../client/suitesession.js";
import { Recorder } from "../../support/recorder.js";
import { runTests } from "../harness.js";

declare const globalThis: { abort?: (reason: string, error: unknown) => boolean };

// An exception that nobody catches would stop the app in silence.
globalThis.abort = (reason, error) => {
  trace(`uncaught (${reason}): ${String(error)}\n`);
  return false;
};

/** The server of tests/client/suiteservers.ts writes them and ends the connection. */
async function loadSettings(port: number): Promise<SuiteSettings> {
  const recorder = new Recorder();
  let text = "";
  const decoder = createUtf8Decoder();
  recorder.onData = (bytes) => (text += decoder.decode(bytes, false));
  network.connect({ host: "127.0.0.1", port }, recorder);
  await recorder.closed;
  return JSON.parse(text) as SuiteSettings;
}

async function main(): Promise<void> {
  const { settingsPort } = config as { readonly settingsPort?: unknown };
  const settings = await loadSettings(Number(settingsPort));
  await runTests({ ...clientTests(settings, true), ...reconnectingTests(settings) });
}

void main();
