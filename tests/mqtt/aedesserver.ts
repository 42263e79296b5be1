/** The broker aedes behind the npm package `ws`, as a program: it is ESM, which Jest does not load. */

import { Aedes } from "aedes";
import { createWebSocketStream, WebSocketServer } from "ws";

const [port, user, password] = process.argv.slice(2);
const broker = await Aedes.createBroker({
  // Who gives no name is let in.
  authenticate(_client, name, secret, done) {
    const isRight = name === undefined || (name === user && secret?.toString() === password);
    if (isRight) done(null, true);
    else done(Object.assign(new Error("Bad username or password"), { returnCode: 4 }), null);
  },
});
const server = new WebSocketServer({
  host: "127.0.0.1",
  port: Number(port),
  handleProtocols: (protocols) => (protocols.has("mqtt") ? "mqtt" : false),
});
server.on("connection", (socket, request) => {
  const stream = createWebSocketStream(socket);
  // A client that breaks off is an end like others.
  stream.on("error", () => undefined);
  broker.handle(stream, request);
});
