/** An app whose memory is watched: servers, and clients of its own that come and go as they are told. */

import { listen } from "#network";
import { fromBase64 } from "#platform";
import config from "mc/config";

import { ClientWebSocket, type WebSocketError } from "xs-websockets/client";
import { WebSocketServer, type WebSocketServerOptions } from "xs-websockets/server";
import { serveControl } from "../control.js";
import { measureMemory } from "../memory.js";

declare const globalThis: { abort?: (reason: string, error: unknown) => boolean };

// An exception that nobody catches would stop the app in silence. What lacks memory cannot go on.
globalThis.abort = (reason, error) => {
  trace(`uncaught (${reason}): ${String(error)}\n`);
  return reason === "memory full";
};

/** How a connection ends. */
type Ending = "echo" | "abort" | "failure";

/** Connections that are made and ended. */
interface Cycles {
  readonly ending: Ending;
  readonly count: number;
  /** How many are under way at the same time. */
  readonly lanes: number;
  /** Taken in turn. "" is the app's own server. */
  readonly uris: readonly string[];
  /** The authority that is trusted, DER in base64; "": none. */
  readonly authority: string;
}

async function runCycle(ending: Ending, uri: string, certificate: Uint8Array | undefined): Promise<string> {
  const client = new ClientWebSocket({ ...(certificate === undefined ? {} : { certificate }), connectTimeout: 5_000 });
  const ended = new Promise<void>((resolve) => {
    client.onConnectionClosed = () => resolve();
  });
  client.onMessageReceived = () => {
    client.close();
  };
  try {
    await client.connect(uri);
  } catch (error) {
    if (ending !== "failure") throw error;
    await ended;
    return (error as WebSocketError).code;
  }
  if (ending === "failure") throw new Error(`${uri} connects.`);
  if (ending === "echo") client.sendString("hello");
  else client.abort();
  await ended;
  return "";
}

/** Runs all of them. @returns how often each code of an error came */
async function runCycles({ ending, count, lanes, uris, authority }: Cycles, own: string): Promise<object> {
  const certificate = authority === "" ? undefined : fromBase64(authority);
  const codes: Record<string, number> = {};
  let started = 0;
  const lane = async (): Promise<void> => {
    while (started < count) {
      const uri = uris[started++ % uris.length] ?? "";
      const code = await runCycle(ending, uri === "" || uri.startsWith("/") ? `${own}${uri}` : uri, certificate);
      codes[code] = (codes[code] ?? 0) + 1;
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return codes;
}

/** On a small heap the sizes are the defaults: they have to fit. */
const shortTimes: WebSocketServerOptions = { handshakeTimeoutMs: 2_000, closeTimeoutMs: 500 };

async function main(): Promise<void> {
  const server = new WebSocketServer({ port: 0, ...("small" in config ? shortTimes : { maxClients: 64 }) });
  server.onMessageReceived = (_sender, { webSocket, frame }) => {
    webSocket.sendString(frame.text);
  };
  await server.start();
  const controlPort = await serveControl({
    memory: () => ({ ...measureMemory(), clients: server.clientsCount }),
    cycles: (cycles: Cycles) => runCycles(cycles, `ws://127.0.0.1:${server.port}`),
  });
  // Sockets whose owner is shared: what a connection costs beside its socket is seen by the difference.
  const idle = { received() {}, drained() {}, closed() {} };
  const plain = listen({ port: 0 }, { accept: () => idle, failed() {}, listening });
  function listening(): void {
    trace(`ports ${controlPort} ${server.port} ${plain.port}\n`);
  }
}

void main();
