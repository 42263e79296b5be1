// Node.js takes modules by require() since 20.19 and 22.12. Before: await import("xs-websockets/client").
const { ClientWebSocket } = require("xs-websockets/client");
const { WebSocketServer } = require("xs-websockets/server");

async function main() {
  const server = new WebSocketServer({
    port: 0, // any that is free
    onMessageReceived: (_sender, { frame, webSocket }) => webSocket.sendString(`You said: ${frame.text}`),
  });
  await server.start();

  const client = new ClientWebSocket({
    onMessageReceived: (_sender, { frame }) => {
      console.log(frame.text);
      void server.stop();
    },
  });
  await client.connect(`ws://127.0.0.1:${server.port}/`);
  client.sendString("hello");
}

void main();
