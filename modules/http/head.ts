/** The head of an HTTP/1.x message, read field by field: bounded, strict about names (RFC 9110, RFC 9112). */

import { decodeUtf8 } from "#platform";
import { withRoomFor } from "../common/bytes.js";
import { HandshakeError } from "../common/errors.js";
import { isSingleField, isSpace, WritableHeaders, type HttpHeaders } from "../common/headers.js";
import { MAX_FIELD_NAME_BYTES } from "../common/options.js";
import { decodeLatin1, everyCharacter, isTokenCharacter } from "../common/text.js";

const TAB = 9;
const LF = 10;
const CR = 13;
const COLON = 58;
const DEL = 127;
/** Bytes that a line has room for at first. */
const SHORT_LINE = 128;
/** What a field counts beside its text: as in HTTP/2 (RFC 9113, 6.5.2), and about what it takes on XS. */
const FIELD_OVERHEAD = 32;

/** What a head may be, and what is kept of it. */
export interface HttpHeadRules {
  /** Largest head in bytes, its empty line included. */
  readonly maxHeadBytes: number;
  /** Bytes that are kept of it at most: the start line, and of each field name, value and 32 more. */
  readonly maxKeptHeadBytes: number;
  /**
   * Lower-case names of fields that are kept in any case, or else the head is refused. Others are kept while there is
   * room, and then passed over.
   */
  readonly needed: readonly string[];
  /** False: a request. True: an answer, of which the status counts, also where its fields are not as they should be. */
  readonly isAnswer: boolean;
}

/** Who may have memory to spare for a head. */
export interface SpareOwner {
  /** There is no room in `maxKeptHeadBytes` for what is needed. @returns whether this head may have as much again */
  takeSpare(): boolean;
}

/** A start line, and the fields. */
export interface HttpHead {
  readonly startLine: string;
  readonly headers: HttpHeaders;
}

/**
 * Reads a head as its bytes come. Of a line that is passed over nothing is kept, so that what may come can be much more
 * than what there is memory for.
 */
export class HttpHeadReader {
  /** The fields that have come so far. */
  readonly headers = new WritableHeaders();
  private readonly rules: HttpHeadRules;
  private readonly spareOwner: SpareOwner | undefined;
  private firstLine: string | undefined = undefined;
  private line: Uint8Array = new Uint8Array(SHORT_LINE);
  private length = 0;
  private receivedBytes = 0;
  private keptBytes = 0;
  /** Of the text that was decoded last. */
  private textCost = 0;
  /** An empty line came before the start line. */
  private hasEmptyLine = false;
  private hasSpare = false;
  private isSkipping = false;
  private isAfterCr = false;
  /** Names of fields that had no room. */
  private leftOut: string[] = [];
  /** Nothing is kept any more but what is needed. */
  private isFull = false;
  /** The name of the last field, where it was kept: a folded line may go on with it. */
  private lastName: string | undefined = undefined;

  constructor(rules: HttpHeadRules, spareOwner?: SpareOwner) {
    this.rules = rules;
    this.spareOwner = spareOwner;
  }

  /** The start line as soon as it has come, also where the fields behind it are refused. */
  get startLine(): string | undefined {
    return this.firstLine;
  }

  /** The head, once `read` has returned bytes. */
  get head(): HttpHead {
    return { startLine: this.firstLine ?? "", headers: this.headers };
  }

  /**
   * Takes the next bytes.
   *
   * @returns the bytes behind the head as soon as it is whole (there may be none), otherwise undefined
   * @throws HandshakeError (400) for a line that is not HTTP, (414) for a start line and (431) for fields that are too long
   */
  read(chunk: Uint8Array): Uint8Array | undefined {
    const most = Math.min(chunk.length, this.rules.maxHeadBytes - this.receivedBytes);
    for (let at = 0; at < most;) {
      // RFC 9112, 2.2: "a recipient MAY recognize a single LF as a line terminator and ignore any preceding CR".
      const lineFeed = chunk.indexOf(LF, at);
      const isEnded = lineFeed >= 0 && lineFeed < most;
      const end = isEnded ? lineFeed : most;
      this.take(chunk.subarray(at, end));
      at = end + 1;
      if (isEnded && this.endLine()) return chunk.subarray(at);
    }
    this.receivedBytes += most;
    if (this.receivedBytes === this.rules.maxHeadBytes) throw this.headTooLong();
    return undefined;
  }

  private get maxKeptBytes(): number {
    return this.rules.maxKeptHeadBytes * (this.hasSpare ? 2 : 1);
  }

  private get room(): number {
    return this.maxKeptBytes - this.keptBytes;
  }

  /** Takes bytes of a line. */
  private take(bytes: Uint8Array): void {
    if (this.isSkipping) return this.skip(bytes);
    const isField = this.firstLine !== undefined;
    // A name is read even where there is no room for its field, to know whether it is needed.
    const limit = isField ? Math.max(this.room, MAX_FIELD_NAME_BYTES) : this.room;
    if (this.length + bytes.length <= limit) return this.append(bytes);
    if (!isField) {
      this.takeSpare(414, "The start line");
      return this.take(bytes);
    }
    const fitting = limit - this.length;
    this.append(bytes.subarray(0, fitting));
    const rest = bytes.subarray(fitting);
    if (this.isNeeded(this.readName())) {
      this.makeRoom(this.length + rest.length);
      return this.take(rest);
    }
    this.dropLine();
    this.skip(rest);
  }

  private append(bytes: Uint8Array): void {
    const needed = this.length + bytes.length;
    this.line = withRoomFor(this.line, this.length, needed, this.maxKeptBytes);
    this.line.set(bytes, this.length);
    this.length = needed;
  }

  /** The lower-case name of the field in the line; "" where it has not come whole, or the line goes on with another. */
  private readName(): string {
    const { line, length, rules } = this;
    if (rules.isAnswer && isSpace(line[0])) return "";
    const colon = line.indexOf(COLON);
    if (isSpace(line[0]) || colon === 0) throw badField();
    if (colon < 0 || colon >= length) return "";
    // RFC 9112, 5.1 and 5.2: no white space before the colon, no field that goes on in the next line.
    for (let at = 0; at < colon; at++) if (!isTokenCharacter(line[at] as number)) throw badField();
    return decodeUtf8(line, 0, colon).toLowerCase();
  }

  private isNeeded(name: string): boolean {
    return this.rules.needed.includes(name);
  }

  /** Room for a field that is needed: those that are not have to leave, and no other is kept. */
  private makeRoom(size: number): void {
    if (size <= this.room) return;
    this.leftOut = [];
    this.isFull = true;
    for (const name of this.headers.keys()) if (!this.isNeeded(name)) this.headers.drop(name);
    this.keptBytes = costOfText(this.firstLine ?? "");
    for (const name of this.headers.keys())
      for (const value of this.headers.getAll(name)) this.keptBytes += costOf(name, value);
    if (size > this.room) this.takeSpare(431, "What has to be kept of the head");
    if (size > this.room) throw this.keptTooLong(431, "What has to be kept of the head");
  }

  /** @throws HandshakeError where there is none, or (503) another head has it */
  private takeSpare(statusCode: number, what: string): void {
    const { spareOwner } = this;
    if (spareOwner === undefined || this.hasSpare) throw this.keptTooLong(statusCode, what);
    if (!spareOwner.takeSpare())
      throw new HandshakeError(503, "Another request with a long head is being read: try again.");
    this.hasSpare = true;
  }

  /** A field is kept whole or not at all: what comes of this name later is left out too. */
  private leaveOut(name: string): void {
    for (const value of this.headers.getAll(name)) this.keptBytes -= costOf(name, value);
    this.headers.drop(name);
    const cost = costOf(name, "");
    if (this.isFull || cost > this.room) {
      this.isFull = true;
      return;
    }
    if (this.leftOut.includes(name)) return;
    this.leftOut.push(name);
    this.keptBytes += cost;
  }

  /** The field of this line, or the one it goes on with, has no room. */
  private dropLine(): void {
    const name = this.lastName;
    if (isSpace(this.line[0]) && name !== undefined) {
      if (this.isNeeded(name)) throw this.keptTooLong(431, "What has to be kept of the head");
      this.leaveOut(name);
    } else this.leaveOut(this.readName());
    this.isSkipping = true;
    this.isAfterCr = false;
    this.skip(this.line.subarray(0, this.length));
    this.length = 0;
  }

  /** RFC 9110, 5.5: NUL, and CR elsewhere than at the end, are "invalid and dangerous" in a line that is passed over, too. */
  private skip(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    const cr = bytes.indexOf(CR);
    const last = bytes.length - 1;
    if (this.isAfterCr || (cr >= 0 && cr < last) || bytes.includes(0))
      throw badRequest("A header field has a control character.");
    this.isAfterCr = cr === last;
  }

  /** @returns whether the head is whole */
  private endLine(): boolean {
    if (this.isSkipping) {
      this.isSkipping = false;
      this.lastName = undefined;
      return false;
    }
    const { line, length } = this;
    const end = length > 0 && line[length - 1] === CR ? length - 1 : length;
    this.length = 0;
    if (this.firstLine === undefined) {
      this.endStartLine(end);
      return false;
    }
    if (end === 0) return true;
    if (isSpace(line[0]) && this.rules.isAnswer) this.endFoldedLine(end);
    else this.endField(length, end);
    return false;
  }

  private endStartLine(end: number): void {
    // RFC 9112, 2.2: a server is to "ignore at least one empty line (CRLF) received prior to the request-line".
    if (end === 0 && !this.rules.isAnswer && !this.hasEmptyLine) {
      this.hasEmptyLine = true;
      return;
    }
    if (end === 0) throw badRequest("The start line is empty.");
    const startLine = this.decode(0, end, "The start line");
    this.firstLine = startLine;
    this.keptBytes = this.textCost;
    // A long one is not to keep its memory while fields come.
    if (this.line.length > SHORT_LINE) this.line = new Uint8Array(SHORT_LINE);
  }

  private endField(length: number, end: number): void {
    this.length = length;
    const name = this.readName();
    this.length = 0;
    if (name === "") throw badField();
    this.keep(name, this.decodeTrimmed(name.length + 1, end, `The value of the header field ${name}`));
  }

  private keep(name: string, value: string): void {
    const { headers, rules } = this;
    const isNeeded = this.isNeeded(name);
    // RFC 9112, 3.2: a request with more than one Host is refused; a second key would be ambiguous too.
    if (!rules.isAnswer && isSingleField(name) && headers.get(name) !== undefined)
      throw badRequest(`The header field ${name} came twice.`);
    const cost = name.length + this.textCost + FIELD_OVERHEAD;
    this.lastName = undefined;
    if (isNeeded) this.makeRoom(cost);
    else if (this.isFull || this.leftOut.includes(name) || cost > this.room) return this.leaveOut(name);
    this.lastName = name;
    this.keptBytes += cost;
    headers.append(name, value);
  }

  /** RFC 9112, 5.2: a user agent replaces a line end before white space "with one or more SP octets". */
  private endFoldedLine(end: number): void {
    const { lastName } = this;
    const more = this.decodeTrimmed(0, end, "A folded line");
    // RFC 9112, 2.2: such a line behind the start line is passed over, as that of a field which was not kept.
    if (lastName === undefined) return;
    const cost = this.textCost + 1;
    if (this.isNeeded(lastName)) this.makeRoom(cost);
    else if (cost > this.room) {
      this.leaveOut(lastName);
      this.lastName = undefined;
      return;
    }
    this.keptBytes += cost;
    this.headers.extend(more);
  }

  /** RFC 9110, 5.5: white space around a value is not part of it. */
  private decodeTrimmed(from: number, to: number, what: string): string {
    const { line } = this;
    let start = from;
    let end = to;
    while (start < end && isSpace(line[start])) start++;
    while (end > start && isSpace(line[end - 1])) end--;
    return this.decode(start, end, what);
  }

  /** RFC 9112, 2.2: a head is read as octets, because a field may have bytes of any character set. */
  private decode(start: number, end: number, what: string): string {
    const { line } = this;
    let isAscii = true;
    for (let at = start; at < end; at++) {
      const code = line[at] ?? 0;
      if ((code < 32 && code !== TAB) || code === DEL) throw badRequest(`${what} has a control character.`);
      if (code > DEL) isAscii = false;
    }
    this.textCost = isAscii ? end - start : 2 * (end - start);
    return isAscii ? decodeUtf8(line, start, end) : decodeLatin1(line.subarray(start, end));
  }

  /** RFC 9112, 3: 414 where the request target is longer than a server is ready to parse. */
  private headTooLong(): HandshakeError {
    const statusCode = this.firstLine === undefined ? 414 : 431;
    return tooLong(statusCode, "The head", this.rules.maxHeadBytes, "maxHeadBytes");
  }

  private keptTooLong(statusCode: number, what: string): HandshakeError {
    return tooLong(statusCode, what, this.maxKeptBytes, `maxKeptHeadBytes${this.hasSpare ? ", twice" : ""}`);
  }
}

function costOf(name: string, value: string): number {
  return costOfText(name) + costOfText(value) + FIELD_OVERHEAD;
}

/** XS keeps text as UTF-8: a character beyond ASCII takes two bytes. */
function costOfText(text: string): number {
  return everyCharacter(text, (code) => code <= DEL) ? text.length : 2 * text.length;
}

function tooLong(statusCode: number, what: string, limit: number, option: string): HandshakeError {
  return new HandshakeError(statusCode, `${what} of the HTTP message has more than ${limit} bytes (${option}).`);
}

function badField(): HandshakeError {
  return badRequest("A header field has no valid name.");
}

function badRequest(message: string): HandshakeError {
  return new HandshakeError(400, message);
}
