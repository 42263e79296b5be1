/** Limits that both sides of a hub connection have: types, defaults and validation. */

import { checkInteger, checkTime, type ResolvedOptions } from "../protocol/options.js";

/** Limits of one connection of the hub protocol. */
export interface HubLimits {
  /** Milliseconds without anything sent after which a Ping is; 0: never. */
  readonly keepAliveInterval?: number;
  /** Milliseconds for the handshake of the hub protocol. */
  readonly handshakeTimeout?: number;
  /** Longest received record, in characters. */
  readonly maximumReceiveMessageSize?: number;
  /** Invocations that wait for the peer's answer at the same time. */
  readonly maximumPendingInvocations?: number;
  /** Milliseconds that an invocation waits for its answer unless it says otherwise; 0: as long as the connection lasts. */
  readonly invocationTimeout?: number;
  /** Messages that wait for room in the WebSocket's queue (`maxQueueBytes`). */
  readonly maximumWaitingSends?: number;
  /** Streams in each direction at the same time. */
  readonly maximumStreams?: number;
  /** Received items of one stream that wait to be read, in characters of their records; more stop the connection. */
  readonly streamBufferSize?: number;
  /** Milliseconds that a stream which stops the connection may be left unread before it fails; 0: for ever. */
  readonly streamStallTimeout?: number;
}

/** Limits, validated. */
export type HubLinkSettings = ResolvedOptions<HubLimits>;

/** The defaults; times are those of ASP.NET Core, sizes those of an ESP32 without external memory. */
export const HUB_LINK_DEFAULTS: HubLinkSettings = Object.freeze({
  keepAliveInterval: 15_000,
  handshakeTimeout: 15_000,
  maximumReceiveMessageSize: 16_384,
  maximumPendingInvocations: 32,
  invocationTimeout: 30_000,
  maximumWaitingSends: 32,
  maximumStreams: 8,
  streamBufferSize: 32_768,
  streamStallTimeout: 15_000,
});

/** The largest size, in characters or bytes. */
export const MAX_SIZE = 2_147_483_647;

/** @throws OptionError where a limit is out of its range */
export function checkHubLimits(settings: HubLinkSettings): void {
  checkTime("keepAliveInterval", settings.keepAliveInterval, 0);
  checkTime("handshakeTimeout", settings.handshakeTimeout, 1);
  checkTime("invocationTimeout", settings.invocationTimeout, 0);
  checkInteger("maximumReceiveMessageSize", settings.maximumReceiveMessageSize, 64, MAX_SIZE);
  checkInteger("maximumPendingInvocations", settings.maximumPendingInvocations, 1, 65_535);
  checkInteger("maximumWaitingSends", settings.maximumWaitingSends, 0, 65_535);
  checkInteger("maximumStreams", settings.maximumStreams, 0, 65_535);
  checkInteger("streamBufferSize", settings.streamBufferSize, 0, MAX_SIZE);
  checkTime("streamStallTimeout", settings.streamStallTimeout, 0);
}
