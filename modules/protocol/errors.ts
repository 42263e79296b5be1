/**
 * All errors of this library:
 *
 *     WebSocketError             code, cause
 *     ├── OptionError            the caller's: an option or argument is out of its range
 *     ├── InvalidStateError      the caller's: the connection is not in a state that allows this
 *     ├── ProtocolError          the peer's: it broke RFC 6455 or a limit; closeStatus tells which
 *     ├── HandshakeError         the peer's: the opening handshake failed; statusCode is that of HTTP
 *     ├── TimeoutError           the peer's: it stayed silent, or took too long
 *     └── NetworkError           the network's: the connection broke or could not be made; cause has the host's error
 */

import { WebSocketCloseStatus } from "./constants.js";

/** What may go with an error. */
export interface ErrorDetails {
  readonly cause?: unknown;
}

/** The root of the tree. `code` is stable: test it rather than the message. */
export class WebSocketError extends Error {
  override readonly name: string = "WebSocketError";
  readonly code: string;

  constructor(code: string, message: string, details?: ErrorDetails) {
    super(message, details);
    this.code = code;
  }
}

/** An option or an argument is out of its range. Thrown at once. */
export class OptionError extends WebSocketError {
  override readonly name = "OptionError";

  constructor(message: string) {
    super("ERR_OPTION", message);
  }
}

/** The connection is not in a state that allows the call. Thrown at once. */
export class InvalidStateError extends WebSocketError {
  override readonly name = "InvalidStateError";

  constructor(message: string) {
    super("ERR_INVALID_STATE", message);
  }
}

/** The peer broke RFC 6455 or a limit. The connection is closed with `closeStatus`. */
export class ProtocolError extends WebSocketError {
  override readonly name = "ProtocolError";
  /** The status of the Close frame that the peer is sent (RFC 6455, 7.4.1). */
  readonly closeStatus: WebSocketCloseStatus;

  constructor(closeStatus: WebSocketCloseStatus, message: string, details?: ErrorDetails) {
    super(PROTOCOL_ERROR_CODES[closeStatus] ?? "ERR_PROTOCOL", message, details);
    this.closeStatus = closeStatus;
  }
}

const PROTOCOL_ERROR_CODES: Readonly<Record<number, string>> = {
  [WebSocketCloseStatus.InvalidPayloadData]: "ERR_INVALID_PAYLOAD",
  [WebSocketCloseStatus.PolicyViolation]: "ERR_POLICY",
  [WebSocketCloseStatus.MessageTooBig]: "ERR_MESSAGE_TOO_BIG",
  [WebSocketCloseStatus.InternalServerError]: "ERR_HANDLER",
};

/** The opening handshake failed (RFC 6455, 4). */
export class HandshakeError extends WebSocketError {
  override readonly name = "HandshakeError";
  /** The HTTP status that a server answers with, or that a client was answered with. */
  readonly statusCode: number;

  constructor(statusCode: number, message: string) {
    super("ERR_HANDSHAKE", message);
    this.statusCode = statusCode;
  }
}

/** The peer stayed silent for too long. */
export class TimeoutError extends WebSocketError {
  override readonly name = "TimeoutError";

  constructor(message: string) {
    super("ERR_TIMEOUT", message);
  }
}

/** The connection broke, or could not be made. */
export class NetworkError extends WebSocketError {
  override readonly name = "NetworkError";

  constructor(message: string, details?: ErrorDetails) {
    super("ERR_NETWORK", message, details);
  }
}
