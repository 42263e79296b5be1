/** How a WebSocketServer answers an upgrade request (RFC 6455, 4.2). */

import type { HttpListenerRequest } from "../http/exchange.js";
import { HandshakeError } from "../common/errors.js";
import { acceptForKey, checkUpgradeRequest, chooseSubprotocol } from "./key.js";
import type { HttpHeaders } from "../common/headers.js";
import type { RequestPolicy } from "./policy.js";

/**
 * Checks a request against RFC 6455, 4.2.1, and its Host and the origin of a browser's page against the policy.
 *
 * @returns the Sec-WebSocket-Key
 * @throws HandshakeError with the status of the answer: 400, 403, 405, 421 or 426
 */
export function checkServerRequest(request: HttpListenerRequest, policy: RequestPolicy): string {
  if (request.httpVersion !== "1.1")
    throw new HandshakeError(400, "An upgrade is a request of HTTP/1.1: a proxy has to pass it on as one.");
  const key = checkUpgradeRequest(request.httpMethod, request.headers);
  policy.checkHost(request.headers);
  policy.checkOrigin(request.headers);
  return key;
}

/** The header fields of a 101 answer (RFC 6455, 4.2.2), and the subprotocol that they agree on. */
export function upgradeHeaders(
  request: HttpHeaders,
  key: string,
  settings: { readonly subprotocols: readonly string[]; readonly serverName: string },
): { readonly subprotocol: string | undefined; readonly headers: readonly (readonly [string, string])[] } {
  const subprotocol = chooseSubprotocol(settings.subprotocols, request);
  const headers: [string, string][] = [
    ["Upgrade", "websocket"],
    ["Connection", "Upgrade"],
    ["Sec-WebSocket-Accept", acceptForKey(key)],
  ];
  if (subprotocol !== undefined) headers.push(["Sec-WebSocket-Protocol", subprotocol]);
  if (settings.serverName !== "") headers.push(["Server", settings.serverName]);
  return { subprotocol, headers };
}
