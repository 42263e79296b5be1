/**
 * A server that sends every message to all its clients, and a client that talks to another server by TLS (mirrors
 * nanoFramework's Websockets.ServerClient.Sample). Settings: `port` of the server, `url` of the other one, and `ca`,
 * the certificate of the authority that is trusted for it: a file (PEM or DER), which comes here as DER in base64.
 */

import { delay, exitWith, log, onExit, readSettings, whenDateValid, whenNetworkReady } from "#environment";
import { WebSocketCloseStatus, WebSocketState, type ConnectionClosedEventArgs } from "xs-websockets/client";
import { ReconnectingWebSocket } from "xs-websockets/reconnecting";
import { WebSocketMessageType, WebSocketServer } from "xs-websockets/server";

const HELLO_INTERVAL_MS = 1_000;

const { port, url, ca } = readSettings({ port: 8080, url: "wss://localhost:8443/", ca: "" });
let [isConnected, isLeaving] = [false, false];

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

const client = new ReconnectingWebSocket({
  ...(ca === "" ? {} : { certificate: `-----BEGIN CERTIFICATE-----\n${ca}\n-----END CERTIFICATE-----` }),
  onMessageReceived(_client, { frame }) {
    log(`Received from ${url}: ${frame.text}`);
  },
  onReconnecting(_client, { closed, delayMs }) {
    tell(closed);
    log(`Connecting again in ${delayMs} ms.`);
  },
});

/** Fulfilled when it does not come back. */
const closed = new Promise<void>((resolve) => {
  client.onConnectionClosed = (_client, e) => {
    // Where there was none yet, connect() is rejected with the same.
    if (isConnected) tell(e);
    resolve();
  };
});

function tell({ closeStatus, error }: ConnectionClosedEventArgs): void {
  log(error === undefined ? `${url} has closed: ${closeStatus}` : `${error.name} ${error.code}: ${error.message}`);
}

async function serve(): Promise<void> {
  const address = await whenNetworkReady();
  await server.start();
  log(`ws://${address}:${server.port}${server.prefix}`);
}

async function talk(): Promise<void> {
  // Without the date no certificate can be verified.
  await whenDateValid();
  log(`Connecting to ${url}`);
  await client.connect(url);
  isConnected = true;
  for (let count = 1; !isLeaving && client.state !== WebSocketState.Closed; count++) {
    client.sendString(`Hello Secure Websocket! ${count}`);
    await delay(HELLO_INTERVAL_MS);
  }
}

onExit(async () => {
  isLeaving = true;
  const isClosing = client.state !== WebSocketState.None;
  client.close(WebSocketCloseStatus.EndpointUnavailable);
  await Promise.all([server.stop(), isClosing && closed]);
});

serve()
  .then(talk)
  .catch((error: unknown) => {
    if (!isLeaving) exitWith(error);
  });
