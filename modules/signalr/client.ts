/** The client of a SignalR hub. */

export { HubConnection, HubConnectionState } from "./hubconnection.js";
export type { HubConnectionLimits, HubConnectionOptions, HubWebSocketOptions } from "./hubconnectionoptions.js";
export { HubClosedError, HubException, HubHandshakeError, HubProtocolError, NegotiationError } from "./errors.js";
export { JsonHubProtocol } from "./jsonhubprotocol.js";
export { MessageType } from "./hubprotocol.js";
export { DEFAULT_RETRY_DELAYS } from "./reconnect.js";
export type * from "./hubprotocol.js";
export type { HubHandler } from "./handlers.js";
export type { HubLimits } from "./linkoptions.js";
export type { AutomaticReconnect, RetryContext, RetryPolicy, Wait } from "./reconnect.js";
export type { HubStream } from "./streams.js";
export { ClientWebSocketHeaders, SslProtocols, SslVerification } from "../client.js";
export * from "../protocol/errors.js";
