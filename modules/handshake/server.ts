/** How a WebSocketServer answers an upgrade request (RFC 6455, 4.2). */

import type { DeflateExtension } from "#platform";
import type { HttpListenerRequest } from "../http/exchange.js";
import { HandshakeError } from "../common/errors.js";
import { acceptForKey, checkUpgradeRequest, chooseSubprotocol } from "./key.js";
import type { HttpHeaders } from "../common/headers.js";
import type { AgreedSettings, ConnectionSettings } from "../common/options.js";
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

/** The header fields of a 101 answer (RFC 6455, 4.2.2), and what they agree on. */
export interface UpgradeHeaders {
  readonly headers: readonly (readonly [string, string])[];
  readonly subprotocol: string | undefined;
  readonly deflater: AgreedSettings["deflater"];
}

/**
 * Answers an upgrade request.
 *
 * @throws HandshakeError (400) where its offer of extensions cannot be read
 */
export function upgradeHeaders(
  request: HttpHeaders,
  key: string,
  settings: { readonly subprotocols: readonly string[]; readonly serverName: string },
  deflate?: DeflateExtension<ConnectionSettings>,
): UpgradeHeaders {
  const deflater = deflate?.agree(request.list("sec-websocket-extensions").join());
  if (typeof deflater === "string") throw new HandshakeError(400, deflater);
  const subprotocol = chooseSubprotocol(settings.subprotocols, request);
  const headers: [string, string][] = [
    ["Upgrade", "websocket"],
    ["Connection", "Upgrade"],
    ["Sec-WebSocket-Accept", acceptForKey(key)],
  ];
  if (subprotocol !== undefined) headers.push(["Sec-WebSocket-Protocol", subprotocol]);
  if (deflater !== undefined) headers.push(["Sec-WebSocket-Extensions", deflater.parameters]);
  if (settings.serverName !== "") headers.push(["Server", settings.serverName]);
  return { subprotocol, headers, deflater };
}
