/** Upgrade requests that another HTTP server has read. */

import type { Socket } from "#network";
import { HttpExchange, type HttpListenerContext } from "./http/exchange.js";
import { HTTP_LISTENER_DEFAULTS } from "./http.js";

/** A request's head as another server gives it. */
export interface ForeignRequest {
  readonly method: string;
  /** The request target. */
  readonly target: string;
  /** The header fields in the order in which they came. */
  readonly headers: Iterable<readonly [name: string, value: string]>;
}

/**
 * Makes a context for `WebSocketServer.addWebSocket`. The request is read again, by the rules of this library.
 *
 * @param socket the request's connection; it belongs to the context from then on
 * @param early the bytes that came behind the head
 * @param timeoutMs for an answer to be found, and again for it to leave
 * @returns undefined where the request was refused and answered
 */
export function upgradeContext(
  socket: Socket,
  request: ForeignRequest,
  early: Uint8Array,
  timeoutMs = HTTP_LISTENER_DEFAULTS.requestTimeoutMs,
): HttpListenerContext | undefined {
  const fields = [...request.headers].map(([name, value]) => `${name}: ${value}\r\n`);
  const head = `${request.method} ${request.target} HTTP/1.1\r\n${fields.join("")}\r\n`;
  const bytes = new Uint8Array(head.length + early.length);
  for (let at = 0; at < head.length; at++) bytes[at] = head.charCodeAt(at);
  bytes.set(early, head.length);
  let context: HttpListenerContext | undefined;
  // How long a head may be was for the other server to say.
  const exchange = new HttpExchange(
    socket,
    {
      maxHeadBytes: head.length + 1,
      maxKeptHeadBytes: 2 * head.length + 32 * fields.length,
      keptHeaders: [],
      requestTimeoutMs: timeoutMs,
    },
    {
      requestReceived: (received) => {
        context = received;
      },
      takeSpare: () => true,
      headRefused: () => undefined,
      ended: () => undefined,
    },
  );
  socket.handlers = exchange;
  exchange.received(bytes);
  return context;
}
