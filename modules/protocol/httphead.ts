/** The head of an HTTP/1.1 message: bounded, strict about line ends and names (RFC 9110, RFC 9112). */

import { everyCharacter, isAlphanumericOr } from "./characters.js";
import { HandshakeError } from "./errors.js";

const TAB = 9;
const CR = 13;
const LF = 10;
/** Characters that `String.fromCharCode` is given at a time: they are arguments, and XS has a small stack. */
const DECODED_AT_ONCE = 64;

/** Header fields by lower-case name; fields that came several times are joined by ", " (RFC 9110, 5.3). */
export class HttpHeaders {
  private readonly fields: Record<string, string> = Object.create(null) as Record<string, string>;

  /** The value of a field, in any letter case; undefined where there is none. */
  get(name: string): string | undefined {
    return this.fields[name.toLowerCase()];
  }

  /** Adds a field. */
  append(name: string, value: string): void {
    const key = name.toLowerCase();
    const before = this.fields[key];
    this.fields[key] = before === undefined ? value : `${before}, ${value}`;
  }

  /** The lower-case names, in the order in which they came. */
  keys(): string[] {
    return Object.keys(this.fields);
  }

  /** The elements of a comma-separated field, without white space and empty ones (RFC 9110, 5.6.1). */
  list(name: string): string[] {
    const value = this.get(name);
    if (value === undefined) return [];
    return value
      .split(",")
      .map((element) => element.trim())
      .filter((element) => element !== "");
  }

  /** Whether a comma-separated field has this token, in any letter case. */
  hasToken(name: string, token: string): boolean {
    return this.list(name).some((element) => element.toLowerCase() === token);
  }
}

/** A start line and the header fields. */
export interface HttpHead {
  readonly startLine: string;
  readonly headers: HttpHeaders;
}

/** Collects the bytes of a head until its empty line. */
export class HttpHeadReader {
  private readonly maxBytes: number;
  private bytes: Uint8Array;
  private count = 0;
  private scanned = 0;

  /** @param maxBytes largest head in bytes, its empty line included */
  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
    this.bytes = new Uint8Array(Math.min(maxBytes, 512));
  }

  /**
   * Takes the next bytes.
   *
   * @returns the bytes behind the head as soon as it is whole (there may be none), otherwise undefined
   * @throws HandshakeError (431) for a head of more than `maxBytes`
   */
  read(chunk: Uint8Array): Uint8Array | undefined {
    const before = this.count;
    this.append(chunk.length > this.maxBytes - before ? chunk.subarray(0, this.maxBytes - before) : chunk);
    const end = this.findEnd();
    if (end !== undefined) {
      this.count = end;
      return chunk.subarray(end - before);
    }
    if (before + chunk.length >= this.maxBytes)
      throw new HandshakeError(
        431,
        `The head of the HTTP message has more than ${this.maxBytes} bytes (maxHeadBytes).`,
      );
    return undefined;
  }

  /**
   * The head, once `read` has returned bytes.
   *
   * @throws HandshakeError (400) for a line that is not HTTP
   */
  parse(): HttpHead {
    const lines = decodeLatin1(this.bytes.subarray(0, this.count - 4)).split("\r\n");
    const startLine = lines[0] ?? "";
    const headers = new HttpHeaders();
    if (!isFieldValue(startLine)) throw badRequest("The start line has a control character.");
    for (const line of lines.slice(1)) parseField(line, headers);
    return { startLine, headers };
  }

  private append(chunk: Uint8Array): void {
    const needed = this.count + chunk.length;
    if (needed > this.bytes.length) {
      const grown = new Uint8Array(Math.min(this.maxBytes, Math.max(needed, 2 * this.bytes.length)));
      grown.set(this.bytes.subarray(0, this.count));
      this.bytes = grown;
    }
    this.bytes.set(chunk, this.count);
    this.count = needed;
  }

  /** Looks for CR LF CR LF from where it stopped the last time. */
  private findEnd(): number | undefined {
    const { bytes, count } = this;
    for (;;) {
      const at = bytes.indexOf(LF, this.scanned);
      if (at < 0 || at >= count) break;
      this.scanned = at + 1;
      if (at >= 3 && bytes[at - 1] === CR && bytes[at - 2] === LF && bytes[at - 3] === CR) return at + 1;
    }
    this.scanned = count;
    return undefined;
  }
}

const isTokenCharacter = isAlphanumericOr("!#$%&'*+-.^_`|~");

/** Whether `text` is a token, such as a header name or a subprotocol (RFC 9110, 5.6.2). */
export function isToken(text: string): boolean {
  return text !== "" && everyCharacter(text, isTokenCharacter);
}

/** Whether `text` can be a header's value: it has no control character but the tab (RFC 9110, 5.5). */
export function isFieldValue(text: string): boolean {
  return everyCharacter(text, (code) => (code >= 32 && code !== 127) || code === TAB);
}

function parseField(line: string, headers: HttpHeaders): void {
  const colon = line.indexOf(":");
  const name = line.slice(0, Math.max(colon, 0));
  // RFC 9112, 5.1 and 5.2: no white space before the colon, no field that goes on in the next line.
  if (!isToken(name)) throw badRequest("A header field has no valid name.");
  const text = line.slice(colon + 1);
  if (!isFieldValue(text)) throw badRequest(`The value of the header field ${name} has a control character.`);
  const value = trimSpace(text);
  // RFC 9112, 3.2: a request with more than one Host is refused; a second key would be ambiguous too.
  if (SINGLE_FIELDS.includes(name.toLowerCase()) && headers.get(name) !== undefined)
    throw badRequest(`The header field ${name} came twice.`);
  headers.append(name, value);
}

/** RFC 9110, 5.6.3: white space is space and tab. Latin-1 has others, which are the value's own. */
function trimSpace(text: string): string {
  let [start, end] = [0, text.length];
  while (start < end && isSpace(text.charCodeAt(start))) start++;
  while (end > start && isSpace(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

function isSpace(code: number): boolean {
  return code === 32 || code === TAB;
}

const SINGLE_FIELDS: readonly string[] = Object.freeze([
  "host",
  "origin",
  "content-length",
  "sec-websocket-key",
  "sec-websocket-version",
  "sec-websocket-accept",
]);

function badRequest(message: string): HandshakeError {
  return new HandshakeError(400, message);
}

/** RFC 9112, 2.2: a head is read as octets, because a field may have bytes of any character set. */
export function decodeLatin1(bytes: Uint8Array): string {
  let text = "";
  for (let start = 0; start < bytes.length; start += DECODED_AT_ONCE)
    text += String.fromCharCode(...bytes.subarray(start, start + DECODED_AT_ONCE));
  return text;
}
