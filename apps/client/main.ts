/**
 * A client that says hello every 5 seconds and sends texts back (mirrors nanoFramework's Websockets.Client.Sample).
 * Its server is the setting `url`. When the connection ends it says why, waits and connects again.
 */

import { delay, exitWith, log, onExit, readSettings, whenNetworkReady } from "#environment";
import { Backoff } from "xs-websockets/backoff";
import {
  ClientWebSocket,
  OptionError,
  WebSocketCloseStatus,
  WebSocketMessageType,
  WebSocketState,
  type ConnectionClosedEventArgs,
  type MessageReceivedEventArgs,
} from "xs-websockets/client";

const HELLO = "Hello Websocket!";
const HELLO_INTERVAL_MS = 5_000;

const { url } = readSettings({ url: "ws://localhost:8080/" });
const backoff = new Backoff();
const leaving = { isWanted: false, done: (): void => undefined };

const client = new ClientWebSocket({
  keepAliveInterval: 30_000,
  deliverFragments: true,
  onMessageReceived: (_sender, e) => {
    received(e);
  },
  onConnectionClosed: (_sender, e) => {
    closed(e);
  },
});

function received({ frame, webSocket }: MessageReceivedEventArgs): void {
  if (frame.isFragmented) {
    webSocket.close(WebSocketCloseStatus.PolicyViolation, "Fragmented messages are not supported.");
  } else if (frame.messageType === WebSocketMessageType.Binary) {
    log(`Received ${frame.messageLength} bytes.`);
  } else {
    log(`Received: ${frame.text}`);
    // An echo server sends the hello back: to answer that too would never end.
    if (frame.text !== HELLO) webSocket.sendString(frame.text);
  }
}

function closed({ closeStatus, closeStatusDescription, error }: ConnectionClosedEventArgs): void {
  if (error === undefined) log(`The connection is closed: ${closeStatus} ${closeStatusDescription}`);
  else log(`${error.name} ${error.code}: ${error.message}`);
  leaving.done();
}

async function run(): Promise<void> {
  await whenNetworkReady();
  while (!leaving.isWanted) {
    log(`Connecting to ${url}`);
    try {
      await client.connect(url, { userId: "nano" });
      log("Connected.");
      backoff.reset();
      await sayHello();
    } catch (error) {
      // A wrong URL does not get better. Why anything else failed was told by onConnectionClosed.
      if (error instanceof OptionError) {
        exitWith(error);
        return;
      }
    }
    const delayMs = backoff.next();
    log(`Connecting again in ${delayMs} ms.`);
    await delay(delayMs);
  }
}

async function sayHello(): Promise<void> {
  while (client.state === WebSocketState.Open) {
    client.sendString(HELLO);
    await delay(HELLO_INTERVAL_MS);
  }
}

onExit(() => {
  leaving.isWanted = true;
  if (client.state !== WebSocketState.Open) return Promise.resolve();
  client.close(WebSocketCloseStatus.EndpointUnavailable);
  return new Promise((resolve) => (leaving.done = resolve));
});

void run();
