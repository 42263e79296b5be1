/** A SignalR hub on the device. */

export { HubServer, type HubListener, type HubStopOptions } from "./hubserver.js";
export { accessTokenOf } from "./hubserveroptions.js";
export type { HubServerLimits, HubServerOptions, HubServerWebSocketOptions } from "./hubserveroptions.js";
export { HubClosedError, HubException, HubHandshakeError, HubProtocolError, NegotiationError } from "./errors.js";
export { JsonHubProtocol } from "./jsonhubprotocol.js";
export { MessageType } from "./hubprotocol.js";
export type * from "./hubprotocol.js";
export type { ClientProxy, HubCallerClients, HubClients, HubGroups, SingleClientProxy } from "./hubclients.js";
export type { HubCallerContext } from "./hubcontext.js";
export type { HubMethod } from "./hubmethods.js";
export type { HubLimits } from "./linkoptions.js";
export type { HubStream } from "./streams.js";
export type { AcceptDecision, AcceptHook, Refusal } from "../server.js";
export * from "../protocol/errors.js";
