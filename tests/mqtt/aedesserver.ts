/** The broker aedes behind the npm package `ws`, as a program: it is ESM, which Jest does not load. */

import { Aedes } from "aedes";
import { createWebSocketStream, WebSocketServer } from "ws";

const broker = await Aedes.createBroker();
const server = new WebSocketServer({
  host: "127.0.0.1",
  port: Number(process.argv[2]),
  handleProtocols: (protocols) => (protocols.has("mqtt") ? "mqtt" : false),
});
server.on("connection", (socket, request) => {
  const stream = createWebSocketStream(socket);
  // A client that breaks off is an end like others.
  stream.on("error", () => undefined);
  broker.handle(stream, request);
});
