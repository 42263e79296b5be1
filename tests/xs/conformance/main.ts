/** The peers under test on XS. `role` is "server": traces the ports; or "client": connects to the runner's ports, on `host`. */

import config from "mc/config";

import { runEchoClients } from "../../conformance/echoclient.js";
import { startEchoServers } from "../../conformance/echoserver.js";
import { PROFILE_NAMES } from "../../conformance/profiles.js";

declare const globalThis: { abort?: (reason: string, error: unknown) => boolean };

// An exception that nobody catches would stop the app in silence.
globalThis.abort = (reason, error) => {
  trace(`uncaught (${reason}): ${String(error)}\n`);
  return false;
};

async function main(): Promise<void> {
  const settings = config as Readonly<Record<string, unknown>>;
  if (settings["role"] === "client") {
    const ports = PROFILE_NAMES.map((name) => [name, Number(settings[name])] as const);
    const host = settings["host"] as string | undefined;
    await runEchoClients(Object.fromEntries(ports), host);
    trace("done\n");
  } else {
    const { ports } = await startEchoServers();
    trace(`ports ${PROFILE_NAMES.map((name) => String(ports[name])).join(" ")}\n`);
  }
}

void main();
