/** The handshake of the hub protocol: JSON in any case, then the protocol that it names takes over. */

import { decodeUtf8, encodeUtf8 } from "#platform";
import { HubHandshakeError, HubProtocolError } from "./errors.js";
import type { HubProtocol } from "./hubprotocol.js";
import { parseObject, type JsonLimits } from "./json.js";
import { RECORD_SEPARATOR } from "./records.js";

const SEPARATOR_BYTE = 0x1e;
/** Longest record of a handshake, in characters. */
const MAX_LENGTH = 1_024;

/** What a client asks for. */
export interface HandshakeRequest {
  readonly protocol: string;
  readonly version: number;
}

/** A handshake's record, and what came behind it. */
export interface HandshakeRecord {
  readonly fields: Readonly<Record<string, unknown>>;
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

/** The record by which a client starts. */
export function formatRequest({ name, version }: HubProtocol): string {
  return JSON.stringify({ protocol: name, version }) + RECORD_SEPARATOR;
}

/** The record by which a server agrees, or with `error` does not. */
export function formatResponse(error?: string): string {
  return JSON.stringify(error === undefined ? {} : { error }) + RECORD_SEPARATOR;
}

/** A handshake's record as the payload of the protocol's WebSocket messages. */
export function encodeRecord(record: string, { transferFormat }: HubProtocol): string | Uint8Array {
  return transferFormat === "Text" ? record : encodeUtf8(record);
}

/** @throws HubProtocolError where the record is no request */
export function readRequest({ fields }: HandshakeRecord): HandshakeRequest {
  const { protocol, version } = fields;
  if (typeof protocol !== "string" || !isInteger(version))
    throw new HubProtocolError("The handshake does not name a protocol and its version.");
  return { protocol, version };
}

/** @throws HubHandshakeError where the server does not agree, HubProtocolError where it does not answer at all */
export function checkResponse({ fields }: HandshakeRecord): void {
  const { error, type } = fields;
  if (type !== undefined && type !== 7) throw new HubProtocolError("The server did not answer the handshake.");
  if (typeof error === "string") throw new HubHandshakeError(`The server refused the handshake: ${error}`);
  if (type === 7) throw new HubHandshakeError("The server closed the connection instead of a handshake.");
}

function isInteger(value: unknown): value is number {
  return Number.isInteger(value);
}

function decode(bytes: Uint8Array): string {
  try {
    return decodeUtf8(bytes, 0, bytes.length);
  } catch (cause) {
    throw new HubProtocolError("The handshake is not UTF-8.", { cause });
  }
}
