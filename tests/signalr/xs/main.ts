/** On XS: a HubConnection with the hub at the setting `url`, then a hub at the setting `port`. */

import { log } from "#platform";
import config from "mc/config";
import { HttpListener } from "xs-websockets/http";
import { HubConnection } from "xs-websockets/signalr/client";
import { HubServer } from "xs-websockets/signalr/server";
import { runTests } from "../../xs/harness.js";
import { clientTests } from "../clientsuite.js";
import { createTestHub, delay } from "../testhub.js";
import { collectGarbage, usedBytes } from "./heap.js";

declare const globalThis: { abort?: (reason: string, error: unknown) => boolean };

// An exception that nobody catches would stop the app in silence.
globalThis.abort = (reason, error) => {
  log(`uncaught (${reason}): ${String(error)}`);
  return !reason.startsWith("unhandled");
};

const CALLS_AT_ONCE = 10;

async function heapAfterGarbageCollection(): Promise<number> {
  for (let round = 0; round < 3; round++) {
    await delay(50);
    collectGarbage();
  }
  return usedBytes();
}

async function call(connection: HubConnection, count: number): Promise<void> {
  for (let at = 0; at < count; at += CALLS_AT_ONCE)
    await Promise.all(Array.from({ length: CALLS_AT_ONCE }, () => connection.invoke("Add", at, 1)));
}

async function reconnect(connection: HubConnection, count: number): Promise<void> {
  for (let at = 0; at < count; at++) {
    const again = new Promise<void>((resolve) => (connection.onreconnected = () => resolve()));
    await connection.send("Lose");
    await again;
  }
}

/** What a message of 4 KiB takes on its way to the hub and back, garbage included. */
async function measureMessage(connection: HubConnection): Promise<void> {
  const text = "x".repeat(4_096);
  for (let round = 0; round < 3; round++) {
    collectGarbage();
    const before = usedBytes();
    const result = await connection.invoke<string>("Echo", text);
    log(`4 KiB there and back: ${usedBytes() - before} bytes for ${result.length} characters`);
    collectGarbage();
    log(`4 KiB kept: ${usedBytes() - before} bytes`);
  }
}

async function measureLeaks(url: string): Promise<void> {
  const connection = new HubConnection(url, { automaticReconnect: [0, 0, 0] });
  const idle = await heapAfterGarbageCollection();
  await connection.start();
  await call(connection, 50);
  await reconnect(connection, 10);
  const before = await heapAfterGarbageCollection();
  log(`an idle HubConnection: ${before - idle} bytes`);
  await call(connection, 1_000);
  log(`1000 calls left ${(await heapAfterGarbageCollection()) - before} bytes`);
  await reconnect(connection, 100);
  log(`100 reconnects left ${(await heapAfterGarbageCollection()) - before} bytes`);
  await measureMessage(connection);
  await connection.stop();
}

async function serve(port: number): Promise<void> {
  const before = await heapAfterGarbageCollection();
  const listener = new HttpListener({ port });
  const options = createTestHub({ cancelledStreams: 0 });
  const hub: HubServer = new HubServer(listener, "/hub", {
    ...options,
    clientTimeoutInterval: 4_000,
    keepAliveInterval: 500,
    methods: { ...options.methods, Used: () => (collectGarbage(), usedBytes()), Clients: () => hub.clientsCount },
  });
  await hub.start();
  await listener.start();
  log(`a HubServer: ${(await heapAfterGarbageCollection()) - before} bytes`);
  log(`serving on ${port}`);
}

async function main(): Promise<void> {
  const { url, port } = config as unknown as Record<string, string>;
  await runTests(clientTests({ url: url ?? "" }));
  await measureLeaks(url ?? "");
  await serve(Number(port));
}

main().catch((error: unknown) => log(`failed: ${String(error)}`));
