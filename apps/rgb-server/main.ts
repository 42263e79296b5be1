/**
 * A web page that sets the colour of a light-emitting diode over WebSocket (mirrors nanoFramework's
 * WebSockets.Server.RgbSample). Three bytes, red, green and blue, set the colour; it is told to all clients.
 */

import { exitWith, loadResource, log, onExit, readSettings, whenNetworkReady } from "#environment";
import { led } from "#led";
import { HttpListener, type HttpListenerContext } from "xs-websockets/http";
import { WebSocketMessageType, WebSocketServer } from "xs-websockets/server";

type Color = readonly [red: number, green: number, blue: number];

const NO_NETWORK: Color = [255, 0, 0];
const SERVING: Color = [0, 255, 0];

const { port, clients } = readSettings({ port: 8080, clients: 10 });
let color = NO_NETWORK;

const wsServer = new WebSocketServer({
  maxClients: clients,
  // A page learns of 1013 and its reason, but not of an HTTP status.
  whenFull: "close",
  isStandAlone: false,
  // A colour is small, and so is the heap of a device.
  maxMessageBytes: 1_024,
  maxQueueBytes: 2_048,
  onWebSocketOpened(server, { webSocket }) {
    webSocket.sendBytes(new Uint8Array(color));
    tellClientsCount(server);
  },
  onWebSocketClosed: tellClientsCount,
  onMessageReceived(_server, { frame }) {
    const [red, green, blue] = frame.buffer;
    if (frame.messageType !== WebSocketMessageType.Binary || frame.messageLength !== 3) {
      log(`Ignored a message of ${frame.messageLength} bytes from ${frame.endPoint}: a colour is 3 bytes, binary.`);
      return;
    }
    show([red ?? 0, green ?? 0, blue ?? 0]);
  },
});

const httpListener = new HttpListener({ port, onRequest: answer });

function answer(context: HttpListenerContext): void {
  const { request, response } = context;
  if (request.isWebSocketRequest) {
    wsServer.addWebSocket(context);
  } else if (request.path === "/") {
    response.contentType = "text/html; charset=utf-8";
    response.close(loadResource("index.html"));
  } else {
    response.statusCode = 404;
    response.close();
  }
}

function show(newColor: Color): void {
  color = newColor;
  led.setColor(...color);
  wsServer.broadcast(new Uint8Array(color));
}

function tellClientsCount(server: WebSocketServer): void {
  server.broadcast(JSON.stringify({ clients: server.clientsCount }));
}

async function main(): Promise<void> {
  show(NO_NETWORK);
  const address = await whenNetworkReady();
  await wsServer.start();
  await httpListener.start();
  show(SERVING);
  log(`http://${address}:${httpListener.port}/`);
}

onExit(async () => {
  await wsServer.stop();
  httpListener.stop();
});

main().catch(exitWith);
