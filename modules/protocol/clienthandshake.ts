/** The client's part of the opening handshake (RFC 6455, 4.1). */

import { base64, randomFill } from "#platform";
import { isDecimal } from "./characters.js";
import { HandshakeError } from "./errors.js";
import { acceptForKey } from "./handshake.js";
import { HttpHeadReader } from "./httphead.js";
import type { HttpHeaders } from "./httpheaders.js";
import type { WebSocketUri } from "./uri.js";

/** A new Sec-WebSocket-Key: 16 random bytes (RFC 6455, 4.1). */
export function createKey(): string {
  const nonce = new Uint8Array(16);
  randomFill(nonce);
  return base64(nonce);
}

/** An upgrade request (RFC 6455, 4.1). Names and values were checked. */
export function formatUpgradeRequest(
  uri: WebSocketUri,
  key: string,
  subprotocols: readonly string[],
  headers: Iterable<readonly [name: string, value: string]>,
): string {
  const lines = [
    `GET ${uri.resourceName} HTTP/1.1`,
    `Host: ${uri.hostHeader}`,
    "Upgrade: websocket",
    "Connection: Upgrade",
    `Sec-WebSocket-Key: ${key}`,
    "Sec-WebSocket-Version: 13",
  ];
  if (subprotocols.length > 0) lines.push(`Sec-WebSocket-Protocol: ${subprotocols.join(", ")}`);
  for (const [name, value] of headers) lines.push(`${name}: ${value}`);
  return `${lines.join("\r\n")}\r\n\r\n`;
}

/** Bytes that are kept of an answer's head at most. */
const MAX_KEPT_BYTES = 4_096;

/** Header fields of an answer without which it cannot be understood. */
const NEEDED_FIELDS: readonly string[] = Object.freeze([
  "connection",
  "upgrade",
  "sec-websocket-accept",
  "sec-websocket-extensions",
  "sec-websocket-protocol",
  "content-length",
  "transfer-encoding",
]);

/** Reads the head of an answer. Fields that do not count are passed over where there is no room for them. */
export function createAnswerReader(maxHeadBytes: number): HttpHeadReader {
  const maxKeptHeadBytes = Math.min(maxHeadBytes, MAX_KEPT_BYTES);
  return new HttpHeadReader({ maxHeadBytes, maxKeptHeadBytes, needed: NEEDED_FIELDS, isAnswer: true });
}

/** RFC 9112, 4: version, status code of three digits, and a reason that says nothing. */
const VERSION = "HTTP/1.1 ";

/**
 * The status of a server's answer.
 *
 * @throws HandshakeError (0) where it is not HTTP/1.1
 */
export function statusOf(startLine: string): number {
  const status = startLine.slice(VERSION.length, VERSION.length + 3);
  const rest = startLine.slice(VERSION.length + 3);
  const isStatus = status.length === 3 && isDecimal(status) && !status.startsWith("0");
  if (!startLine.startsWith(VERSION) || !isStatus || !(rest === "" || rest.startsWith(" ")))
    throw new HandshakeError(0, "The server did not answer in HTTP/1.1.");
  return Number(status);
}

/**
 * Checks a 101 answer (RFC 6455, 4.1).
 *
 * @returns the subprotocol that the server chose; undefined for none
 * @throws HandshakeError
 */
export function checkUpgradeAnswer(
  headers: HttpHeaders,
  key: string,
  subprotocols: readonly string[],
): string | undefined {
  if (headers.get("upgrade")?.toLowerCase() !== "websocket") throw refused("Its Upgrade header is not websocket.");
  if (!headers.hasToken("connection", "upgrade")) throw refused("Its Connection header does not have Upgrade.");
  if (headers.get("sec-websocket-accept") !== acceptForKey(key))
    throw refused("Its Sec-WebSocket-Accept does not answer our key.");
  if (headers.list("sec-websocket-extensions").length > 0)
    throw refused("It uses an extension that was not asked for.");
  const subprotocol = headers.get("sec-websocket-protocol");
  if (subprotocol !== undefined && !subprotocols.includes(subprotocol))
    throw refused(`It uses the subprotocol ${JSON.stringify(subprotocol)}, which was not asked for.`);
  return subprotocol;
}

function refused(problem: string): HandshakeError {
  return new HandshakeError(101, `The server's answer is not that of RFC 6455. ${problem}`);
}
