import * as network from "#network";
import * as platform from "#platform";
import * as tls from "#tls";
import config from "mc/config";

import { type TlsLimit, tlsTests, type TlsTestSettings } from "../../contract/tls.js";
import { Recorder } from "../../support/recorder.js";
import { runTests } from "../harness.js";

declare const globalThis: { abort?: (reason: string, error: unknown) => boolean };

// An exception that nobody catches would stop the app in silence.
globalThis.abort = (reason, error) => {
  trace(`uncaught (${reason}): ${String(error)}\n`);
  return false;
};

/** The server of tests/support/tlsserver.ts writes them and ends the connection. */
async function loadSettings(port: number): Promise<TlsTestSettings> {
  const recorder = new Recorder();
  let text = "";
  const decoder = platform.createUtf8Decoder();
  recorder.onReceived = (bytes) => (text += decoder.decode(bytes, false));
  network.connect({ host: "127.0.0.1", port }, recorder);
  await recorder.whenClosed;
  return JSON.parse(text) as TlsTestSettings;
}

async function main(): Promise<void> {
  const { settingsPort, mbedtls } = config as { readonly settingsPort?: unknown; readonly mbedtls?: unknown };
  const settings = await loadSettings(Number(settingsPort));
  const limits: readonly TlsLimit[] = Number(mbedtls) >= 4 ? ["noRsaKeyExchange"] : [];
  await runTests(tlsTests({ tls, network, platform, settings, limits }));
}

void main();
