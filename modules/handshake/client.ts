/** The client's part of the opening handshake (RFC 6455, 4.1). */

import { base64, randomFill, type DeflateExtension } from "#platform";
import { HandshakeError } from "../common/errors.js";
import { acceptForKey } from "./key.js";
import type { AgreedSettings, ConnectionSettings } from "../common/options.js";
import type { HttpHeaders } from "../common/headers.js";

/** A new Sec-WebSocket-Key: 16 random bytes (RFC 6455, 4.1). */
export function createKey(): string {
  const nonce = new Uint8Array(16);
  randomFill(nonce);
  return base64(nonce);
}

/** The fields that make a request an upgrade (RFC 6455, 4.1). */
export function upgradeFields(
  key: string,
  subprotocols: readonly string[],
  deflate?: DeflateExtension<ConnectionSettings>,
): string[] {
  const fields = [
    "Upgrade: websocket",
    "Connection: Upgrade",
    `Sec-WebSocket-Key: ${key}`,
    "Sec-WebSocket-Version: 13",
  ];
  if (subprotocols.length > 0) fields.push(`Sec-WebSocket-Protocol: ${subprotocols.join(", ")}`);
  if (deflate !== undefined) fields.push(`Sec-WebSocket-Extensions: ${deflate.offer}`);
  return fields;
}

/** The fields of an answer that `checkUpgradeAnswer` looks at. */
export const UPGRADE_ANSWER_FIELDS: readonly string[] = Object.freeze([
  "connection",
  "upgrade",
  "sec-websocket-accept",
  "sec-websocket-extensions",
  "sec-websocket-protocol",
]);

/** What a 101 answer agrees on. */
export interface UpgradeAnswer {
  /** The subprotocol that the server chose; undefined for none. */
  readonly subprotocol: string | undefined;
  /** Where messages may be compressed. */
  readonly deflater: AgreedSettings["deflater"];
}

/**
 * Checks a 101 answer (RFC 6455, 4.1).
 *
 * @throws HandshakeError
 */
export function checkUpgradeAnswer(
  headers: HttpHeaders,
  key: string,
  subprotocols: readonly string[],
  deflate?: DeflateExtension<ConnectionSettings>,
): UpgradeAnswer {
  if (headers.get("upgrade")?.toLowerCase() !== "websocket") throw refused("Its Upgrade header is not websocket.");
  if (!headers.hasToken("connection", "upgrade")) throw refused("Its Connection header does not have Upgrade.");
  if (headers.get("sec-websocket-accept") !== acceptForKey(key))
    throw refused("Its Sec-WebSocket-Accept does not answer our key.");
  const extensions = headers.list("sec-websocket-extensions");
  const deflater = extensions.length === 0 ? undefined : (deflate?.accept(extensions.join()) ?? NOT_ASKED_FOR);
  if (typeof deflater === "string") throw refused(deflater);
  const subprotocol = headers.get("sec-websocket-protocol");
  if (subprotocol !== undefined && !subprotocols.includes(subprotocol))
    throw refused(`It uses the subprotocol ${JSON.stringify(subprotocol)}, which was not asked for.`);
  return { subprotocol, deflater };
}

const NOT_ASKED_FOR = "It uses an extension that was not asked for.";

function refused(problem: string): HandshakeError {
  return new HandshakeError(101, `The server's answer is not that of RFC 6455. ${problem}`);
}
