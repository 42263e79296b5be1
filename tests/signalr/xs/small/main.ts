/** A hub with its defaults on the heap of an M5Atom Lite, whose memory is watched. */

import { log } from "#platform";
import { HttpListener } from "xs-websockets/http";
import { HubServer } from "xs-websockets/signalr/server";
import { serveControl } from "../../../xs/control.js";
import { measureMemory } from "../../../xs/memory.js";
import { shrinkSendBuffers } from "./sockets.js";

declare const globalThis: { abort?: (reason: string, error: unknown) => boolean };

// An exception that nobody catches would stop the app in silence. What lacks memory cannot go on.
globalThis.abort = (reason, error) => {
  log(`uncaught (${reason}): ${String(error)}`);
  return reason === "memory full";
};

/** An ESP32 has eight sockets: three are for the clients of the hub. */
const MAX_REQUESTS = 5;

let itemsSent = 0;

/** A stream that has no end. */
async function* repeat(text: string): AsyncGenerator<string, void, undefined> {
  for (;;) {
    await Promise.resolve();
    itemsSent++;
    yield text;
  }
}

async function main(): Promise<void> {
  const listener = new HttpListener({ port: 0, maxRequests: MAX_REQUESTS, requestTimeoutMs: 2_000 });
  // All sizes are the defaults: they have to fit. Times are short, so that the test is.
  const hub = new HubServer(listener, "/hub", {
    closeTimeoutMs: 500,
    streamStallTimeout: 5_000,
    clientTimeoutInterval: 10_000,
    methods: {
      Echo: (_context, value: unknown) => value,
      // Keeps its arguments for as long as its caller is there, and reads none of its streams.
      Hold: (_context, ...values: unknown[]) => new Promise((resolve) => values.push(resolve)),
      Repeat: (_context, length: number) => repeat("x".repeat(length)),
    },
  });
  await hub.start();
  await listener.start();
  shrinkSendBuffers();
  const controlPort = await serveControl({
    memory: () => ({ ...measureMemory(), clients: hub.clientsCount, itemsSent }),
  });
  log(`ports ${controlPort} ${listener.port}`);
}

main().catch((error: unknown) => log(`uncaught: ${String(error)}`));
