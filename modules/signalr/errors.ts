/**
 * Errors of SignalR, in the library's tree:
 *
 *     WebSocketError             code, cause
 *     ├── HubException           a hub method or a client's handler failed; also what a method throws to tell its caller why
 *     ├── HubProtocolError       the peer's: a record is not one of the hub protocol, or breaks a limit
 *     ├── HubHandshakeError      the peer's: it refused the handshake of the hub protocol
 *     ├── HubClosedError         the connection ended while something waited for it; cause tells why
 *     └── NegotiationError       the server's: its answer to "negotiate" is a refusal, or not one at all
 */

import { WebSocketError, type ErrorDetails } from "../common/errors.js";

/** A method failed at the peer. Thrown by a hub method: its message is sent to the caller, whatever the settings. */
export class HubException extends WebSocketError {
  override readonly name = "HubException";

  /**
   * Makes the error: what a method throws to tell its caller why.
   *
   * @param message what the caller is told
   * @param details `cause`: the exception that led to it
   */
  constructor(message: string, details?: ErrorDetails) {
    super("ERR_HUB", message, details);
  }
}

/** The peer broke the hub protocol, or one of its limits. The connection is closed. */
export class HubProtocolError extends WebSocketError {
  override readonly name = "HubProtocolError";

  /**
   * Makes the error, for a peer of one's own or a test.
   *
   * @param message what happened, what was allowed, what to do
   * @param details `cause`: the exception that led to it
   */
  constructor(message: string, details?: ErrorDetails) {
    super("ERR_HUB_PROTOCOL", message, details);
  }
}

/** The server refused the handshake of the hub protocol. */
export class HubHandshakeError extends WebSocketError {
  override readonly name = "HubHandshakeError";

  /**
   * Makes the error, for a peer of one's own or a test.
   *
   * @param message what happened, what was allowed, what to do
   * @param details `cause`: the exception that led to it
   */
  constructor(message: string, details?: ErrorDetails) {
    super("ERR_HUB_HANDSHAKE", message, details);
  }
}

/** The connection to the hub is over. */
export class HubClosedError extends WebSocketError {
  override readonly name = "HubClosedError";
  /** Whether whoever closed it wants to be connected to again; undefined where that was not said. */
  readonly allowReconnect: boolean | undefined;

  /**
   * Makes the error, for a peer of one's own or a test.
   *
   * @param message what happened, what was allowed, what to do
   * @param details `cause`: the exception that led to it
   * @param allowReconnect whether whoever closed it wants to be connected to again
   */
  constructor(message: string, details?: ErrorDetails, allowReconnect?: boolean) {
    super("ERR_HUB_CLOSED", message, details);
    this.allowReconnect = allowReconnect;
  }
}

/** The negotiation before the connection failed. */
export class NegotiationError extends WebSocketError {
  override readonly name = "NegotiationError";
  /** The HTTP status of the answer; 0 where there was none. */
  readonly statusCode: number;

  /**
   * Makes the error, for a peer of one's own or a test.
   *
   * @param statusCode the HTTP status of the answer; 0 where there was none
   * @param message what happened, what was allowed, what to do
   * @param details `cause`: the exception that led to it
   */
  constructor(statusCode: number, message: string, details?: ErrorDetails) {
    super("ERR_NEGOTIATION", message, details);
    this.statusCode = statusCode;
  }
}
