/**
 * npm run tls-echo [port=8443]: a server on this machine for trying wss:// without the internet. It sends each message
 * back. Node.js only: it makes its certificates.
 *
 * The first run makes an authority and a certificate for localhost, 127.0.0.1 and this machine's name and addresses,
 * and keeps them in build/tls-echo. A client trusts them by `certificate`: ca.pem, or ca.der where it takes DER. To
 * make new ones, for example for a new address, delete the folder.
 */

import { readFile } from "node:fs/promises";

import { exitWith, log, onExit, readSettings } from "#environment";
import { tlsIdentity } from "xs-websockets/pem";
import { WebSocketServer } from "xs-websockets/server";

import { loadServerFiles } from "./serverfiles.js";

const { port } = readSettings({ port: 8443 });

async function main(): Promise<void> {
  const files = await loadServerFiles("build/tls-echo");
  log(`authority:   ${files.authorityPem} (PEM), ${files.authorityDer} (DER)`);
  log(`certificate: ${files.certificatePem}, for ${files.hosts.join(", ")}`);
  log(`private key: ${files.privateKeyPem}`);
  const server = new WebSocketServer({
    port,
    identity: tlsIdentity(await readFile(files.certificatePem, "utf8"), await readFile(files.privateKeyPem, "utf8")),
    allowedOrigins: ["*"],
    onMessageReceived: (_sender, { frame, webSocket }) => {
      webSocket.send(frame.buffer, frame.messageType);
    },
  });
  onExit(() => server.stop());
  await server.start();
  log(`wss://localhost:${server.port}/`);
}

main().catch(exitWith);
