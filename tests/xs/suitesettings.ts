/** What an app on XS is told by tests/client/suiteservers.ts on Node.js. */

import * as network from "#network";
import { createUtf8Decoder } from "#platform";
import config from "mc/config";

import type { SuiteSettings } from "../client/suitesession.js";
import { Recorder } from "../support/recorder.js";

declare const globalThis: { abort?: (reason: string, error: unknown) => boolean };

/** Has an exception that nobody catches told, which would stop the app in silence. */
export function tellUncaught(): void {
  globalThis.abort = (reason, error) => {
    // What an error has in its stack tells where it came from.
    const text = error instanceof Error ? (error.stack ?? String(error)).split("\n").join(" | ") : String(error);
    trace(`uncaught (${reason}): ${text}\n`);
    return false;
  };
}

/** The server writes the settings to whoever connects, and ends the connection. */
export async function loadSettings(): Promise<SuiteSettings> {
  const { settingsPort } = config as { readonly settingsPort?: unknown };
  const recorder = new Recorder();
  let text = "";
  const decoder = createUtf8Decoder();
  recorder.onReceived = (bytes) => (text += decoder.decode(bytes, false));
  network.connect({ host: "127.0.0.1", port: Number(settingsPort) }, recorder);
  await recorder.whenClosed;
  return JSON.parse(text) as SuiteSettings;
}
