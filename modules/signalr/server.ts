/** A SignalR hub on the device. */

export { HubServer, type HubListener, type HubStopOptions } from "./server/hub.js";
export { accessTokenOf } from "./server/options.js";
export type { HubServerLimits, HubServerOptions, HubServerWebSocketOptions } from "./server/options.js";
export { HubClosedError, HubException, HubHandshakeError, HubProtocolError, NegotiationError } from "./errors.js";
export { JsonHubProtocol } from "./wire/json.js";
export { MessageType } from "./wire/messages.js";
export type * from "./wire/messages.js";
export type { ClientProxy, HubCallerClients, HubClients, HubGroups, SingleClientProxy } from "./server/members.js";
export type { HubCallerContext } from "./server/context.js";
export type { HubMethod } from "./server/methods.js";
export type { HubLimits } from "./link/limits.js";
export type { HubStream } from "./link/incoming.js";
export type { AcceptDecision, AcceptHook, Refusal } from "../server.js";
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
