/** What the constructor and `close` of the WHATWG `WebSocket` are given (WebSockets Standard, 3). */

import { DOMException, parseUrl, type DomUrl } from "#dom";
import { base64, encodeUtf8 } from "#platform";
import { everyCharacter, isHexDigit, isToken } from "../common/text.js";

/** Where to connect to. */
export interface Target {
  /** The value of the attribute `url`. */
  readonly url: string;
  /** The origin of the messages that come from there. */
  readonly origin: string;
  /** The URI for ClientWebSocket. */
  readonly uri: string;
  /** The Authorization header of a URL with a user name (Fetch Standard, 4.5). */
  readonly authorization: string | undefined;
}

/** RFC 6455, 5.5: a control frame has at most 125 bytes, two of them the status. */
const MAX_REASON_BYTES = 123;

/**
 * Reads the URL of the constructor.
 *
 * @throws DOMException ("SyntaxError") where it is none, is relative, has another scheme or a fragment
 */
export function readUrl(text: string): Target {
  const url = parseUrl(text);
  if (url === undefined) throw syntaxError(`"${text}" is not an absolute URL`);
  const scheme = schemeOf(url.protocol);
  if (scheme === undefined) throw syntaxError(`"${text}" has the scheme ${url.protocol}; it is to be ws: or wss:`);
  if (url.hash !== "" || url.href.endsWith("#")) throw syntaxError(`"${text}" has a fragment, which is not allowed`);
  const origin = `${scheme}//${url.host}`;
  return {
    url: scheme + url.href.slice(url.protocol.length),
    origin,
    uri: origin + escapeResource(url.pathname + url.search),
    authorization: authorizationOf(url),
  };
}

/** WebSockets Standard, 3.1: http and https stand for ws and wss. */
function schemeOf(protocol: string): string | undefined {
  switch (protocol) {
    case "ws:":
    case "http:":
      return "ws:";
    case "wss:":
    case "https:":
      return "wss:";
    default:
      return undefined;
  }
}

function authorizationOf({ username, password }: DomUrl): string | undefined {
  if (username === "" && password === "") return undefined;
  return `Basic ${base64(percentDecode(`${username}:${password}`))}`;
}

/** URL Standard, 1.3: the bytes need be no text, and a per cent sign that begins no escape stands for itself. */
function percentDecode(text: string): Uint8Array {
  const bytes = encodeUtf8(text);
  let count = 0;
  for (let at = 0; at < bytes.length; at++) {
    const escape = bytes[at] === PER_CENT ? String.fromCharCode(...bytes.subarray(at + 1, at + 3)) : "";
    const isEscape = isHexPair(escape);
    bytes[count++] = isEscape ? parseInt(escape, 16) : (bytes[at] as number);
    if (isEscape) at += 2;
  }
  return bytes.subarray(0, count);
}

const PER_CENT = 0x25;

/** The URL Standard leaves characters as they are which RFC 3986, 3.3 has only with a per cent sign. */
const UNESCAPED = '"<>[]\\^`{|}';

function escapeResource(resource: string): string {
  let escaped = "";
  for (let at = 0; at < resource.length; at++) {
    const character = resource.charAt(at);
    const isEscaped =
      UNESCAPED.includes(character) || (character === "%" && !isHexPair(resource.slice(at + 1, at + 3)));
    escaped += isEscaped ? `%${character.charCodeAt(0).toString(16).toUpperCase()}` : character;
  }
  return escaped;
}

function isHexPair(text: string): boolean {
  return text.length === 2 && everyCharacter(text, isHexDigit);
}

/**
 * The subprotocols of the constructor.
 *
 * @throws DOMException ("SyntaxError") for one that is not a token, or is there twice
 */
export function readProtocols(protocols: string | Iterable<string>): readonly string[] {
  const names = typeof protocols === "string" ? [protocols] : Array.from(protocols, String);
  for (const name of names) if (!isToken(name)) throw syntaxError(`the subprotocol "${name}" is not a token`);
  const lowerCase = names.map((name) => name.toLowerCase());
  if (new Set(lowerCase).size < names.length) throw syntaxError("a subprotocol is there twice");
  return names;
}

/**
 * Web IDL, 3.3.6: [Clamp] unsigned short.
 *
 * @throws DOMException ("InvalidAccessError") for a code that a page may not send
 */
export function readCloseCode(value: unknown): number {
  const number = Number(value);
  const code = Number.isNaN(number) ? 0 : roundHalfToEven(Math.min(Math.max(number, 0), 65_535));
  if (code !== 1_000 && !(code >= 3_000 && code <= 4_999))
    throw new DOMException(`The close code is 1000 or from 3000 to 4999; it was given ${code}.`, "InvalidAccessError");
  return code;
}

function roundHalfToEven(value: number): number {
  const floor = Math.floor(value);
  const isHalf = value - floor === 0.5;
  return isHalf && floor % 2 === 0 ? floor : Math.round(value);
}

/**
 * Web IDL, 3.2.11: USVString.
 *
 * @throws DOMException ("SyntaxError") for more than 123 bytes as UTF-8
 */
export function readCloseReason(value: unknown): string {
  const reason = String(value);
  const { length } = encodeUtf8(reason);
  if (length <= MAX_REASON_BYTES) return reason;
  throw syntaxError(`the reason has at most ${MAX_REASON_BYTES} bytes as UTF-8; this one has ${length}`);
}

function syntaxError(message: string): Error {
  return new DOMException(`WebSocket: ${message}.`, "SyntaxError");
}
