/** Options of WebSocketServer: types, defaults and validation. */

import type { HttpListenerRequest } from "../http/exchange.js";
import { OptionError } from "../common/errors.js";
import { isFieldValue, isToken } from "../common/text.js";
import { checkPath } from "../http/query.js";
import {
  CONNECTION_DEFAULTS,
  CONNECTION_OPTIONS,
  MAX_HEAD_BYTES,
  MIN_HEAD_BYTES,
  resolveOptions,
  type OptionTable,
  type ResolvedOptions,
  type WebSocketOptions,
} from "../common/options.js";
import { TLS_SERVER_OPTIONS } from "./tlsoptions.js";

/** How an accept hook refuses a client. */
export interface Refusal {
  /** The HTTP status of the answer, 400 to 599. */
  readonly statusCode: number;
  /** Header fields of the answer, such as WWW-Authenticate. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** True: the client may connect. False: it is answered 403. */
export type AcceptDecision = boolean | Refusal;

/** Looks at a client's request, its path, headers and origin, before it is accepted. Waits for at most `handshakeTimeoutMs`. */
export type AcceptHook = (request: HttpListenerRequest) => AcceptDecision | Promise<AcceptDecision>;

/** Values among the options of a WebSocketServer (.NET nanoFramework `WebSocketServerOptions`, and limits of our own). */
export interface WebSocketServerLimits extends WebSocketOptions {
  /** Stand-alone: TCP port, 0 to 65535; 0: the system chooses a free one. @defaultValue 80 */
  readonly port?: number;
  /** Stand-alone: the path of the WebSocket; another one is answered with 404. @defaultValue "/" */
  readonly prefix?: string;
  /** The Server header of the handshake's answer; "": none. @defaultValue "xs-websockets" */
  readonly serverName?: string;
  /** Clients at the same time; `whenFull` says what becomes of one more. @defaultValue 4 */
  readonly maxClients?: number;
  /**
   * What a client is told for which there is no place. "refuse": the HTTP status 503, which a script in a web page
   * never learns. "close": it is accepted, then closed with 1013 (TryAgainLater) and a reason; while four are being
   * told so, the next get 503. No handler and no accept hook is called for them.
   * @defaultValue "refuse"
   */
  readonly whenFull?: "refuse" | "close";
  /** True: the server listens itself; false: connections come by `addWebSocket`. @defaultValue true */
  readonly isStandAlone?: boolean;
  /**
   * Stand-alone: largest head of a request that is read, in bytes; a larger one is answered with 431.
   * @defaultValue 16384
   */
  readonly maxHeadBytes?: number;
  /**
   * Stand-alone: bytes that are kept of a head: its request line, and of each field name, value and 32 more. Fields
   * that nobody asked for are passed over where there is no room; those that the library or `keptHeaders` name are
   * refused with 431. One request at a time may have twice as much.
   * @defaultValue 1536
   */
  readonly maxKeptHeadBytes?: number;
  /**
   * Stand-alone: names of header fields that are kept in any case, because `acceptClient` reads them, such as
   * ["cookie"].
   * @defaultValue []
   */
  readonly keptHeaders?: readonly string[];
  /** Stand-alone: milliseconds that the opening handshake may take. @defaultValue 10000 */
  readonly handshakeTimeoutMs?: number;
  /** Subprotocols that are spoken, the most wanted first (RFC 6455, 1.9). @defaultValue [] */
  readonly subprotocols?: readonly string[];
  /**
   * Origins of web pages that may connect beside those of this server, as "https://example.org"; ["*"]: any.
   * @defaultValue []
   */
  readonly allowedOrigins?: readonly string[];
  /**
   * Names that this server answers by, such as ["device.local"], or [".local"] for all that end so, beside its IP
   * addresses and localhost; others get 421. []: any name, so that a page may have its own point here (DNS rebinding).
   * @defaultValue []
   */
  readonly allowedHosts?: readonly string[];
}

/** A server's settings, validated. */
export type ServerSettings = ResolvedOptions<WebSocketServerLimits>;

/**
 * The defaults of a server. Whoever connects may fill what they allow, and XS ends a program whose memory is full: all
 * clients together take less than half of the 78 KB that an ESP32 without external memory has.
 */
export const SERVER_DEFAULTS: ServerSettings = Object.freeze({
  ...CONNECTION_DEFAULTS,
  maxMessageBytes: 4_096,
  maxQueueBytes: 5_120,
  port: 80,
  prefix: "/",
  serverName: "xs-websockets",
  maxClients: 4,
  whenFull: "refuse",
  isStandAlone: true,
  maxHeadBytes: 16_384,
  maxKeptHeadBytes: 1_536,
  keptHeaders: Object.freeze([]),
  handshakeTimeoutMs: 10_000,
  subprotocols: Object.freeze([]),
  allowedOrigins: Object.freeze([]),
  allowedHosts: Object.freeze([]),
});

/** What a server takes. */
export const SERVER_OPTIONS: OptionTable<ServerSettings> = Object.freeze({
  defaults: SERVER_DEFAULTS,
  least: Object.freeze({
    ...CONNECTION_OPTIONS.least,
    maxClients: 1,
    maxHeadBytes: MIN_HEAD_BYTES,
    maxKeptHeadBytes: MIN_HEAD_BYTES,
    handshakeTimeoutMs: 1,
  }),
  most: Object.freeze({
    port: 65_535,
    maxClients: 65_535,
    maxHeadBytes: MAX_HEAD_BYTES,
    maxKeptHeadBytes: MAX_HEAD_BYTES,
  }),
});

/** Options beside those: a name that is nearly one of them is told. */
const OTHERS: readonly string[] = Object.freeze([
  "address",
  ...TLS_SERVER_OPTIONS,
  "acceptClient",
  "permessageDeflate",
  "onMessageReceived",
  "onWebSocketOpened",
  "onWebSocketClosed",
]);

/** Options of the port that a server listens on itself. */
const ALONE: readonly string[] = Object.freeze([
  "port",
  "prefix",
  "address",
  ...TLS_SERVER_OPTIONS,
  "maxHeadBytes",
  "maxKeptHeadBytes",
  "keptHeaders",
]);

/** @throws OptionError for an option that has no effect on a server which listens nowhere */
export function checkAlone(options: Readonly<Record<string, unknown>>): void {
  const name = ALONE.find((option) => options[option] !== undefined);
  if (options["isStandAlone"] === false && name !== undefined)
    throw new OptionError(
      `${name} is for a server that listens by itself. With isStandAlone: false connections come through addWebSocket(): give ${name} to the HTTP server.`,
    );
}

/**
 * Fills in the defaults.
 *
 * @throws OptionError where an option is out of its range
 */
export function resolveServerOptions(options: WebSocketServerLimits): ServerSettings {
  const settings = resolveOptions(options, SERVER_OPTIONS, OTHERS);
  if (!WHEN_FULL.includes(settings.whenFull))
    throw new OptionError(`whenFull must be "refuse" or "close"; it is ${JSON.stringify(settings.whenFull)}.`);
  checkPath("prefix", settings.prefix);
  if (!isFieldValue(settings.serverName))
    throw new OptionError("serverName must be one line of text without control characters.");
  for (const name of settings.subprotocols)
    if (!isToken(name))
      throw new OptionError(
        `${JSON.stringify(name)} cannot be a subprotocol: it must be one word without separators (RFC 6455, 4.1).`,
      );
  return settings;
}

const WHEN_FULL: readonly string[] = Object.freeze(["refuse", "close"]);
