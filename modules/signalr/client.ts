/** The client of a SignalR hub. */

export { HubConnection, HubConnectionState } from "./client/hubconnection.js";
export type {
  AccessToken,
  AccessTokenFactory,
  HubConnectionLimits,
  HubConnectionOptions,
  HubWebSocketOptions,
} from "./client/options.js";
export { HubClosedError, HubException, HubHandshakeError, HubProtocolError, NegotiationError } from "./errors.js";
export { JsonHubProtocol } from "./wire/json.js";
export { MessageType } from "./wire/messages.js";
export { DEFAULT_RETRY_DELAYS } from "./client/retries.js";
export type * from "./wire/messages.js";
export type { HubHandler } from "./client/methods.js";
export type { HubLimits } from "./link/limits.js";
export type { AutomaticReconnect, RetryContext, RetryPolicy, Wait } from "./client/retries.js";
export type { HubStream } from "./link/incoming.js";
export { ClientWebSocketHeaders, SslProtocols, SslVerification } from "../client.js";
export {
  AbortedError,
  HandshakeError,
  InvalidStateError,
  NetworkError,
  OptionError,
  ProtocolError,
  TimeoutError,
  TlsError,
  WebSocketError,
} from "../common/errors.js";
export type { ErrorDetails, HandshakeAnswer } from "../common/errors.js";
