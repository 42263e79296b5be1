/** WebSocketServer inside the SDK's own HTTP server (ECMA-419, "embedded:network/http/server"). */

import type TCP from "embedded:io/socket/tcp";
import type { WebSocketServer } from "xs-websockets/server";
import { upgradeContext } from "xs-websockets/upgrade";

// XS resolves this against this module's name, "xs-websockets/moddable": it is "xs-websockets/host/tcplistener" there.
import { wrapTcp } from "./host/tcplistener.js";

/** What is used of the SDK's class for a connection: its types are not everywhere where these declarations are read. */
export interface DetachableConnection {
  /** Gives the TCP socket away, an instance of "embedded:io/socket/tcp". */
  detach(): object;
}

/** What `onRequest` is told. */
export interface ReceivedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: ReadonlyMap<string, string>;
}

/**
 * Passes a request to a WebSocketServer, whose option `isStandAlone` is false. To be called in `onRequest`, before the
 * SDK's server reads on:
 *
 *     router.set("/ws", { onRequest(request) { addWebSocket(wsServer, this, request); } });
 *
 * Of header fields that came twice the SDK gives the last: what is refused in a request to an HttpListener for its
 * second `Host` or `Origin` is not noticed here.
 *
 * @param connection `this` in `onRequest`. It is the WebSocketServer's from then on, also where the client is refused
 * @returns as `WebSocketServer.addWebSocket`
 */
export function addWebSocket(
  server: WebSocketServer,
  connection: DetachableConnection,
  { method, path, headers }: ReceivedRequest,
): boolean {
  const socket = wrapTcp(connection.detach() as TCP);
  if (socket === undefined) return false;
  // What came behind the head is still in the TCP.
  const none = new Uint8Array(0);
  const context = upgradeContext(socket, { method, target: path, headers }, none, server.handshakeTimeoutMs);
  return context !== undefined && server.addWebSocket(context);
}
