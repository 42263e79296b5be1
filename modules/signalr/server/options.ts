/** Options of HubServer: types, defaults and validation. */

import { queryValue, type HttpListenerRequest } from "../../http.js";
import { OptionError } from "../../common/errors.js";
import type { Handler } from "../../common/handlers.js";
import {
  checkHandlers,
  checkOptions,
  MAX_NUMBER,
  type OptionTable,
  type ResolvedOptions,
} from "../../common/options.js";
import { SERVER_DEFAULTS, type AcceptHook, type WebSocketServerLimits } from "../../server/options.js";
import type { HubCallerContext } from "./context.js";
import { HubMethods, type HubMethod } from "./methods.js";
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

/** Values among the options of a HubServer that have a plain default (ASP.NET Core `HubOptions`). */
export interface HubServerLimits extends HubLimits {
  /** Milliseconds that a client may be silent; 0: for ever. @defaultValue 30000 */
  readonly clientTimeoutInterval?: number;
  /**
   * Invocations of one client that run at the same time; the next wait in their order. Streams run beside them.
   * @defaultValue 1
   */
  readonly maximumParallelInvocationsPerClient?: number;
  /** Invocations of one client that wait for their turn; more stop the connection. @defaultValue 4 */
  readonly maximumWaitingInvocations?: number;
  /** True: callers are told the text of every error; false: only that of a HubException. @defaultValue false */
  readonly enableDetailedErrors?: boolean;
}

/** Options of the WebSockets. Their own keep-alive is off: the hub protocol has one. */
export type HubServerWebSocketOptions = Omit<
  WebSocketServerLimits,
  | "keepAliveInterval"
  | "serverTimeout"
  | "deliverFragments"
  | "subprotocols"
  | "port"
  | "prefix"
  | "isStandAlone"
  | "maxHeadBytes"
  | "maxKeptHeadBytes"
  | "keptHeaders"
>;

/** Options of a HubServer. */
export interface HubServerOptions extends HubServerLimits, HubServerWebSocketOptions {
  /** What clients can call. */
  readonly methods?: Readonly<Record<string, HubMethod>>;
  /** Looks at each request, that of the negotiation too, before it is accepted. */
  readonly authorize?: AcceptHook;
  /** The encodings that are spoken; JSON unless given. */
  readonly protocols?: readonly HubProtocol[];
  /** Becomes the hub's `onConnected`. */
  readonly onConnected?: Handler<[context: HubCallerContext]>;
  /** Becomes the hub's `onDisconnected`. */
  readonly onDisconnected?: Handler<[context: HubCallerContext, error?: Error]>;
}

/**
 * The defaults of a HubServer. Whoever connects may fill what they allow, and XS ends a program whose memory is full: what
 * all clients may hold together fits the heap of an ESP32 without external memory.
 */
export const HUB_SERVER_DEFAULTS: ResolvedOptions<HubServerLimits> = Object.freeze({
  ...HUB_LINK_DEFAULTS,
  clientTimeoutInterval: 30_000,
  maximumParallelInvocationsPerClient: 1,
  maximumWaitingInvocations: 4,
  maximumPropertyNames: 32,
  enableDetailedErrors: false,
  maximumReceiveMessageSize: 2_048,
  maximumReceiveValues: 64,
  maximumPendingInvocations: 8,
  maximumWaitingSends: 8,
  maximumStreams: 1,
  streamBufferSize: 512,
});

/** What a HubServer takes. */
export const HUB_SERVER_OPTIONS: OptionTable<ResolvedOptions<HubServerLimits>> = Object.freeze({
  defaults: HUB_SERVER_DEFAULTS,
  least: Object.freeze({ ...HUB_LINK_OPTIONS.least, maximumParallelInvocationsPerClient: 1 }),
  most: Object.freeze({
    ...HUB_LINK_OPTIONS.most,
    maximumParallelInvocationsPerClient: 65_535,
    maximumWaitingInvocations: 65_535,
  }),
});

/** Settings of a HubServer, validated. */
export interface HubServerSettings {
  readonly limits: ResolvedOptions<HubServerLimits> & Pick<HubLinkSettings, "names">;
  /** For the WebSocketServer, whose options are checked there. */
  readonly webSocket: WebSocketServerLimits;
  readonly methods: HubMethods;
  readonly authorize: AcceptHook;
  readonly protocols: readonly HubProtocol[];
}

/**
 * Fills in the defaults.
 *
 * @throws OptionError where an option is out of its range
 */
export function resolveHubServerOptions(options: HubServerOptions): HubServerSettings {
  const { methods = {}, authorize, protocols, onConnected, onDisconnected } = options;
  checkOptions("HubServer", options, "{ methods: { SetColor: (context, color) => … } }");
  checkHandlers({ authorize, onConnected, onDisconnected });
  const { limits, webSocketOptions } = splitOptions(options, {
    own: HUB_SERVER_OPTIONS,
    webSocket: SERVER_DEFAULTS,
    chosen: CHOSEN,
    others: OTHERS,
  });
  if (protocols?.length === 0)
    throw new OptionError("protocols is an empty list: name an encoding, or leave it out for JSON.");
  return {
    limits: { ...limits, names: createNames(limits.maximumPropertyNames, LONGEST_NAME) },
    webSocket: {
      maxClients: MAX_CLIENTS,
      maxMessageBytes: Math.min(2 * limits.maximumReceiveMessageSize, MAX_NUMBER),
      // What a client may send, a method may send back.
      maxQueueBytes: Math.min(limits.maximumReceiveMessageSize + MAX_ENVELOPE_BYTES, MAX_NUMBER),
      ...(webSocketOptions as HubServerWebSocketOptions),
      // The .NET client puts what it has into one message, of up to 64 KB and more: its fragments do.
      deliverFragments: true,
      // A client that is alive may take its time to read: the hub protocol's own Pings tell whether it is.
      keepAliveInterval: 0,
      serverTimeout: 0,
    },
    methods: new HubMethods(methods, limits.enableDetailedErrors),
    authorize: authorize ?? (() => true),
    protocols: protocols ?? [new JsonHubProtocol()],
  };
}

/** Characters of a field's name: clients may be anybody's. */
const LONGEST_NAME = 32;

/** Room in the queue beside the longest result: names, ids, frame headers, and what is sent at the same time. */
const MAX_ENVELOPE_BYTES = 512;

/** A client of a hub takes several times the slots of a WebSocket: of an ESP32's, four would leave too few. */
const MAX_CLIENTS = 3;

/** Options of a WebSocketServer that follow from what a hub is, or are the listener's. */
const CHOSEN: readonly string[] = Object.freeze([
  "serverTimeout",
  "deliverFragments",
  "subprotocols",
  "port",
  "prefix",
  "isStandAlone",
  "maxHeadBytes",
  "maxKeptHeadBytes",
  "keptHeaders",
]);

/** Options that are no plain values. */
const OTHERS: readonly string[] = Object.freeze(["methods", "authorize", "protocols", "onConnected", "onDisconnected"]);

/** RFC 6750, 2.1; a scheme has no letter case (RFC 9110, 11.1). */
const SCHEME = "bearer ";

/**
 * Reads the access token of a request: a bearer's (RFC 6750, 2.1), or that of the query, where a browser puts it.
 *
 * @returns the token; undefined for none
 */
export function accessTokenOf(request: HttpListenerRequest): string | undefined {
  const authorization = request.headers.get("authorization") ?? "";
  const token = authorization.slice(SCHEME.length).trim();
  const isBearer = authorization.slice(0, SCHEME.length).toLowerCase() === SCHEME && token !== "";
  return isBearer ? token : queryValue(request.rawUrl, "access_token");
}
