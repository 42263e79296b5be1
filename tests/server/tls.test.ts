/** A server of wss on Node. */

import { once } from "node:events";
import { connect, type TLSSocket } from "node:tls";
import { WebSocketServer } from "../../modules/server.js";
import { testCertificates } from "../support/certificates.js";
import { upgradeRequest } from "../support/rawclient.js";
import { asciiOf, frame } from "../support/vectors.js";
import { openHandles } from "../client/clienttest.js";
import { eventually } from "./servertest.js";

let server: WebSocketServer;
const texts: string[] = [];

async function connectRaw(): Promise<TLSSocket> {
  const options = { host: "127.0.0.1", port: server.port, rejectUnauthorized: false, allowHalfOpen: true };
  const socket = connect(options);
  socket.on("error", () => undefined);
  await once(socket, "secureConnect");
  return socket;
}

async function textOf(socket: TLSSocket): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("latin1");
}

beforeAll(async () => {
  const { right } = await testCertificates();
  server = new WebSocketServer({ address: "127.0.0.1", port: 0, identity: right });
  server.onMessageReceived = (_sender, { frame: { text }, webSocket }) => {
    texts.push(text);
    webSocket.sendString(`${text} came`);
  };
  await server.start();
});
afterAll(() => {
  server.abort();
});

test("serves, and keeps nothing of clients that do not trust it", async () => {
  const socket = await connectRaw();
  socket.write(Buffer.concat([Buffer.from(upgradeRequest(), "latin1"), frame(0x81, asciiOf("first"), true)]));
  await eventually(() => texts.length === 1);
  socket.destroy();
  const handles = openHandles().length;
  for (let turn = 0; turn < 20; turn++) {
    const stranger = connect({ host: "127.0.0.1", port: server.port });
    await new Promise((resolve) => stranger.once("error", resolve));
    stranger.destroy();
  }
  await eventually(() => openHandles().length <= handles && server.clientsCount === 0);
});

test("a client that ends within its request is gone", async () => {
  const socket = await connectRaw();
  socket.end("GET / HT");
  expect(await textOf(socket)).toBe("");
  expect(server.clientsCount).toBe(0);
});
