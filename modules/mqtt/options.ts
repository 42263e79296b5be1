/** Options of an MqttSocket: types, and where they lead to. */

import {
  ClientWebSocketHeaders,
  OptionError,
  type ClientWebSocketOptions,
  type HeadersInit,
  type WebSocketError,
} from "../client.js";
import { checkInteger, MAX_NUMBER } from "../common/options.js";
import { kindOf } from "../common/text.js";
import { parseWebSocketUri, type WebSocketUri } from "../common/uri.js";

/** How bytes are read and written: several at a time, or each as a number. */
export type MqttSocketFormat = "buffer" | "number";

/** A callback of an MqttSocket. It may be async: the rejection of its promise is what an exception is. */
export type MqttCallback<Socket, Value> =
  ((this: Socket, value: Value) => void) | ((this: Socket, value: Value) => Promise<void>);

/** Options of an MqttSocket: those of an ECMA-419 TCP socket, of the upgrade request, and of a `ClientWebSocket`. */
export interface MqttSocketOptions<Socket = unknown> extends Omit<
  ClientWebSocketOptions,
  | "onMessageReceived"
  | "onConnectionClosed"
  | "onDrained"
  | "subprotocols"
  | "deliverFragments"
  | "maxFragmentSize"
  | "maxFragments"
  | "maxMessageBytes"
  | "maxReceiveFrameSize"
  | "messageTimeoutMs"
  | "permessageDeflate"
> {
  /** The broker's name or IP address: what the request and the certificate are checked against. */
  readonly host?: string;
  /** The IP address to connect to; left out: that of `host`, which is then looked up. */
  readonly address?: string;
  /** The broker's TCP port for WebSockets. */
  readonly port: number;
  /** Path and query of the request; "/mqtt" unless given. */
  readonly path?: string;
  /** True: wss, the certificate is verified as by a ClientWebSocket; false, the default: ws. */
  readonly isSecure?: boolean;
  /** Header fields to add to the request, such as Authorization. */
  readonly headers?: HeadersInit;
  /** How bytes are read and written; "buffer" unless given. */
  readonly format?: MqttSocketFormat;
  /** Becomes `target`. */
  readonly target?: unknown;
  /**
   * Bytes that wait to be read at which the socket stops receiving, until some are read. What came at once may be a little
   * more, and so may a message: it is read in pieces. @defaultValue 4096
   */
  readonly maxUnreadBytes?: number;
  /** Bytes came: `count` can be read, those that were not read before included. An exception closes with 1011. */
  readonly onReadable?: MqttCallback<Socket, number>;
  /** The connection stands, or there is room again: `count` bytes can be written. An exception closes with 1011. */
  readonly onWritable?: MqttCallback<Socket, number>;
  /**
   * The connection is over, or could not be made. Called once, when all that came has been read; not after `close`. An
   * exception is logged.
   */
  readonly onError?: MqttCallback<Socket, WebSocketError>;
  /** Whoever makes the socket passes on all that it was given, its class included: not used. */
  readonly io?: unknown;
}

/** Where to connect to. */
export interface MqttTarget {
  readonly uri: string;
  readonly headers: ClientWebSocketHeaders;
  /** What the certificate is to be for; "": the host of the URI. */
  readonly serverName: string;
}

/** What of the options says where to connect to. */
export type MqttTargetOptions = {
  readonly [Name in "host" | "address" | "port" | "path" | "isSecure" | "headers"]: MqttSocketOptions[Name] | undefined;
};

/**
 * Makes a URI of host, port and path.
 *
 * @throws OptionError where one of them is missing or wrong
 */
export function readTarget(options: MqttTargetOptions): MqttTarget {
  const { host, address, port, path = "/mqtt", isSecure = false, headers = [] } = options;
  const peer = address ?? host;
  if (typeof peer !== "string" || (host !== undefined && typeof host !== "string"))
    throw new OptionError('An MqttSocket takes a host, such as { host: "broker.example", port: 443 }, as a text.');
  checkInteger("port", port ?? 0, 1, 65_535);
  if (typeof path !== "string" || !path.startsWith("/"))
    throw new OptionError(`path is a text that begins with "/", such as "/mqtt"; it was given ${quoted(path)}.`);
  if (typeof isSecure !== "boolean")
    throw new OptionError(`isSecure is true or false; it was given ${kindOf(isSecure)}.`);
  const uriOf = (name: string): string => `${isSecure ? "wss" : "ws"}://${bracketed(name)}:${port}${path}`;
  const fields = new ClientWebSocketHeaders(headers);
  const uri = uriOf(peer);
  const { hostHeader } = readAuthority(uriOf, host ?? peer);
  // RFC 6455, 4.1: Host is that of the URI that was meant, not the address that somebody has found for it.
  if (host !== undefined && host !== peer && fields.get("Host") === undefined) fields.set("Host", hostHeader);
  readAuthority(uriOf, peer);
  return { uri, headers: fields, serverName: host === undefined || host === peer ? "" : host };
}

/** @throws OptionError for what is more than a host, or none */
function readAuthority(uriOf: (name: string) => string, host: string): WebSocketUri {
  // A URI, or a host with its port: neither makes a URI here whose error would be understood.
  const target = host.includes("/") ? undefined : parseWebSocketUri(uriOf(host));
  if (target !== undefined && bracketed(target.host) === bracketed(host)) return target;
  throw new OptionError(
    `host and address are a name or an IP address alone, such as "broker.example"; one of them is ${quoted(host)}.`,
  );
}

/** A text in quotation marks; else what it is instead. */
function quoted(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(value) : kindOf(value);
}

/** RFC 3986, 3.2.2: an IPv6 address is put in brackets. */
function bracketed(host: string): string {
  return host.includes(":") && !host.startsWith("[") ? `[${host}]` : host;
}

/** The default of `maxUnreadBytes`. */
const MAX_UNREAD_BYTES = 4_096;

/** @throws OptionError for anything but a positive number of bytes */
export function checkUnread(maxUnreadBytes = MAX_UNREAD_BYTES): number {
  checkInteger("maxUnreadBytes", maxUnreadBytes, 1, MAX_NUMBER);
  return maxUnreadBytes;
}

/** Options of a ClientWebSocket that limit messages: a stream has none. */
const OF_MESSAGES: readonly string[] = Object.freeze(["maxMessageBytes", "maxReceiveFrameSize", "messageTimeoutMs"]);

/** Options of a ClientWebSocket that MQTT, or this class, decides. */
const DECIDED: readonly string[] = Object.freeze([
  "subprotocols",
  "deliverFragments",
  "maxFragmentSize",
  "maxFragments",
  "permessageDeflate",
  "onMessageReceived",
  "onConnectionClosed",
  "onDrained",
]);

/** @throws OptionError where one of those is given */
export function checkLimits(limits: object): void {
  for (const name of Object.keys(limits)) {
    if (DECIDED.includes(name)) throw new OptionError(`An MqttSocket decides by itself what ${name} is: leave it out.`);
    if (OF_MESSAGES.includes(name))
      throw new OptionError(
        `An MqttSocket takes messages of any length, piece by piece: leave ${name} out. maxUnreadBytes limits what waits.`,
      );
  }
}
