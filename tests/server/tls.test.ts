/** A server of wss on Node. */

import { once } from "node:events";
import { connect, type TLSSocket } from "node:tls";
import { WebSocketServer } from "../../modules/server.js";
import { testCertificates } from "../support/certificates.js";
import { upgradeRequest } from "../support/rawclient.js";
import { asciiOf, frame } from "../support/vectors.js";
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

test("the end of TLS right behind the first frames takes neither them nor the answer away", async () => {
  const socket = await connectRaw();
  const request = Buffer.from(upgradeRequest(), "latin1");
  const answer = textOf(socket);
  socket.end(Buffer.concat([request, frame(0x81, asciiOf("first"), true), frame(0x81, asciiOf("second"), true)]));
  expect(await answer).toMatch(/^HTTP\/1\.1 101 .*first came/s);
  expect(texts).toEqual(["first", "second"]);
  await eventually(() => server.clientsCount === 0);
});

test("a client that ends within its request is gone", async () => {
  const socket = await connectRaw();
  socket.end("GET / HT");
  expect(await textOf(socket)).toBe("");
  expect(server.clientsCount).toBe(0);
});
