/** The answer to an HTTP request of ours (RFC 9112): interim answers passed over, status, head, and a bounded body. */

import { isDecimal } from "../common/text.js";
import { HandshakeError } from "../common/errors.js";
import { HttpHeadReader } from "./head.js";
import { type HttpHeaders } from "../common/headers.js";
import { BodyReader } from "./body.js";

/** Bytes that are kept of a head. */
const MAX_KEPT_HEAD_BYTES = 4_096;
/** Bytes of the body that are kept of an answer which is not the wanted one. */
const MAX_TOLD_BODY_BYTES = 512;
/** Answers such as 103 (Early Hints) that are passed over. */
const MAX_INTERIM_ANSWERS = 4;
const SWITCHING_PROTOCOLS = 101;
/** Never written to, so it may be shared. */
const NO_BYTES = new Uint8Array(0);
/** "H" of "HTTP/1.1". */
const FIRST_BYTE = 0x48;
/** RFC 8446, 5.1: the type of a record with an alert. */
const TLS_ALERT = 0x15;

/** Fields that tell where an answer ends. */
const FRAMING_FIELDS: readonly string[] = Object.freeze(["content-length", "transfer-encoding"]);

/** What is wanted, and how much may come. */
export interface AnswerRules {
  /** An answer of another status is a refusal: it is told as far as it comes. */
  readonly wantedStatus: 101 | 200;
  /** Largest head, in bytes. */
  readonly maxHeadBytes: number;
  /** Lower-case names of fields that are not left out for want of room, beside those that tell where the body ends. */
  readonly neededFields: readonly string[];
  /** Largest body of the wanted answer, in bytes. */
  readonly maxBodyBytes: number;
}

/** What a server answered. */
export interface HttpAnswer {
  readonly statusCode: number;
  /** The words behind the status: "Not Found". */
  readonly reason: string;
  readonly headers: HttpHeaders;
  /** All of it for the wanted status, else its first 512 bytes or less. */
  readonly body: Uint8Array;
}

interface StatusLine {
  readonly statusCode: number;
  readonly reason: string;
  readonly isHttp10: boolean;
}

/** Reads the answer to one request as its bytes come. */
export class AnswerReader {
  /** Whether anything has come. */
  isBegun = false;
  private readonly rules: AnswerRules;
  private reader: HttpHeadReader;
  private status: StatusLine | undefined = undefined;
  private body: BodyReader | undefined = undefined;
  private interimCount = 0;

  constructor(rules: AnswerRules) {
    this.rules = rules;
    this.reader = createReader(rules);
  }

  /** Whether a final status has come that is not the wanted one. */
  get isRefusal(): boolean {
    const { status } = this;
    return status !== undefined && isFinal(status) && status.statusCode !== this.rules.wantedStatus;
  }

  /** The answer, as far as it is there. */
  get answer(): HttpAnswer {
    const { statusCode = 0, reason = "" } = this.status ?? {};
    return { statusCode, reason, headers: this.reader.headers, body: this.body?.bytes ?? new Uint8Array(0) };
  }

  /**
   * Takes the next bytes.
   *
   * @returns what came behind the answer as soon as it is there, whole or as much of a refusal as is kept; else undefined
   * @throws HandshakeError where it is not HTTP, or has more than the rules allow; the answer keeps what came before
   */
  read(bytes: Uint8Array): Uint8Array | undefined {
    if (bytes.length === 0) return undefined;
    if (!this.isBegun) checkFirstBytes(bytes);
    this.isBegun = true;
    let unread = bytes;
    while (this.body === undefined) {
      const rest = this.readHead(unread);
      if (rest === undefined) return undefined;
      unread = rest;
      if (this.endHead()) return rest;
    }
    return this.readBody(this.body, unread) ? NO_BYTES : undefined;
  }

  /** The connection has ended. @returns whether the answer is whole by that */
  end(): boolean {
    this.body?.end();
    return this.body?.isWhole === true;
  }

  private readHead(bytes: Uint8Array): Uint8Array | undefined {
    try {
      const rest = this.reader.read(bytes);
      this.readStatus();
      return rest;
    } catch (error) {
      // The status counts, also where the fields behind it cannot be read. The reader's own is that of a server.
      this.readStatus();
      if (!(error instanceof HandshakeError)) throw error;
      throw new HandshakeError(this.status?.statusCode ?? 0, error.message);
    }
  }

  private readStatus(): void {
    const { startLine } = this.reader;
    if (startLine !== undefined) this.status ??= parseStatusLine(startLine);
  }

  /** @returns whether it is the 101 that was wanted */
  private endHead(): boolean {
    const { status, rules } = this;
    const { headers } = this.reader;
    if (status === undefined) throw notHttp();
    const { statusCode } = status;
    if (statusCode < 200 && status.isHttp10)
      throw new HandshakeError(statusCode, `It is ${statusCode} in HTTP/1.0, which takes HTTP/1.1.`);
    if (!isFinal(status)) this.endInterim();
    else if (statusCode === SWITCHING_PROTOCOLS && rules.wantedStatus === SWITCHING_PROTOCOLS) return true;
    else this.body = new BodyReader(statusCode, headers, this.isRefusal ? MAX_TOLD_BODY_BYTES : rules.maxBodyBytes);
    if (this.body?.isFramed === false && !this.isRefusal)
      throw new HandshakeError(statusCode, "Its Content-Length is not a number.");
    return false;
  }

  /** RFC 9110, 15.2: "A client MUST be able to parse one or more 1xx responses received prior to a final response". */
  private endInterim(): void {
    this.status = undefined;
    if (++this.interimCount > MAX_INTERIM_ANSWERS)
      throw new HandshakeError(0, "It gives interim answers (1xx) without end.");
    this.reader = createReader(this.rules);
  }

  private readBody(body: BodyReader, bytes: Uint8Array): boolean {
    body.read(bytes);
    if (body.isCut && !this.isRefusal)
      throw new HandshakeError(this.answer.statusCode, `It has more than ${this.rules.maxBodyBytes} bytes.`);
    return body.isWhole || body.isCut;
  }
}

function createReader({ maxHeadBytes, neededFields }: AnswerRules): HttpHeadReader {
  const maxKeptHeadBytes = Math.min(maxHeadBytes, MAX_KEPT_HEAD_BYTES);
  const needed = [...FRAMING_FIELDS, ...neededFields];
  return new HttpHeadReader({ maxHeadBytes, maxKeptHeadBytes, needed, isAnswer: true });
}

/** RFC 9110, 15.2.2: the protocol is switched behind a 101; the other 1xx come before the answer. */
function isFinal({ statusCode }: StatusLine): boolean {
  return statusCode >= 200 || statusCode === SWITCHING_PROTOCOLS;
}

/** What else listens on ports is told from HTTP before a whole line of it has come. */
function checkFirstBytes(bytes: Uint8Array): void {
  if (bytes[0] === TLS_ALERT)
    throw new HandshakeError(0, "It is an alert of TLS: write wss:// instead of ws:// (https:// instead of http://).");
  if (bytes[0] !== FIRST_BYTE) throw notHttp();
}

/**
 * RFC 9112, 4: version, a status of three digits, and a reason that says nothing. RFC 9110, 2.5: a higher minor version
 * is read as the one that we know.
 *
 * @throws HandshakeError (0)
 */
function parseStatusLine(line: string): StatusLine {
  const minor = line.charAt(7);
  const status = line.slice(9, 12);
  const rest = line.slice(12);
  const isVersion = line.startsWith("HTTP/1.") && isDecimal(minor) && line.charAt(8) === " ";
  const isStatus = status.length === 3 && isDecimal(status) && !status.startsWith("0");
  if (!isVersion || !isStatus || !(rest === "" || rest.startsWith(" "))) throw notHttp();
  return { statusCode: Number(status), reason: rest.trim(), isHttp10: minor === "0" };
}

function notHttp(): HandshakeError {
  return new HandshakeError(0, "It is not HTTP/1.1.");
}
