import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { ClientWebSocket, type MessageReceivedEventArgs, WebSocketMessageType } from "xs-websockets/client";
import { addWebSocket } from "xs-websockets/node";
import { WebSocketServer, type WebSocketServerOptions } from "xs-websockets/server";

function answer({ frame, webSocket }: MessageReceivedEventArgs): void {
  if (frame.messageType === WebSocketMessageType.Text) webSocket.sendString(`You said: ${frame.text}`);
}

const options: WebSocketServerOptions = {
  isStandAlone: false,
  onMessageReceived: (_sender, e) => answer(e),
};
const webSockets = new WebSocketServer(options);
await webSockets.start();

// A server of node:http, or of a framework on top of one.
const httpServer = createServer((_request, response) => response.end("a page"));
httpServer.on("upgrade", (request, socket, head) => addWebSocket(webSockets, request, socket, head));
await new Promise<void>((resolve) => httpServer.listen(0, resolve));
const { port } = httpServer.address() as AddressInfo;

const client = new ClientWebSocket({
  onMessageReceived: (_sender, { frame }) => {
    console.log(frame.text);
    void webSockets.stop();
    httpServer.close();
  },
});
await client.connect(`ws://127.0.0.1:${port}/`);
client.sendString("hello");
