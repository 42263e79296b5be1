import { ClientWebSocket, HttpListener, WebSocketServer } from "xs-websockets";

const webSockets = new WebSocketServer({
  isStandAlone: false,
  onMessageReceived: (_sender, { frame, webSocket }) => webSocket.sendString(`You said: ${frame.text}`),
});
await webSockets.start();

const listener = new HttpListener({ port: 0 });
listener.route("/chat", (context) => webSockets.addWebSocket(context));
await listener.start();

const client = new ClientWebSocket({
  onMessageReceived: (_sender, { frame }) => {
    console.log(frame.text);
    void webSockets.stop();
    void listener.stop();
  },
});
await client.connect(`ws://127.0.0.1:${listener.port}/chat`);
client.sendString("hello");
