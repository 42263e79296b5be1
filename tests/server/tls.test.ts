/** A server of wss on Node. */

import { once } from "node:events";
import { connect, type TLSSocket } from "node:tls";
import { ClientWebSocket, NetworkError } from "../../modules/client.js";
import { WebSocketServer, type WebSocketServerOptions } from "../../modules/server.js";
import { testCertificates } from "../support/certificates.js";
import { asciiOf, frame } from "../support/vectors.js";
import { openHandles } from "../client/clienttest.js";
import { eventually } from "../support/waiting.js";
import { upgradeRequest } from "../support/upgrades.js";

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

describe("clients that need a certificate", () => {
  test.each<[name: string, options: WebSocketServerOptions, message: string]>([
    ["authorities alone", { clientAuthorities: new Uint8Array(1) }, "belong together"],
    ["no authorities", { clientCertificateRequired: true }, "belong together"],
    ["no identity", { clientCertificateRequired: true, clientAuthorities: new Uint8Array(1) }, "needs an identity"],
    ["an empty list", { identity: [] }, "empty list"],
  ])("%s is a mistake", (_name, options, message) => {
    expect(() => new WebSocketServer({ port: 0, ...options })).toThrow(message);
  });

  test("show it to acceptClient", async () => {
    const { right, authority, client, strangeClient } = await testCertificates();
    const shown: (Uint8Array | undefined)[] = [];
    const mutual = new WebSocketServer({
      ...{ address: "127.0.0.1", port: 0, identity: [right], clientCertificateRequired: true },
      clientAuthorities: authority,
      acceptClient: ({ clientCertificate }) => shown.push(clientCertificate) > 0,
    });
    await mutual.start();
    const options = { certificate: authority, serverName: "localhost" };
    const known = new ClientWebSocket({
      ...options,
      clientCertificate: client.certificatesPem,
      clientPrivateKey: client.privateKeyPem,
    });
    await known.connect(`wss://127.0.0.1:${mutual.port}/`);
    known.abort();
    expect(shown).toEqual([new Uint8Array(client.certificates[0] ?? [])]);
    const stranger = new ClientWebSocket({
      ...options,
      clientCertificate: strangeClient.certificatesPem,
      clientPrivateKey: strangeClient.privateKeyPem,
    });
    for (const refused of [stranger, new ClientWebSocket(options)])
      await expect(refused.connect(`wss://127.0.0.1:${mutual.port}/`)).rejects.toBeInstanceOf(NetworkError);
    expect(shown).toHaveLength(1);
    mutual.abort();
  });
});
