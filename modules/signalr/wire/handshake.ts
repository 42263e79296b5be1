/** The handshake of the hub protocol: JSON in any case, then the protocol that it names takes over. */

import { decodeUtf8, encodeUtf8 } from "#platform";
import { HubProtocolError } from "../errors.js";
import { RECORD_SEPARATOR } from "./json.js";
import { parseObject, type Fields, type JsonLimits } from "./limits.js";
import type { HubProtocol } from "./messages.js";

const SEPARATOR_BYTE = 0x1e;
/** Longest record of a handshake, in characters. */
const MAX_LENGTH = 1_024;

/** A handshake's record, and what came behind it. */
export interface HandshakeRecord {
  readonly fields: Fields;
  /** Empty where nothing did. */
  readonly rest: string | Uint8Array;
}

/** Collects the first record of a connection. */
export class HandshakeReader {
  private readonly names: JsonLimits["names"];
  private text = "";

  /** @param names those that fields may have; any unless given */
  constructor(names?: JsonLimits["names"]) {
    this.names = names;
  }

  /**
   * Takes the payload of a WebSocket message, a text or bytes.
   *
   * @returns undefined while the record is not whole
   * @throws HubProtocolError where it is none
   */
  read(data: string | Uint8Array): HandshakeRecord | undefined {
    const at = typeof data === "string" ? data.indexOf(RECORD_SEPARATOR) : data.indexOf(SEPARATOR_BYTE);
    const end = at < 0 ? data.length : at;
    if (this.text.length + end > MAX_LENGTH)
      throw new HubProtocolError(`The handshake has more than ${MAX_LENGTH} characters.`);
    this.text += typeof data === "string" ? data.slice(0, end) : decode(data.subarray(0, end));
    if (at < 0) return undefined;
    const rest = typeof data === "string" ? data.slice(at + 1) : data.subarray(at + 1);
    return { fields: parseObject(this.text, { names: this.names }), rest };
  }
}

/** A handshake's record as the payload of the protocol's WebSocket messages. */
export function encodeHandshake(fields: object, { transferFormat }: HubProtocol): string | Uint8Array {
  const record = JSON.stringify(fields) + RECORD_SEPARATOR;
  return transferFormat === "Text" ? record : encodeUtf8(record);
}

function decode(bytes: Uint8Array): string {
  try {
    return decodeUtf8(bytes, 0, bytes.length);
  } catch (cause) {
    throw new HubProtocolError("The handshake is not UTF-8.", { cause });
  }
}
