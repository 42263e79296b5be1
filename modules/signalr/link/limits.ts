/** Limits that both sides of a hub connection have: types, defaults and validation. */

import { keepsPropertyNames } from "#platform";
import { resolveOptions, unknownOption, type OptionTable, type ResolvedOptions } from "../../common/options.js";
import { PropertyNames } from "../wire/limits.js";

/** Limits of one connection of the hub protocol. */
export interface HubLimits {
  /** Milliseconds without anything sent after which a Ping is; 0: never. @defaultValue 15000 */
  readonly keepAliveInterval?: number;
  /** Milliseconds for the handshake of the hub protocol. @defaultValue 15000 */
  readonly handshakeTimeout?: number;
  /** Longest received record, in characters. @defaultValue 16384, HubServer 2048 */
  readonly maximumReceiveMessageSize?: number;
  /**
   * Values of one received record, items of arrays and fields of objects; 0: any number.
   * @defaultValue 0, HubServer 64
   */
  readonly maximumReceiveValues?: number;
  /** Invocations that wait for the peer's answer at the same time. @defaultValue 32, HubServer 8 */
  readonly maximumPendingInvocations?: number;
  /**
   * Milliseconds that an invocation waits for its answer unless it says otherwise; 0: as long as the connection lasts.
   * @defaultValue 30000
   */
  readonly invocationTimeout?: number;
  /** Messages that wait for room in the WebSocket's queue (`maxQueueBytes`). @defaultValue 32, HubServer 8 */
  readonly maximumWaitingSends?: number;
  /** Streams in each direction at the same time. @defaultValue 8, HubServer 1 */
  readonly maximumStreams?: number;
  /**
   * Received items of one stream that wait to be read, in characters of their records; more stop the connection.
   * @defaultValue 32768, HubServer 512
   */
  readonly streamBufferSize?: number;
  /**
   * Milliseconds that a stream which stops the connection may be left unread before it fails; 0: for ever.
   * @defaultValue 15000
   */
  readonly streamStallTimeout?: number;
  /**
   * On XS: names of fields that peers may bring, all of them together, of 64 characters each, to a HubServer of 32; 0:
   * any number.
   * @defaultValue 256, HubServer 32
   */
  readonly maximumPropertyNames?: number;
}

/** Limits, validated. */
export interface HubLinkSettings extends ResolvedOptions<HubLimits> {
  /** The names that fields may have; undefined: any. */
  readonly names?: PropertyNames | undefined;
}

/** The defaults; times are those of ASP.NET Core, sizes those of one connection to a server that was chosen. */
export const HUB_LINK_DEFAULTS: ResolvedOptions<HubLimits> = Object.freeze({
  keepAliveInterval: 15_000,
  handshakeTimeout: 15_000,
  maximumReceiveMessageSize: 16_384,
  maximumReceiveValues: 0,
  maximumPendingInvocations: 32,
  invocationTimeout: 30_000,
  maximumWaitingSends: 32,
  maximumStreams: 8,
  streamBufferSize: 32_768,
  streamStallTimeout: 15_000,
  maximumPropertyNames: 256,
});

/** What both sides take. */
export const HUB_LINK_OPTIONS: OptionTable<ResolvedOptions<HubLimits>> = Object.freeze({
  defaults: HUB_LINK_DEFAULTS,
  least: Object.freeze({ handshakeTimeout: 1, maximumReceiveMessageSize: 64, maximumPendingInvocations: 1 }),
  most: Object.freeze({
    maximumPendingInvocations: 65_535,
    maximumWaitingSends: 65_535,
    maximumStreams: 65_535,
    maximumPropertyNames: 65_535,
  }),
});

/** Whose options are whose: a hub's side takes its own, those of the WebSocket beneath, and some that are no plain values. */
export interface OptionNames<Settings extends object> {
  /** Those of its own. */
  readonly own: OptionTable<Settings>;
  /** Those of the WebSocket. */
  readonly webSocket: object;
  /** Those of the WebSocket that are not the caller's to choose. */
  readonly chosen: readonly string[];
  /** Options that are no plain values: they are taken elsewhere. */
  readonly others: readonly string[];
}

/**
 * Fills in the defaults of the side's own options.
 *
 * @returns them, and the options of the WebSocket as they were given
 * @throws OptionError for an option that there is not, of another type, or out of its range
 */
export function splitOptions<Settings extends object>(
  options: object,
  { own, webSocket, chosen, others }: OptionNames<Settings>,
): { readonly limits: Settings; readonly webSocketOptions: object } {
  const limits: Record<string, unknown> = {};
  const webSocketOptions: Record<string, unknown> = {};
  for (const name of Object.keys(options)) {
    const value: unknown = options[name as keyof typeof options];
    if (Object.hasOwn(own.defaults, name)) limits[name] = value;
    else if (Object.hasOwn(webSocket, name) && !chosen.includes(name)) webSocketOptions[name] = value;
    else if (!others.includes(name))
      throw unknownOption(name, [
        ...Object.keys(own.defaults),
        ...others,
        ...Object.keys(webSocket).filter((known) => !chosen.includes(known) && !Object.hasOwn(own.defaults, known)),
      ]);
  }
  return { limits: resolveOptions(limits as Partial<Record<keyof Settings, unknown>>, own), webSocketOptions };
}

/**
 * The names that peers have brought: for all connections of a hub, or of a HubConnection, together.
 *
 * @param longest characters that a name may have
 * @returns undefined where there is no limit, or names do not stay
 */
export function createNames(maximum: number, longest: number): PropertyNames | undefined {
  return keepsPropertyNames && maximum !== 0 ? new PropertyNames(maximum, longest) : undefined;
}
