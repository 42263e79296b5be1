/** Upgrade requests that another HTTP server has read. */

import type { Socket } from "#network";
import { adoptRequest, type ForeignRequest } from "./http/adopt.js";
import type { HttpListenerContext } from "./http/exchange.js";
import { HTTP_LISTENER_DEFAULTS } from "./http.js";

export type { NetworkErrorCode, NetworkFailure, Socket, SocketHandlers, WriteResult } from "#network";
export type { ForeignRequest } from "./http/adopt.js";

/**
 * Makes a context for `WebSocketServer.addWebSocket`. The request has to obey the rules of this library.
 *
 * @param socket the request's connection; it belongs to the context from then on
 * @param request what the other server has read
 * @param unread the bytes that came behind the head
 * @param timeoutMs for an answer to be found, and again for it to leave
 * @returns the context; undefined where the request was refused and answered
 */
export function upgradeContext(
  socket: Socket,
  request: ForeignRequest,
  unread: Uint8Array,
  timeoutMs = HTTP_LISTENER_DEFAULTS.requestTimeoutMs,
): HttpListenerContext | undefined {
  return adoptRequest(socket, request, unread, timeoutMs);
}
