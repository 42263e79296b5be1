/**
 * Messages per second of an echo server on Node: ours and that of the npm package ws, turn by turn in one run, with the
 * same raw client, which costs next to nothing. Prints the ratio of the medians.
 */

import { createServer, type Server as HttpServer } from "node:http";
import { connect, type AddressInfo } from "node:net";

import { WebSocketServer as WsServer } from "ws";
import { Opcode, Role } from "xs-websockets/common/constants";
import { encodeFrame } from "xs-websockets/protocol/framewriter";
import { WebSocketServer } from "xs-websockets/server";

const SIZES = [16, 125, 1_024, 16_384, 65_536];
const ROUNDS = 7;
const ROUND_MS = 400;
const IN_FLIGHT_BYTES = 131_072;

const REQUEST = [
  "GET / HTTP/1.1",
  "Host: 127.0.0.1",
  "Upgrade: websocket",
  "Connection: Upgrade",
  "Sec-WebSocket-Version: 13",
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
  "",
  "",
].join("\r\n");

/** Echoed messages per second. */
function measure(port: number, frame: Uint8Array, echoBytes: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(REQUEST));
    const batchCount = Math.max(1, Math.floor(IN_FLIGHT_BYTES / frame.length));
    const batch = Buffer.concat(Array.from({ length: batchCount }, () => frame));
    let isOpen = false;
    let received = 0;
    let total = 0;
    let start = 0;
    socket.on("error", reject);
    socket.on("data", (data) => {
      if (!isOpen) {
        isOpen = true;
        start = performance.now();
        socket.write(batch);
        return;
      }
      received += data.length;
      if (received < batchCount * echoBytes) return;
      received -= batchCount * echoBytes;
      total += batchCount;
      const elapsed = performance.now() - start;
      if (elapsed < ROUND_MS) return void socket.write(batch);
      socket.destroy();
      resolve((total * 1_000) / elapsed);
    });
  });
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

async function startOurs(): Promise<WebSocketServer> {
  const server = new WebSocketServer({
    port: 0,
    maxMessageBytes: 1_048_576,
    maxQueueBytes: 4_194_304,
    maxFragmentSize: 0,
    onMessageReceived: (_sender, { frame, webSocket }) => {
      webSocket.send(frame.buffer, frame.messageType);
    },
  });
  await server.start();
  return server;
}

async function startWs(): Promise<HttpServer> {
  const http = createServer();
  new WsServer({ server: http, maxPayload: 1_048_576 }).on("connection", (socket) => {
    socket.on("message", (data, isBinary) => {
      socket.send(data as Buffer, { binary: isBinary });
    });
  });
  await new Promise<void>((resolve) => http.listen(0, resolve));
  return http;
}

async function main(): Promise<void> {
  const ours = await startOurs();
  const ws = await startWs();
  const wsPort = (ws.address() as AddressInfo).port;
  for (const opcode of [Opcode.Text, Opcode.Binary])
    for (const size of SIZES) {
      const payload = new Uint8Array(size).fill(97);
      const frame = encodeFrame(Role.Client, opcode, true, payload);
      const echoBytes = encodeFrame(Role.Server, opcode, true, payload).length;
      const results: { ours: number[]; ws: number[] } = { ours: [], ws: [] };
      for (let round = 0; round < ROUNDS; round++) {
        results.ours.push(await measure(ours.port, frame, echoBytes));
        results.ws.push(await measure(wsPort, frame, echoBytes));
      }
      const [our, theirs] = [median(results.ours), median(results.ws)];
      const kind = opcode === Opcode.Text ? "text" : "binary";
      console.log(
        `${kind} ${size} B: ours ${Math.round(our)}/s, ws ${Math.round(theirs)}/s, ratio ${(our / theirs).toFixed(2)}`,
      );
    }
  ours.abort();
  ws.close();
  ws.closeAllConnections();
}

await main();
