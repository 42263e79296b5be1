/** The server's part of the opening handshake (RFC 6455, 4.2), and what both sides compute. */

import { base64, encodeUtf8, sha1 } from "#platform";
import { everyCharacter, isAlphanumericOr } from "../common/text.js";
import { HandshakeError } from "../common/errors.js";
import { isUpgradeRequest, type HttpHeaders } from "../common/headers.js";

/** RFC 6455, 1.3: what is appended to the key before it is hashed. */
const ACCEPT_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/** The Sec-WebSocket-Accept that answers a Sec-WebSocket-Key (RFC 6455, 4.2.2). */
export function acceptForKey(key: string): string {
  return base64(sha1(encodeUtf8(key + ACCEPT_GUID)));
}

/**
 * Checks an upgrade request (RFC 6455, 4.2.1).
 *
 * @returns its Sec-WebSocket-Key
 * @throws HandshakeError with the status of the answer: 400, 405, or 426 for another version
 */
export function checkUpgradeRequest(method: string, headers: HttpHeaders): string {
  if (method !== "GET") throw new HandshakeError(405, "An upgrade to WebSocket is a GET request.");
  if (headers.get("host") === undefined) throw new HandshakeError(400, "The Host header is missing.");
  if (!isUpgradeRequest(headers)) throw new HandshakeError(400, "The Upgrade header does not have websocket.");
  if (!headers.hasToken("connection", "upgrade"))
    throw new HandshakeError(400, "The Connection header does not have Upgrade.");
  if (headers.get("sec-websocket-version") !== "13")
    throw new HandshakeError(426, "The Sec-WebSocket-Version is not 13.");
  // A body would be taken for the first frames.
  if (headers.get("transfer-encoding") !== undefined || (headers.get("content-length") ?? "0") !== "0")
    throw new HandshakeError(400, "An upgrade request has no body.");
  const key = headers.get("sec-websocket-key") ?? "";
  if (!isKey(key)) throw new HandshakeError(400, "The Sec-WebSocket-Key is not 16 bytes in base64.");
  return key;
}

/**
 * Chooses a subprotocol (RFC 6455, 4.2.2): the first of ours that the client offers.
 *
 * @returns undefined where there is none in common: the connection then has no subprotocol
 */
export function chooseSubprotocol(supported: readonly string[], headers: HttpHeaders): string | undefined {
  if (supported.length === 0) return undefined;
  return supported.find((name) => headers.hasElement("sec-websocket-protocol", name));
}

/** RFC 6455, 4.1: a key is 16 bytes in base64. */
function isKey(text: string): boolean {
  return text.length === 24 && text.endsWith("==") && everyCharacter(text.slice(0, 22), isAlphanumericOr("+/"));
}
