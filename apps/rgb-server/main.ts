/**
 * A web page that sets the colour of a light-emitting diode over WebSocket (mirrors nanoFramework's
 * WebSockets.Server.RgbSample). Three bytes, red, green and blue, set the colour, a text names an effect; both are told
 * to all clients.
 */

import { exitWith, loadIdentity, loadResource, log, onExit, readSettings, whenNetworkReady } from "#environment";
import { claimHostname } from "#hostname";
import { led } from "#led";
import { HttpListener, type HttpListenerContext } from "xs-websockets/http";
import { WebSocketMessageType, WebSocketServer } from "xs-websockets/server";
import { type Color, Light } from "./light.js";

/** Until then a device is red: see nonetwork.ts. */
const SERVING: Color = [0, 255, 0];

const { port, clients, secure, hostname } = readSettings({ port: 8080, clients: 10, secure: 0, hostname: "rgb" });
const light = new Light();

const wsServer = new WebSocketServer({
  maxClients: clients,
  // A page learns of 1013 and its reason, but not of an HTTP status.
  whenFull: "close",
  isStandAlone: false,
  // A colour is small, and so is the heap of a device.
  maxMessageBytes: 1_024,
  maxQueueBytes: 2_048,
  onWebSocketOpened(_server, { webSocket }) {
    webSocket.sendBytes(new Uint8Array(light.color));
    tellState();
  },
  onWebSocketClosed: tellState,
  onMessageReceived(_server, { frame }) {
    const [red, green, blue] = frame.buffer;
    if (frame.messageType === WebSocketMessageType.Text && light.play(frame.text)) tellState();
    else if (frame.messageType === WebSocketMessageType.Binary && frame.messageLength === 3)
      show([red ?? 0, green ?? 0, blue ?? 0]);
    else log(`Ignored a message of ${frame.messageLength} bytes from ${frame.endPoint}: a colour is 3 bytes, binary.`);
  },
});

const httpListener = new HttpListener({
  port,
  // By TLS the page, which is https: then, opens its WebSocket as wss: by itself.
  ...(secure === 0 ? {} : { identity: loadIdentity() }),
  onRequest: answer,
});

function answer(context: HttpListenerContext): void {
  const { request, response } = context;
  if (request.isWebSocketRequest) {
    wsServer.addWebSocket(context);
  } else if (request.path === "/" || request.path === "/style.css") {
    response.contentType = request.path === "/" ? "text/html; charset=utf-8" : "text/css; charset=utf-8";
    response.close(loadResource(request.path === "/" ? "index.html" : "style.css"));
  } else {
    response.statusCode = 404;
    response.close();
  }
}

function show(color: Color): void {
  const { effect } = light;
  light.show(color);
  wsServer.broadcast(new Uint8Array(color));
  if (effect !== light.effect) tellState();
}

function tellState(): void {
  led.showClients?.(wsServer.clientsCount);
  const { effect, seconds } = light;
  wsServer.broadcast(JSON.stringify({ clients: wsServer.clientsCount, effect, seconds }));
}

async function main(): Promise<void> {
  const address = await whenNetworkReady();
  await wsServer.start();
  await httpListener.start();
  log(urlOf(address));
  led.showAddress?.(urlOf(address));
  light.show(SERVING);
  const name = await claimHostname(hostname, httpListener.port);
  if (name === undefined) return;
  led.showName?.(urlOf(name));
  log(urlOf(name));
}

function urlOf(host: string): string {
  const { port } = httpListener;
  const [scheme, usualPort] = secure === 0 ? ["http", 80] : ["https", 443];
  return `${scheme}://${host}${port === usualPort ? "" : `:${port}`}/`;
}

onExit(async () => {
  await wsServer.stop();
  httpListener.stop();
});

main().catch(exitWith);
