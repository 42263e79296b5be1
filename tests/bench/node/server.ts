/**
 * The server that is measured, in a process of its own: `ours` or `ws`. It echoes, and tells its parent its port, what it
 * has used, and when a broadcast has left.
 */

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { WebSocketServer as WsServer, WebSocket as WsSocket } from "ws";
import { WebSocketMessageType, WebSocketServer } from "../../../modules/server.js";

/** What the parent asks for: microseconds of CPU since the start, bytes of heap, or a broadcast. */
export type Request =
  | { readonly kind: "cpu" }
  | { readonly kind: "heap" }
  | { readonly kind: "broadcast"; readonly count: number; readonly size: number };

interface Server {
  readonly port: number;
  broadcast(message: Uint8Array): void;
}

const MAX_MESSAGE_BYTES = 1_048_576;

async function startOurs(): Promise<Server> {
  const server = new WebSocketServer({
    port: 0,
    maxClients: 10_000,
    maxMessageBytes: MAX_MESSAGE_BYTES,
    maxQueueBytes: 4_194_304,
    maxFragmentSize: 0,
    // As docs/guide.md does it.
    onMessageReceived: (_sender, { frame, webSocket }) => {
      if (frame.messageType === WebSocketMessageType.Text) webSocket.sendString(frame.text);
      else webSocket.sendBytes(frame.buffer);
    },
  });
  await server.start();
  return {
    port: server.port,
    broadcast: (message) => {
      server.broadcast(message);
    },
  };
}

async function startWs(): Promise<Server> {
  const http = createServer();
  const server = new WsServer({ server: http, maxPayload: MAX_MESSAGE_BYTES });
  server.on("connection", (socket) => {
    socket.on("message", (data, isBinary) => {
      socket.send(data as Buffer, { binary: isBinary });
    });
  });
  await new Promise<void>((resolve) => http.listen(0, resolve));
  return {
    port: (http.address() as AddressInfo).port,
    // As its documentation does it.
    broadcast: (message) => {
      for (const client of server.clients) if (client.readyState === WsSocket.OPEN) client.send(message);
    },
  };
}

function cpuMicroseconds(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

/** JavaScript's heap and what belongs to it, after collections: what the first finds may free more. */
async function heapBytes(): Promise<number> {
  for (let turn = 0; turn < 3; turn++) {
    globalThis.gc?.();
    await new Promise((resolve) => setImmediate(resolve));
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

const server = await (process.argv[2] === "ws" ? startWs() : startOurs());
process.on("message", (request: Request) => {
  if (request.kind === "broadcast") {
    const message = new Uint8Array(request.size).fill(97);
    let left = request.count;
    const next = (): void => {
      server.broadcast(message);
      if (--left > 0) setImmediate(next);
      else process.send?.("done");
    };
    next();
  } else if (request.kind === "cpu") process.send?.(cpuMicroseconds());
  else void heapBytes().then((bytes) => process.send?.(bytes));
});
process.on("disconnect", () => process.exit());
process.send?.(server.port);
