/** The echo server of the npm package `ws`, that obeys the words of clientsuite.ts. */

import { type AddressInfo } from "node:net";
import { type WebSocket, WebSocketServer } from "ws";
import { SUBPROTOCOL } from "./clientsuite.js";

/** A server that runs. */
export interface EchoServer {
  readonly port: number;
  stop(): Promise<void>;
}

function serve(client: WebSocket): void {
  client.on("pong", (payload) => {
    if (payload.toString() === "asked for") client.send("ponged");
  });
  client.on("message", (data: Buffer, isBinary) => {
    const word = isBinary ? "" : data.toString();
    if (word === "close") client.close(4_321, "schön war es");
    else if (word === "ping") client.ping("asked for");
    else if (word === "fragments") sendFragments(client);
    else client.send(data, { binary: isBinary });
  });
}

/** One character in each frame, then an empty one. */
function sendFragments(client: WebSocket): void {
  for (const character of "aé€😀") client.send(character, { fin: false });
  client.send("", { fin: true });
}

/** Starts it. It would compress, if it was asked to. */
export function startWsEchoServer(): Promise<EchoServer> {
  const server = new WebSocketServer({
    port: 0,
    host: "127.0.0.1",
    perMessageDeflate: true,
    handleProtocols: (offered) => (offered.has(SUBPROTOCOL) ? SUBPROTOCOL : false),
  });
  server.on("connection", serve);
  return new Promise((resolve) => {
    server.once("listening", () => {
      resolve({
        port: (server.address() as AddressInfo).port,
        stop() {
          for (const client of server.clients) client.terminate();
          return new Promise((stopped) => server.close(() => stopped()));
        },
      });
    });
  });
}
