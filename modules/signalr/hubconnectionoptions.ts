/** Options of HubConnection: types, defaults and validation. */

import { ClientWebSocketHeaders, type HeadersInit } from "../client.js";
import {
  resolveCertificates,
  resolveClientOptions,
  type ClientCertificates,
  type ClientSettings,
  type ClientWebSocketLimits,
  type ResolvedCertificates,
} from "../clientoptions.js";
import { checkTime, withDefaults, type ResolvedOptions } from "../protocol/options.js";
import type { HubProtocol } from "./hubprotocol.js";
import { JsonHubProtocol } from "./jsonhubprotocol.js";
import {
  checkHubLimits,
  createNames,
  HUB_LINK_DEFAULTS,
  MAX_SIZE,
  type HubLimits,
  type HubLinkSettings,
} from "./linkoptions.js";
import { createRetryPolicy, waitByTimer, type AutomaticReconnect, type RetryPolicy, type Wait } from "./reconnect.js";

/** Values among the options of a HubConnection that have a plain default. */
export interface HubConnectionLimits extends HubLimits {
  /** Milliseconds that the server may be silent; 0: for ever. */
  readonly serverTimeout?: number;
  /** True: the server is asked first where and as whom to connect; false: the WebSocket is opened at once. */
  readonly negotiate?: boolean;
  /** The part of each delay before a reconnect that is left to chance, 0 to 1. */
  readonly reconnectJitter?: number;
  /** True: `start` tries again by `automaticReconnect`, too. */
  readonly reconnectOnStart?: boolean;
}

/** Options of the WebSocket beneath. Its own keep-alive is off: the hub protocol has one. */
export type HubWebSocketOptions = Omit<
  ClientWebSocketLimits,
  "keepAliveInterval" | "serverTimeout" | "deliverFragments" | "subprotocols"
>;

/** Options of a HubConnection (.NET nanoFramework `HubConnectionOptions`, and those of the official clients). */
export interface HubConnectionOptions extends HubConnectionLimits, HubWebSocketOptions, ClientCertificates {
  /** Header fields for the upgrade, and for the negotiation. */
  readonly headers?: HeadersInit;
  /** Gives a token for each attempt to connect; it is sent as "Authorization: Bearer …". */
  readonly accessTokenFactory?: () => string | Promise<string>;
  /** Whether and when a lost connection is tried again; false unless given. */
  readonly automaticReconnect?: AutomaticReconnect;
  /** The encoding of messages; JSON unless given. */
  readonly protocol?: HubProtocol;
  /** Waits before a reconnect, instead of the host's timers. */
  readonly wait?: Wait;
  /** Becomes the connection's `onclose`. */
  readonly onclose?: (error?: Error) => void;
  /** Becomes the connection's `onreconnecting`. */
  readonly onreconnecting?: (error?: Error) => void;
  /** Becomes the connection's `onreconnected`. */
  readonly onreconnected?: (connectionId?: string) => void;
}

/** The defaults of a HubConnection. */
export const HUB_CONNECTION_DEFAULTS: ResolvedOptions<HubConnectionLimits> = Object.freeze({
  serverTimeout: 30_000,
  negotiate: false,
  reconnectJitter: 0,
  reconnectOnStart: false,
  ...HUB_LINK_DEFAULTS,
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
  readonly accessTokenFactory: (() => string | Promise<string>) | undefined;
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
  const { certificate, clientCertificate, clientPrivateKey } = options;
  const [own, webSocketOptions] = partition(options);
  const limits = withDefaults(own as HubConnectionLimits, HUB_CONNECTION_DEFAULTS);
  checkHubLimits(limits);
  checkTime("serverTimeout", limits.serverTimeout, 0);
  const certificates = { certificate, clientCertificate, clientPrivateKey };
  const webSocket = {
    maxMessageBytes: Math.min(2 * limits.maximumReceiveMessageSize, MAX_SIZE),
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

/** Options that are no plain values: they are not looked for among the limits. */
const SPECIAL: readonly string[] = Object.freeze([
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

/** The connection's own limits, and those of the WebSocket. */
function partition(options: object): [own: object, webSocket: object] {
  const isOwn = ([name]: [string, unknown]): boolean => Object.hasOwn(HUB_CONNECTION_DEFAULTS, name);
  const entries = Object.entries(options) as [string, unknown][];
  const plain = entries.filter(([name, value]) => value !== undefined && !SPECIAL.includes(name));
  return [Object.fromEntries(plain.filter(isOwn)), Object.fromEntries(plain.filter((entry) => !isOwn(entry)))];
}
