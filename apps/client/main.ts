/**
 * A client that says hello every 5 seconds and sends texts back (mirrors nanoFramework's Websockets.Client.Sample).
 * Its server is the setting `url`. When it cannot connect, or the connection ends, it says why, waits and connects again.
 */

import { delay, exitWith, log, onExit, readSettings, whenNetworkReady } from "#environment";
import {
  WebSocketCloseStatus,
  WebSocketMessageType,
  WebSocketState,
  type ConnectionClosedEventArgs,
  type MessageReceivedEventArgs,
} from "xs-websockets/client";
import { ReconnectingWebSocket } from "xs-websockets/reconnecting";

const HELLO = "Hello Websocket!";
const HELLO_INTERVAL_MS = 5_000;

const { url } = readSettings({ url: "ws://localhost:8080/" });
let [isConnected, isLeaving] = [false, false];
/** What was sent back last. */
let answer = HELLO;

const client = new ReconnectingWebSocket({
  keepAliveInterval: 30_000,
  deliverFragments: true,
  onMessageReceived: (_client, e) => received(e),
  onReconnecting(_client, e) {
    log(describe(e.closed));
    log(`Connecting again in ${e.delayMs} ms.`);
  },
  onReconnected: () => log("Connected again."),
});

/** Fulfilled when it does not come back: after close(), or where another attempt would end as the last. */
const closed = new Promise<void>((resolve) => {
  client.onConnectionClosed = (_client, e) => {
    // Where there was none yet, connect() is rejected with the same.
    if (isConnected) log(describe(e));
    resolve();
  };
});

function received({ frame, webSocket }: MessageReceivedEventArgs): void {
  if (frame.isFragmented) {
    webSocket.close(WebSocketCloseStatus.PolicyViolation, "Fragmented messages are not supported.");
  } else if (frame.messageType === WebSocketMessageType.Binary) {
    log(`Received ${frame.messageLength} bytes.`);
  } else {
    log(`Received: ${frame.text}`);
    // A server may send back what it is sent, or send it to all, with a name before it: to answer that would never end.
    if (frame.text.includes(HELLO) || frame.text.includes(answer)) return;
    answer = frame.text || HELLO;
    webSocket.sendString(frame.text);
  }
}

function describe({ closeStatus, closeStatusDescription, error }: ConnectionClosedEventArgs): string {
  if (error === undefined) return `The connection is closed: ${closeStatus} ${closeStatusDescription}`;
  return `${error.name} ${error.code}: ${error.message}`;
}

async function main(): Promise<void> {
  await whenNetworkReady();
  log(`Connecting to ${url}`);
  await client.connect(url, { userId: "nano" });
  isConnected = true;
  log("Connected.");
  while (!isLeaving && client.state !== WebSocketState.Closed) {
    // Where there is no connection just now it is not sent: the next one will do.
    client.sendString(HELLO);
    await delay(HELLO_INTERVAL_MS);
  }
}

onExit(() => {
  isLeaving = true;
  client.close(WebSocketCloseStatus.EndpointUnavailable);
  return closed;
});

main().catch((error: unknown) => {
  if (!isLeaving) exitWith(error);
});
