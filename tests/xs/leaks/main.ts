/** An app whose memory is watched: servers, clients of its own, and a control connection that asks for the figures. */

import { listen } from "#network";
import config from "mc/config";
import Debug from "debug";
import Instrumentation from "instrumentation";

import { ClientWebSocket } from "xs-websockets/client";
import { WebSocketServer, type WebSocketServerOptions } from "xs-websockets/server";

declare const globalThis: { abort?: (reason: string, error: unknown) => boolean };

// An exception that nobody catches would stop the app in silence. What lacks memory cannot go on.
globalThis.abort = (reason, error) => {
  trace(`uncaught (${reason}): ${String(error)}\n`);
  return reason === "memory full";
};

/** Connects and ends a connection in one of the ways in which connections end. */
type Cycle = (port: number) => Promise<void>;

function ended(client: ClientWebSocket): Promise<void> {
  return new Promise((resolve) => {
    client.onConnectionClosed = () => {
      resolve();
    };
  });
}

const cycles: Readonly<Record<string, Cycle>> = {
  async echo(port) {
    const client = new ClientWebSocket();
    client.onMessageReceived = () => {
      client.close();
    };
    const end = ended(client);
    await client.connect(`ws://127.0.0.1:${port}/`);
    client.sendString("hello");
    await end;
  },
  async abort(port) {
    const client = new ClientWebSocket();
    await client.connect(`ws://127.0.0.1:${port}/`);
    client.abort();
  },
  async refused(port) {
    await failed(`ws://127.0.0.1:${port}/nowhere`);
  },
  async unreachable() {
    await failed("ws://127.0.0.1:9/");
  },
};

async function failed(uri: string): Promise<void> {
  try {
    await new ClientWebSocket().connect(uri);
  } catch {
    return;
  }
  throw new Error("It connects.");
}

function used(name: Parameters<typeof Instrumentation.map>[0]): number {
  return Instrumentation.get(Instrumentation.map(name) ?? 0) ?? 0;
}

/** Bytes of slots and of chunks that are reachable. */
function levels(): string {
  Debug.gc();
  return `${used("XS Slot Heap Used")} ${used("XS Chunk Heap Used")}`;
}

/** Sizes for a heap of 78 KB: all places together hold less than half of it. */
const smallOptions: WebSocketServerOptions = {
  maxClients: 4,
  maxMessageBytes: 2_048,
  maxQueueBytes: 2_560,
  maxHeadBytes: 1_024,
  maxFragmentSize: 0,
  handshakeTimeoutMs: 1_000,
  closeTimeoutMs: 500,
};

async function main(): Promise<void> {
  const isSmall = "small" in config;
  const server = new WebSocketServer({ maxClients: 64, port: 0, ...(isSmall ? smallOptions : {}) });
  server.onMessageReceived = (_sender, { webSocket, frame }) => {
    webSocket.sendString(frame.text);
  };
  await server.start();
  const control = new WebSocketServer({ port: 0, maxClients: 1 });
  control.onMessageReceived = (_sender, { webSocket, frame }) => {
    const [command = "", count = "0"] = frame.text.split(" ");
    const cycle = cycles[command];
    if (cycle === undefined) webSocket.sendString(`${levels()} ${server.clientsCount}`);
    else void repeat(cycle, Number(count), server.port).then(() => webSocket.sendString("done"));
  };
  await control.start();
  // Sockets whose owner is shared: what a connection costs beside its socket is seen by the difference.
  const idle = { data() {}, drain() {}, close() {} };
  const plain = listen({ port: 0 }, { accept: () => idle, error() {}, listening });
  function listening(): void {
    trace(`ports ${server.port} ${control.port} ${plain.port}\n`);
  }
}

async function repeat(cycle: Cycle, count: number, port: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await cycle(port);
}

void main();
