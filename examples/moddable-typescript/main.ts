import { ClientWebSocket, type MessageReceivedEventArgs } from "xs-websockets/client";
import { HttpListener, type HttpListenerContext } from "xs-websockets/http";
import { WebSocketServer } from "xs-websockets/server";

declare function trace(...texts: readonly string[]): void;

const webSockets = new WebSocketServer({
  isStandAlone: false,
  onMessageReceived: (_sender, { frame, webSocket }) => webSocket.sendString(`You said: ${frame.text}`),
});
const listener = new HttpListener({ port: 0 }); // any that is free
listener.route("/chat", (context: HttpListenerContext) => webSockets.addWebSocket(context));

await webSockets.start();
await listener.start();

const client = new ClientWebSocket({
  onMessageReceived: (_sender, { frame }: MessageReceivedEventArgs) => trace(`${frame.text}\n`),
});
await client.connect(`ws://127.0.0.1:${listener.port}/chat`);
client.sendString("hello");
