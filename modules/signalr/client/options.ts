/** Options of HubConnection: types, defaults and validation. */

import { ClientWebSocketHeaders, type HeadersInit } from "../../client.js";
import {
  CLIENT_DEFAULTS,
  resolveCertificates,
  resolveClientOptions,
  type ClientCertificates,
  type ClientSettings,
  type ClientWebSocketLimits,
  type ResolvedCertificates,
} from "../../client/options.js";
import type { Handler } from "../../common/handlers.js";
import {
  checkHandlers,
  checkOptions,
  MAX_NUMBER,
  type OptionTable,
  type ResolvedOptions,
} from "../../common/options.js";
import type { HubProtocol } from "../wire/messages.js";
import { JsonHubProtocol } from "../wire/json.js";
import {
  createNames,
  splitOptions,
  HUB_LINK_DEFAULTS,
  HUB_LINK_OPTIONS,
  type HubLimits,
  type HubLinkSettings,
} from "../link/limits.js";
import { createRetryPolicy, waitByTimer, type AutomaticReconnect, type RetryPolicy, type Wait } from "./retries.js";

/** Values among the options of a HubConnection that have a plain default. */
export interface HubConnectionLimits extends HubLimits {
  /** Milliseconds that the server may be silent; 0: for ever. @defaultValue 30000 */
  readonly serverTimeout?: number;
  /**
   * True: the server is asked first where and as whom to connect; false: the WebSocket is opened at once.
   * @defaultValue false
   */
  readonly negotiate?: boolean;
  /** The part of each delay before a reconnect that is left to chance, 0 to 1. @defaultValue 0 */
  readonly reconnectJitter?: number;
  /** True: `start` tries again by `automaticReconnect`, too. @defaultValue false */
  readonly reconnectOnStart?: boolean;
}

/** Options of the WebSocket beneath. Its own keep-alive is off: the hub protocol has one. */
export type HubWebSocketOptions = Omit<
  ClientWebSocketLimits,
  "keepAliveInterval" | "serverTimeout" | "deliverFragments" | "subprotocols" | "collectHttpResponseDetails"
>;

/** A bearer token (RFC 6750); null, undefined and "" are none. */
export type AccessToken = string | null | undefined;

/** Gives an access token, or the promise of one. */
export type AccessTokenFactory = () => AccessToken | Promise<AccessToken>;

/** Options of a HubConnection (.NET nanoFramework `HubConnectionOptions`, and those of the official clients). */
export interface HubConnectionOptions extends HubConnectionLimits, HubWebSocketOptions, ClientCertificates {
  /** Header fields for the upgrade, and for the negotiation. */
  readonly headers?: HeadersInit;
  /** Gives a token for each attempt to connect; it is sent as "Authorization: Bearer …". Null, undefined and "" are none. */
  readonly accessTokenFactory?: AccessTokenFactory;
  /** Whether and when a lost connection is tried again; false unless given. */
  readonly automaticReconnect?: AutomaticReconnect;
  /** The encoding of messages; JSON unless given. */
  readonly protocol?: HubProtocol;
  /** Waits before a reconnect, instead of the host's timers. */
  readonly wait?: Wait;
  /** Becomes the connection's `onclose`. */
  readonly onclose?: Handler<[error?: Error]>;
  /** Becomes the connection's `onreconnecting`. */
  readonly onreconnecting?: Handler<[error?: Error]>;
  /** Becomes the connection's `onreconnected`. */
  readonly onreconnected?: Handler<[connectionId?: string]>;
}

/** The defaults of a HubConnection. */
export const HUB_CONNECTION_DEFAULTS: ResolvedOptions<HubConnectionLimits> = Object.freeze({
  serverTimeout: 30_000,
  negotiate: false,
  reconnectJitter: 0,
  reconnectOnStart: false,
  ...HUB_LINK_DEFAULTS,
});

/** What a HubConnection takes. */
export const HUB_CONNECTION_OPTIONS: OptionTable<ResolvedOptions<HubConnectionLimits>> = Object.freeze({
  ...HUB_LINK_OPTIONS,
  defaults: HUB_CONNECTION_DEFAULTS,
  special: Object.freeze(["reconnectJitter"]),
});

/** Settings of a HubConnection, validated. */
export interface HubConnectionSettings {
  readonly limits: ResolvedOptions<HubConnectionLimits> & Pick<HubLinkSettings, "names">;
  /** For the WebSocket. */
  readonly webSocket: ClientWebSocketLimits & ClientCertificates;
  /** The same for the negotiation. */
  readonly client: ClientSettings;
  readonly certificates: ResolvedCertificates;
  readonly headers: ClientWebSocketHeaders;
  readonly accessTokenFactory: AccessTokenFactory | undefined;
  readonly retryPolicy: RetryPolicy | undefined;
  readonly protocol: HubProtocol;
  readonly wait: Wait;
}

/**
 * Fills in the defaults.
 *
 * @throws OptionError where an option is out of its range
 */
export function resolveHubConnectionOptions(options: HubConnectionOptions): HubConnectionSettings {
  const { headers = [], accessTokenFactory, automaticReconnect = false, protocol, wait } = options;
  const { certificate, clientCertificate, clientPrivateKey, onclose, onreconnecting, onreconnected } = options;
  checkOptions("HubConnection", options, "{ automaticReconnect: true }");
  checkHandlers({ accessTokenFactory, wait, onclose, onreconnecting, onreconnected });
  const { limits, webSocketOptions } = splitOptions(options, {
    own: HUB_CONNECTION_OPTIONS,
    webSocket: CLIENT_DEFAULTS,
    chosen: CHOSEN,
    others: OTHERS,
  });
  const certificates = { certificate, clientCertificate, clientPrivateKey };
  const webSocket = {
    maxMessageBytes: Math.min(2 * limits.maximumReceiveMessageSize, MAX_NUMBER),
    ...(webSocketOptions as HubWebSocketOptions),
    // ASP.NET Core puts what it has into one message, of up to 64 KB and more: its fragments do.
    deliverFragments: true,
    // A server that is alive may take its time to read: the hub protocol's own Pings tell whether it is.
    keepAliveInterval: 0,
    serverTimeout: 0,
  };
  const client = resolveClientOptions(webSocket);
  return {
    limits: { ...limits, names: createNames(limits.maximumPropertyNames, LONGEST_NAME) },
    webSocket: { ...webSocket, ...certificates },
    client,
    certificates: resolveCertificates(certificates, client),
    headers: new ClientWebSocketHeaders(headers),
    accessTokenFactory,
    retryPolicy: createRetryPolicy(automaticReconnect, limits.reconnectJitter),
    protocol: protocol ?? new JsonHubProtocol(),
    wait: wait ?? waitByTimer,
  };
}

/** Characters of a field's name: those of .NET are long. */
const LONGEST_NAME = 64;

/** Options of the WebSocket that follow from what a hub is. */
const CHOSEN: readonly string[] = Object.freeze(["deliverFragments", "subprotocols"]);

/** Options that are no plain values. */
const OTHERS: readonly string[] = Object.freeze([
  "headers",
  "accessTokenFactory",
  "automaticReconnect",
  "protocol",
  "wait",
  "certificate",
  "clientCertificate",
  "clientPrivateKey",
  "onclose",
  "onreconnecting",
  "onreconnected",
]);
