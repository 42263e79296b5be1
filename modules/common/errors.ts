/**
 * All errors of this library:
 *
 *     WebSocketError             code, cause
 *     ├── OptionError            the caller's: an option or argument is out of its range
 *     ├── InvalidStateError      the caller's: the connection is not in a state that allows this
 *     ├── ProtocolError          the peer's: it broke RFC 6455 or a limit; closeStatus tells which
 *     ├── HandshakeError         the peer's: the opening handshake failed; statusCode is that of HTTP
 *     ├── TimeoutError           the peer's: it stayed silent, or took too long
 *     ├── AbortedError           the caller's: close() or abort() came before the connection was open
 *     └── NetworkError           the network's: the connection broke or could not be made; cause is the platform's error
 *         └── TlsError           TLS failed, or the certificate is not to be trusted
 */

import { WebSocketCloseStatus } from "./constants.js";
import type { HttpHeaders } from "./headers.js";

/** What may go with an error. */
export interface ErrorDetails {
  /** The exception that led to it, such as the system's. */
  readonly cause?: unknown;
}

/** The root of the tree. `code` is stable: test it rather than the message. */
export class WebSocketError extends Error {
  /** The name of the class. */
  override readonly name: string = "WebSocketError";
  /** What happened, in a word that stays the same, such as "ERR_TIMEOUT": docs/errors.md has them all. */
  readonly code: string;

  /**
   * Makes the error.
   *
   * @param code a word for programs, such as "ERR_OPTION"
   * @param message what happened, what was allowed, what to do
   * @param details `cause`: the exception that led to it
   */
  constructor(code: string, message: string, details?: ErrorDetails) {
    super(message, details);
    this.code = code;
  }
}

/** An option or an argument is out of its range. Thrown at once. */
export class OptionError extends WebSocketError {
  override readonly name = "OptionError";

  /**
   * Makes the error.
   *
   * @param message what happened, what was allowed, what to do
   */
  constructor(message: string) {
    super("ERR_OPTION", message);
  }
}

/** The connection is not in a state that allows the call. Thrown at once. */
export class InvalidStateError extends WebSocketError {
  override readonly name = "InvalidStateError";

  /**
   * Makes the error.
   *
   * @param message what happened, what was allowed, what to do
   */
  constructor(message: string) {
    super("ERR_INVALID_STATE", message);
  }
}

/** For what only an open connection does. */
export function notOpen(): InvalidStateError {
  return new InvalidStateError("The WebSocket is not open: send only while its state is Open.");
}

/** The peer broke RFC 6455 or a limit. The connection is closed with `closeStatus`. */
export class ProtocolError extends WebSocketError {
  override readonly name = "ProtocolError";
  /** The status of the Close frame that the peer is sent (RFC 6455, 7.4.1). */
  readonly closeStatus: WebSocketCloseStatus;

  /**
   * Makes the error; its `code` follows from the status.
   *
   * @param closeStatus the status of the Close frame (RFC 6455, 7.4.1)
   * @param message what happened, what was allowed, what to do
   * @param details `cause`: the exception that led to it
   */
  constructor(closeStatus: WebSocketCloseStatus, message: string, details?: ErrorDetails) {
    super(PROTOCOL_ERROR_CODES[closeStatus] ?? "ERR_PROTOCOL", message, details);
    this.closeStatus = closeStatus;
  }
}

const PROTOCOL_ERROR_CODES: Readonly<Record<number, string>> = Object.freeze({
  [WebSocketCloseStatus.InvalidPayloadData]: "ERR_INVALID_PAYLOAD",
  [WebSocketCloseStatus.PolicyViolation]: "ERR_POLICY",
  [WebSocketCloseStatus.MessageTooBig]: "ERR_MESSAGE_TOO_BIG",
  [WebSocketCloseStatus.InternalServerError]: "ERR_HANDLER",
});

/** What a server answered instead of 101. */
export interface HandshakeAnswer {
  /** The header fields, as far as they could be read. */
  readonly headers: HttpHeaders;
  /** The start of the body, as text. */
  readonly body: string;
}

/** The opening handshake failed (RFC 6455, 4). */
export class HandshakeError extends WebSocketError {
  override readonly name = "HandshakeError";
  /** The HTTP status that a server answers with, or that a client was answered with. */
  readonly statusCode: number;
  /** A client's: what the server answered. */
  readonly answer: HandshakeAnswer | undefined;

  /**
   * Makes the error.
   *
   * @param statusCode the HTTP status; 0 for an answer that is not HTTP
   * @param message what happened, what was allowed, what to do
   * @param answer a client's: what the server answered
   */
  constructor(statusCode: number, message: string, answer?: HandshakeAnswer) {
    super("ERR_HANDSHAKE", message);
    this.statusCode = statusCode;
    this.answer = answer;
  }
}

/** The peer stayed silent for too long. */
export class TimeoutError extends WebSocketError {
  override readonly name = "TimeoutError";

  /**
   * Makes the error.
   *
   * @param message what happened, what was allowed, what to do
   */
  constructor(message: string) {
    super("ERR_TIMEOUT", message);
  }
}

/** The connection was closed or aborted by the caller before it was open. */
export class AbortedError extends WebSocketError {
  override readonly name = "AbortedError";

  /** Makes the error. */
  constructor() {
    super("ERR_ABORTED", "The connection was closed before it was open.");
  }
}

/** The connection broke, or could not be made. */
export class NetworkError extends WebSocketError {
  override readonly name: string = "NetworkError";

  /**
   * Makes the error.
   *
   * @param message what happened, what was allowed, what to do
   * @param details `cause`: the exception that led to it
   * @param code "ERR_NETWORK", or what the host names the reason: "ENOTFOUND", "ECONNREFUSED", "EADDRINUSE" …
   */
  constructor(message: string, details?: ErrorDetails, code = "ERR_NETWORK") {
    super(code, message, details);
  }
}

/** TLS failed: `code` is ETLSUNTRUSTED, ETLSEXPIRED, ETLSHOSTNAME, ETLSVERSION or ETLSFAILED. */
export class TlsError extends NetworkError {
  override readonly name = "TlsError";
}

/** What a host tells of a failure: see its contract. */
export interface Failure {
  readonly code: string;
  readonly message: string;
  readonly cause?: unknown;
}

/** Makes one of our errors of what a host tells. */
export function networkError(message: string, failure: Failure | undefined): NetworkError {
  if (failure === undefined) return new NetworkError(message);
  const { code, cause } = failure;
  const text = `${message} ${sentence(failure.message)}`;
  return code.startsWith("ETLS") ? new TlsError(text, { cause }, code) : new NetworkError(text, { cause }, code);
}

/** A host's words as a sentence: they come from systems and libraries, too. */
function sentence(text: string): string {
  const end = text === "" || text.endsWith(".") ? "" : ".";
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${end}`;
}
