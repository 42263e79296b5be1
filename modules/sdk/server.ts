/** `Server` of the SDK's module `websocket`, over a WebSocketServer: a program for it goes on with another import. */

import { log } from "#platform";
import { OptionError, WebSocketServer, type WebSocket, type WebSocketServerOptions } from "../server.js";
import { CONNECT, Connection, DISCONNECT, HANDSHAKE, RECEIVE, SUBPROTOCOL, valueOf } from "./connection.js";
import type { Callback, Tell } from "./connection.js";

export type { Callback, Connection, Tell } from "./connection.js";

/** Options of a {@link Server}: those of a `WebSocketServer`. */
export type ServerOptions = Omit<
  WebSocketServerOptions,
  "onMessageReceived" | "onWebSocketOpened" | "onWebSocketClosed" | "isStandAlone" | "deliverFragments"
>;

/** A server, which listens when it is made. The callback is called with the connection as `this`. */
export class Server {
  /** The callback's message 1: a connection stands. */
  static readonly connect = CONNECT;
  /** The callback's message 2: the WebSocket is open. */
  static readonly handshake = HANDSHAKE;
  /** The callback's message 3: a text, or bytes, came. */
  static readonly receive = RECEIVE;
  /** The callback's message 4: the connection is over. */
  static readonly disconnect = DISCONNECT;
  /** Never told: the subprotocols that are spoken are an option. */
  static readonly subprotocol = SUBPROTOCOL;

  /** Is told of all that happens to connections that come from now on. */
  callback: Callback | undefined = undefined;
  private readonly server: WebSocketServer;
  /** By its connection, who tells the callback. */
  private readonly tellers = new Map<WebSocket, Tell>();

  /**
   * Listens.
   *
   * @throws OptionError where an option is wrong. A port that cannot be had is logged
   */
  constructor(options: ServerOptions = {}) {
    if ((options.port as number | null) === null)
      throw new OptionError(
        "A server without a port is a WebSocketServer with isStandAlone: false: see addWebSocket().",
      );
    const { tellers } = this;
    this.server = new WebSocketServer({
      ...options,
      onWebSocketOpened: (_server, { webSocket }) => {
        const connection = new Connection(webSocket, (tell) => void tellers.set(webSocket, tell));
        connection.callback = this.callback;
        tellers.get(webSocket)?.(CONNECT, this);
        tellers.get(webSocket)?.(HANDSHAKE);
      },
      onMessageReceived: (_server, { webSocket, frame }) => tellers.get(webSocket)?.(RECEIVE, valueOf(frame)),
      onWebSocketClosed: (_server, { webSocket }) => {
        const tell = tellers.get(webSocket);
        tellers.delete(webSocket);
        tell?.(DISCONNECT);
      },
    });
    this.server.start().catch((error: unknown) => log("The Server does not listen.", error));
  }

  /** The port that is listened on: with the option 0 the one that the system chose, as soon as it has. */
  get port(): number {
    return this.server.port;
  }

  /** Accepts no more clients, and closes those that are connected with 1001. */
  close(): void {
    void this.server.stop();
  }
}
