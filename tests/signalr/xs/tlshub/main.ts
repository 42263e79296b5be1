/** On XS: a hub over TLS, for clients of others, and with a HubConnection of the same program. */

import { fromBase64, log } from "#platform";
import config from "mc/config";
import { HttpListener } from "xs-websockets/http";
import { HubConnection } from "xs-websockets/signalr/client";
import { HubServer } from "xs-websockets/signalr/server";
import { createTestHub } from "../../testhub.js";

declare const globalThis: { abort?: (reason: string, error: unknown) => boolean };

/** What mcconfig was given: DER in base64. */
interface Settings {
  /** Of the server, its own first, with dots between. */
  readonly certificates: string;
  readonly key: string;
  readonly authority: string;
}

// An exception that nobody catches would stop the app in silence.
globalThis.abort = (reason, error) => {
  log(`uncaught (${reason}): ${String(error)}`);
  return false;
};

async function call(url: string, negotiate: boolean, certificate: Uint8Array): Promise<void> {
  const connection = new HubConnection(url, { certificate, negotiate });
  await connection.start();
  const sum = await connection.invoke<number>("Add", 1, 2);
  let items = 0;
  for await (const item of connection.stream<number>("Count", 5, 0)) items += item;
  await connection.stop();
  log(`called ${negotiate ? "negotiated" : "at once"}: ${sum} ${items}`);
}

async function main(): Promise<void> {
  const { certificates, key, authority } = config as unknown as Settings;
  const identity = {
    certificates: certificates.split(".").map((text) => fromBase64(text)),
    privateKey: fromBase64(key),
  };
  const listener = new HttpListener({ port: 0, identity });
  const options = createTestHub({ cancelledStreams: 0 }, (id) => void hub.disconnect(id, { allowReconnect: true }));
  const hub: HubServer = new HubServer(listener, "/hub", options);
  await hub.start();
  await listener.start();
  const url = `https://127.0.0.1:${listener.port}/hub`;
  for (const negotiate of [true, false]) await call(url, negotiate, fromBase64(authority));
  log(`serving on ${url}`);
}

main().catch((error: unknown) => log(`failed: ${String(error)}`));
