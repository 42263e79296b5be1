/** The SDK's HTTP server with a page, and a WebSocketServer in one of its routes. */

import Listener from "embedded:io/socket/listener";
import HTTPServer, { type HTTPConnectionHandlers } from "embedded:network/http/server";

import { addWebSocket } from "xs-websockets/moddable";
import { WebSocketServer } from "xs-websockets/server";

declare const globalThis: { abort?: (reason: string, error: unknown) => boolean };

// An exception that nobody catches would stop the app in silence.
globalThis.abort = (reason, error) => {
  trace(`uncaught (${reason}): ${String(error)}\n`);
  return false;
};

const webSockets = new WebSocketServer({
  isStandAlone: false,
  maxClients: 2,
  onMessageReceived(_sender, { frame, webSocket }) {
    webSocket.send(frame.buffer, frame.messageType);
  },
});

const body = ArrayBuffer.fromString("a page");
const page: HTTPConnectionHandlers = {
  onResponse(response) {
    response.headers.set("content-length", body.byteLength);
    this.respond(response);
  },
  onWritable() {
    this.write(body);
  },
};
const routes: Readonly<Record<string, HTTPConnectionHandlers>> = {
  "/ws": {
    onRequest(request) {
      addWebSocket(webSockets, this, request);
    },
  },
};

async function main(): Promise<void> {
  await webSockets.start();
  const server = new HTTPServer({
    io: Listener,
    port: 0,
    onConnect(connection) {
      connection.accept({
        onRequest(request) {
          this.route = routes[request.path] ?? page;
        },
      });
    },
  });
  trace(`port ${server.port}\n`);
}

void main();
