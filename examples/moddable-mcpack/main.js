import { ClientWebSocket } from "xs-websockets/client";
import { WebSocketServer } from "xs-websockets/server";

const server = new WebSocketServer({
  port: 0, // any that is free
  onMessageReceived: (_sender, { frame, webSocket }) => webSocket.sendString(`You said: ${frame.text}`),
});
await server.start();

const client = new ClientWebSocket({
  onMessageReceived: (_sender, { frame }) => {
    console.log(frame.text);
  },
});
await client.connect(`ws://127.0.0.1:${server.port}/`);
client.sendString("hello");
