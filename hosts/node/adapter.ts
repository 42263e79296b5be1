/** WebSocketServer inside a node:http or node:https server, or a framework on top of one. */

import type { IncomingMessage } from "node:http";
import { Socket as NetSocket } from "node:net";
import type { Duplex } from "node:stream";

import { OptionError } from "xs-websockets/client";
import type { WebSocketServer } from "xs-websockets/server";
import { upgradeContext } from "xs-websockets/upgrade";

import { answerWithoutUpgrade, isForWebSocket } from "./otherupgrade.js";
import { NodeSocket } from "./socket.js";

export { createWebSocketStream } from "./duplex.js";

/**
 * Passes the arguments of the event "upgrade" to a WebSocketServer, whose option `isStandAlone` is false:
 *
 *     httpServer.on("upgrade", (request, socket, head) => addWebSocket(wsServer, request, socket, head));
 *
 * An upgrade to something else, such as curl's and Java's to h2c, is ignored: the request goes to the handlers of the
 * server's event "request", as one without it does.
 *
 * @param server what takes it
 * @param request the request for the upgrade
 * @param socket its connection
 * @param head what has come behind the request
 * @returns as `WebSocketServer.addWebSocket`
 * @throws OptionError where `socket` is a stream of another kind
 */
export function addWebSocket(
  server: WebSocketServer,
  request: IncomingMessage,
  socket: Duplex,
  head: Uint8Array,
): boolean {
  if (!(socket instanceof NetSocket))
    throw new OptionError('The socket is none of node:net or node:tls: give the one that the event "upgrade" has.');
  // Whoever awaited something before may come too late: such a socket tells its end to nobody any more.
  if (socket.readableEnded || !socket.writable) {
    socket.destroy();
    return false;
  }
  if (!isForWebSocket(request)) {
    answerWithoutUpgrade(request, socket, head);
    return false;
  }
  const { rawHeaders, method = "GET", url = "/", httpVersion } = request;
  const headers = rawHeaders.flatMap((name, at) => (at % 2 === 0 ? [[name, rawHeaders[at + 1] ?? ""] as const] : []));
  const context = upgradeContext(
    new NodeSocket(socket),
    { method, target: url, httpVersion, headers },
    head,
    server.handshakeTimeoutMs,
  );
  return context !== undefined && server.addWebSocket(context);
}
