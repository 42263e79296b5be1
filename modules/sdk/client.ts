/** `Client` of the SDK's module `websocket`, over a ClientWebSocket: a program for it goes on with another import. */

import { log, setTimer } from "#platform";
import { ClientWebSocket, OptionError, WebSocketCloseStatus, type ClientWebSocketOptions } from "../client.js";
import { CONNECT, Connection, DISCONNECT, HANDSHAKE, RECEIVE, valueOf, type Tell } from "./connection.js";
import { readTarget, type SecureOptions, type Target, type TargetOptions } from "./target.js";

export type { Callback, Connection, Tell } from "./connection.js";
export type { SecureOptions, TargetOptions } from "./target.js";

/** Options of a {@link Client}: the SDK's, and those of a `ClientWebSocket`. */
export interface ClientOptions
  extends
    TargetOptions,
    Omit<ClientWebSocketOptions, "onMessageReceived" | "onConnectionClosed" | "onDrained" | "deliverFragments"> {
  /** The subprotocol that is offered. */
  readonly protocol?: string;
  /** Header fields of the request: names and values in turn. */
  readonly headers?: readonly string[];
  /** Any class: the connection uses TLS. The class itself is not used. */
  readonly Socket?: unknown;
  /** What TLS is told. */
  readonly secure?: SecureOptions;
}

/** A client. It connects when it is made, and is used once. */
export class Client extends Connection {
  /** The callback's message 1: a connection stands. */
  static readonly connect = CONNECT;
  /** The callback's message 2: the WebSocket is open. */
  static readonly handshake = HANDSHAKE;
  /** The callback's message 3: a text, or bytes, came. */
  static readonly receive = RECEIVE;
  /** The callback's message 4: the connection is over. */
  static readonly disconnect = DISCONNECT;

  /**
   * Connects.
   *
   * @throws OptionError where an option is missing or wrong
   */
  constructor(options: ClientOptions) {
    const { host, address, port, path, protocol, headers = [], Socket, secure, ...others } = options;
    if ("socket" in others)
      throw new OptionError("A socket that was made elsewhere is not taken: give host, port and path.");
    const tls = Socket === undefined ? secure : (secure ?? {});
    const target = readTarget({ host, address, port, path }, tls, pairsOf(headers));
    const subprotocols = protocol === undefined ? [] : [protocol];
    const client = new ClientWebSocket({ ...target.options, subprotocols, ...others });
    super(client, (tell) => {
      client.onMessageReceived = (_client, { frame }) => tell(RECEIVE, valueOf(frame));
      client.onConnectionClosed = () => tell(DISCONNECT);
      // In a turn of its own: the callback is set behind the constructor.
      setTimer(() => void this.open(client, target, tell), 0);
    });
  }

  private async open(client: ClientWebSocket, { uri, headers }: Target, tell: Tell): Promise<void> {
    if (this.isClosed) return;
    try {
      await client.connect(uri, headers);
    } catch {
      // The callback was told of the end.
      return;
    }
    try {
      tell(CONNECT);
      tell(HANDSHAKE);
    } catch (cause) {
      log("The callback threw; the connection is closed with 1011.", cause);
      client.close(WebSocketCloseStatus.InternalServerError);
    }
  }
}

/** @throws OptionError where a value is missing */
function pairsOf(headers: readonly string[]): [string, string][] {
  if (headers.length % 2 !== 0)
    throw new OptionError('headers are names and values in turn, such as ["Authorization", "…"]: a value is missing.');
  return headers.flatMap((name, at) => (at % 2 === 0 ? [[name, headers[at + 1] ?? ""] as [string, string]] : []));
}
