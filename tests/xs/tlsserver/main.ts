/** Servers of HTTPS and wss on XS, that peers of others talk to: see tests/tls/servers.test.ts. */

import { fromBase64 } from "#platform";
import { ClientWebSocket } from "xs-websockets/client";
import { HttpListener } from "xs-websockets/http";
import { WebSocketServer } from "xs-websockets/server";
import { serveControl } from "../control.js";
import { measureMemory } from "../memory.js";
import { nativeBytes } from "./nativebytes.js";

declare const globalThis: { abort?: (reason: string, error: unknown) => boolean };

// An exception that nobody catches would stop the app in silence.
globalThis.abort = (reason, error) => {
  trace(`uncaught (${reason}): ${String(error)}\n`);
  return false;
};

/** A certificate chain and its key, DER in base64. */
interface IdentityText {
  readonly certificates: readonly string[];
  readonly privateKey: string;
}

interface Wanted {
  readonly identities: readonly IdentityText[];
  /** Clients need a certificate of this authority; "": they need none. */
  readonly clientAuthority: string;
}

let clients = 0;

/** A page that tells of the client's certificate, and an echo at /echo. @returns the port */
async function serve({ identities, clientAuthority }: Wanted): Promise<number> {
  const listener = new HttpListener({
    port: 0,
    identity: identities.map(({ certificates, privateKey }) => ({
      certificates: certificates.map((text) => fromBase64(text)),
      privateKey: fromBase64(privateKey),
    })),
    ...(clientAuthority === ""
      ? {}
      : { clientCertificateRequired: true, clientAuthorities: fromBase64(clientAuthority) }),
    onRequest: ({ request, response }) => {
      response.contentType = "text/html";
      response.close(`<p>certificate of ${request.clientCertificate?.byteLength ?? 0} bytes</p>`);
    },
  });
  const webSockets = new WebSocketServer({
    ...{ isStandAlone: false, maxClients: 16, maxMessageBytes: 1_100_000, maxQueueBytes: 2_200_000 },
    allowedOrigins: ["*"],
    onMessageReceived: (_sender, { frame, webSocket }) => void webSocket.send(frame.buffer, frame.messageType),
    onWebSocketOpened: () => void (clients += 1),
    onWebSocketClosed: () => void (clients -= 1),
  });
  await webSockets.start();
  listener.route("/echo", (context) => void webSockets.addWebSocket(context));
  await listener.start();
  return listener.port;
}

interface Cycles {
  readonly uri: string;
  readonly authority: string;
  readonly count: number;
}

/** Connects, says hello, and closes, again and again. @returns how often each code of an error came, "" for none */
async function connect({ uri, authority, count }: Cycles): Promise<object> {
  const codes: Record<string, number> = {};
  for (let turn = 0; turn < count; turn += 1) {
    const client = new ClientWebSocket({ certificate: fromBase64(authority) });
    const closed = new Promise<void>((resolve) => (client.onConnectionClosed = () => resolve()));
    client.onMessageReceived = () => {
      client.close();
    };
    const code = await client.connect(uri).then(
      () => "",
      (error: unknown) => (error as { readonly code: string }).code,
    );
    codes[code] = (codes[code] ?? 0) + 1;
    if (code === "") client.sendString("hello");
    await closed;
  }
  return codes;
}

async function main(): Promise<void> {
  const port = await serveControl({
    serve,
    connect,
    memory: () => ({ ...measureMemory(), native: nativeBytes(), clients }),
  });
  trace(`ports ${port}\n`);
}

void main();
