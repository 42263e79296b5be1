/**
 * A server that sends every message to all its clients, and a client that talks to another server by TLS (mirrors
 * nanoFramework's Websockets.ServerClient.Sample). Settings: `port` of the server, `url` of the other one, and `ca`,
 * the certificate of the authority that is trusted for it: a file (PEM or DER), which comes here as DER in base64.
 */

import { delay, exitWith, log, onExit, readSettings, whenDateValid, whenNetworkReady } from "#environment";
import { Backoff } from "xs-websockets/backoff";
import { ClientWebSocket, OptionError, WebSocketCloseStatus, WebSocketState } from "xs-websockets/client";
import { WebSocketMessageType, WebSocketServer } from "xs-websockets/server";

const HELLO_INTERVAL_MS = 1_000;

const { port, url, ca } = readSettings({ port: 8080, url: "wss://localhost:8443/", ca: "" });
const backoff = new Backoff();
let isLeaving = false;
let left = (): void => undefined;

const server = new WebSocketServer({
  port,
  onWebSocketOpened: (_sender, e) => {
    log(`${e.endPoint} is connected.`);
  },
  onWebSocketClosed: (_sender, e) => {
    log(`${e.endPoint} is gone: ${e.closeStatus}`);
  },
  onMessageReceived: (sender, { frame }) => {
    sender.broadcast(frame.messageType === WebSocketMessageType.Text ? frame.text : frame.buffer);
  },
});

const client = new ClientWebSocket({
  ...(ca === "" ? {} : { certificate: `-----BEGIN CERTIFICATE-----\n${ca}\n-----END CERTIFICATE-----` }),
  onMessageReceived: (_sender, { frame }) => {
    log(`Received from ${url}: ${frame.text}`);
  },
  onConnectionClosed: (_sender, { closeStatus, error }) => {
    log(error === undefined ? `${url} has closed: ${closeStatus}` : `${error.name} ${error.code}: ${error.message}`);
    left();
  },
});

async function serve(): Promise<void> {
  const address = await whenNetworkReady();
  await server.start();
  log(`ws://${address}:${server.port}${server.prefix}`);
}

async function talk(): Promise<void> {
  // Without the date no certificate can be verified.
  await whenDateValid();
  while (!isLeaving) {
    try {
      await client.connect(url);
      backoff.reset();
      for (let count = 1; client.state === WebSocketState.Open; count++) {
        client.sendString(`Hello Secure Websocket! ${count}`);
        await delay(HELLO_INTERVAL_MS);
      }
    } catch (error) {
      // A wrong URL does not get better. Why anything else failed was told by onConnectionClosed.
      if (error instanceof OptionError) throw error;
    }
    await delay(backoff.next());
  }
}

onExit(async () => {
  isLeaving = true;
  const clientLeft =
    client.state === WebSocketState.Open ? new Promise<void>((resolve) => (left = resolve)) : Promise.resolve();
  client.close(WebSocketCloseStatus.EndpointUnavailable);
  await Promise.all([server.stop(), clientLeft]);
});

serve().then(talk).catch(exitWith);
