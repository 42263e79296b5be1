/** On XS: a HubConnection with the hubs that the settings name, then a hub. */

import { fromBase64, log } from "#platform";
import config from "mc/config";
import { HttpListener } from "xs-websockets/http";
import { HubConnection } from "xs-websockets/signalr/client";
import { HubServer } from "xs-websockets/signalr/server";
import type { Tests } from "../../support/assertions.js";
import { runTests } from "../../xs/harness.js";
import { aspNetCoreTests } from "../aspnetcoresuite.js";
import { clientTests } from "../clientsuite.js";
import { negotiationTests } from "../negotiationsuite.js";
import { createTestHub } from "../testhub.js";
import { tlsTests } from "../tlssuite.js";
import { collectGarbage, usedBytes } from "./heap.js";
import { letTimePass } from "../../support/waiting.js";

declare const globalThis: { abort?: (reason: string, error: unknown) => boolean };

/** What mcconfig was given. */
interface Settings {
  /** A hub with the methods of testhub.ts. */
  readonly url?: string;
  /** "aspnetcore": that hub is tested further. */
  readonly server?: string;
  /** A server of negotiationserver.ts. */
  readonly negotiationUrl?: string;
  /** A hub over TLS that is not trusted; the first one has TLS, too. */
  readonly untrustedUrl?: string;
  /** The authority of the first hub, DER in base64. */
  readonly authority?: string;
  /** A server that brings new names of fields with each negotiation and each handshake. */
  readonly names?: string;
  /** Where to serve a hub, after leaks were looked for with a hub on Node.js. */
  readonly port?: string;
}

// An exception that nobody catches would stop the app in silence.
globalThis.abort = (reason, error) => {
  log(`uncaught (${reason}): ${String(error)}`);
  return !reason.startsWith("unhandled");
};

const CALLS_AT_ONCE = 10;

async function heapAfterGarbageCollection(): Promise<number> {
  for (let round = 0; round < 3; round++) {
    await letTimePass(50);
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

/** What a stream that is not read takes: 500 texts of 200 characters come, which are 100 KB of characters in all. */
async function measureUnreadStream(url: string): Promise<void> {
  const connection = new HubConnection(url, { streamBufferSize: 4_000 });
  await connection.start();
  const before = await heapAfterGarbageCollection();
  const stream = connection.stream<string>("Texts", 500, 200);
  await letTimePass(1_000);
  log(`an unread stream: ${(await heapAfterGarbageCollection()) - before} bytes`);
  let length = 0;
  for await (const text of stream) length += text.length;
  log(`the stream had ${length} characters`);
  await connection.stop();
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
  await measureUnreadStream(url);
}

/** How many names of fields a hub may bring, all connections together. */
async function countNames(url: string): Promise<void> {
  const connection = new HubConnection(url);
  let count = 0;
  for (let round = 1; round <= 2; round++) {
    const lost = new Promise<Error | undefined>((resolve) => (connection.onclose = resolve));
    await connection.start();
    try {
      for (; count < 1_000; count++) await connection.invoke("Echo", JSON.parse(`{"name${count}":0}`));
    } catch {
      log(`round ${round}: ${count} names, ${String(await lost)}`);
    }
  }
}

/** How often a server may bring new names when it is connected to. */
async function countStarts(url: string, negotiate: boolean): Promise<void> {
  const connection = new HubConnection(url, { negotiate });
  try {
    for (let count = 0; count < 20; count++) {
      await connection.start();
      await connection.stop();
    }
  } catch (error) {
    log(`names refused with${negotiate ? "" : "out"} negotiation: ${(error as { code?: string }).code}`);
  }
}

async function serve(port: number): Promise<void> {
  const before = await heapAfterGarbageCollection();
  const listener = new HttpListener({ port });
  const options = createTestHub({ cancelledStreams: 0 }, (id) => void hub.disconnect(id, { allowReconnect: true }));
  const hub: HubServer = new HubServer(listener, "/hub", {
    ...options,
    // The page of the browser's tests is of another origin.
    allowedOrigins: ["*"],
    clientTimeoutInterval: 4_000,
    keepAliveInterval: 500,
    methods: { ...options.methods, Used: () => (collectGarbage(), usedBytes()), Clients: () => hub.clientsCount },
  });
  await hub.start();
  await listener.start();
  log(`a HubServer: ${(await heapAfterGarbageCollection()) - before} bytes`);
  log(`serving on ${port}`);
}

/** The tests that the settings ask for. */
function chosenTests({ url = "", server, negotiationUrl, untrustedUrl, authority = "" }: Settings): Tests {
  const certificate = fromBase64(authority);
  const suite = { url, options: authority === "" ? {} : { certificate } };
  return {
    ...clientTests(suite),
    ...(server === "aspnetcore" ? aspNetCoreTests(suite) : {}),
    ...(negotiationUrl === undefined ? {} : negotiationTests(negotiationUrl)),
    ...(untrustedUrl === undefined ? {} : tlsTests({ url, untrustedUrl, authority: certificate })),
  };
}

async function main(): Promise<void> {
  const settings = config as unknown as Settings;
  await runTests(chosenTests(settings));
  if (settings.port === undefined) return;
  await measureLeaks(settings.url ?? "");
  await countNames(settings.url ?? "");
  for (const negotiate of [true, false]) await countStarts(settings.names ?? "", negotiate);
  await serve(Number(settings.port));
}

main().catch((error: unknown) => log(`failed: ${String(error)}`));
