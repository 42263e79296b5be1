/** A server of wss that wants to know its clients. */

import { createServer, type Server } from "node:https";
import { TLSSocket } from "node:tls";
import { addWebSocket } from "xs-websockets/node";
import { WebSocketServer } from "xs-websockets/server";
import type { Certificates } from "../support/certificates.js";

/** Shows the certificate `wildcard`, and greets with the client's name and the name it was asked for by SNI. */
export async function createMutualServer({ wildcard, authority }: Certificates): Promise<Server> {
  const webSockets = new WebSocketServer({ isStandAlone: false });
  await webSockets.start();
  const ca = `-----BEGIN CERTIFICATE-----\n${Buffer.from(authority).toString("base64")}\n-----END CERTIFICATE-----\n`;
  const { certificatesPem: cert, privateKeyPem: key } = wildcard;
  const server = createServer({ cert, key, ca, requestCert: true, rejectUnauthorized: true });
  server.on("tlsClientError", () => undefined);
  server.on("upgrade", (request, socket, head) => {
    if (!(socket instanceof TLSSocket)) throw new TypeError("It is no socket of TLS.");
    const name = String(socket.getPeerCertificate().subject.CN);
    // @types/node does not know the name that SNI asked for.
    const asked = "servername" in socket ? String(socket.servername) : "";
    if (addWebSocket(webSockets, request, socket, head)) webSockets.broadcast(`${name} at ${asked}`);
  });
  server.on("close", () => {
    webSockets.abort();
  });
  return server;
}
