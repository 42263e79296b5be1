/** A client of a WebSocketServer, as the server sees it (.NET nanoFramework `WebSocketServerClient`). */

import type { Socket } from "#network";
import { Role, WebSocketState, type FragmentationType } from "../common/constants.js";
import type { AgreedSettings, ConnectionSettings } from "../common/options.js";
import type { CloseOutcome } from "../protocol/closing.js";
import type { HttpListenerRequest } from "../http/exchange.js";
import type { EncodedMessage } from "../protocol/framewriter.js";
import { closedEventArgs, Connection } from "../websocket/connection.js";
import {
  MessageReceivedFrame,
  type ConnectionClosedEventArgs,
  type MessageReceivedEventArgs,
  WebSocket,
} from "../websocket/websocket.js";

/** What `onWebSocketOpened` is told. */
export interface WebSocketOpenedEventArgs {
  /** The client, as "address:port". */
  readonly endPoint: string;
  /** Its connection. */
  readonly webSocket: WebSocket;
  /** The request it came with. */
  readonly request: HttpListenerRequest;
  /** The subprotocol that was agreed on; undefined for none. */
  readonly subprotocol: string | undefined;
}

/** What `onWebSocketClosed` is told. */
export interface WebSocketClosedEventArgs extends ConnectionClosedEventArgs {
  /** The client, as "address:port". It is not in the pool any more. */
  readonly endPoint: string;
  /** Its connection. */
  readonly webSocket: WebSocket;
}

/** The server, as its clients see it. */
export interface ClientOwner {
  readonly settings: ConnectionSettings;
  /** A message came. */
  clientMessageReceived(e: MessageReceivedEventArgs): void | Promise<void>;
  /** The client is gone. */
  clientClosed(client: ServerClient, e: ConnectionClosedEventArgs): void;
}

/** A connection that tells the server, too: of messages, and of its end, before the handlers of its own. */
class ServerConnection extends Connection {
  declare protected readonly webSocket: ServerClient;

  override messageReceived(
    payload: Uint8Array | string,
    fragmentation: FragmentationType,
    textBytes?: Uint8Array,
  ): void {
    const { webSocket } = this;
    const e = new MessageReceivedFrame(webSocket, payload, fragmentation, textBytes);
    const ownersReturned = webSocket.owner.clientMessageReceived(e);
    if (ownersReturned !== undefined) this.handlerReturned(ownersReturned);
    const returned = webSocket.onMessageReceived?.(webSocket, e);
    if (returned !== undefined) this.handlerReturned(returned);
  }

  override connectionClosed(outcome: CloseOutcome): void {
    const { webSocket } = this;
    webSocket.closed?.();
    webSocket.owner.clientClosed(webSocket, closedEventArgs(outcome));
    super.connectionClosed(outcome);
  }
}

/** The server's side of one connection. */
export class ServerClient extends WebSocket {
  readonly owner: ClientOwner;
  /** Who waits for the end. */
  declare closed?: () => void;

  constructor(owner: ClientOwner) {
    super();
    this.owner = owner;
  }

  protected override get settings(): ConnectionSettings {
    return this.owner.settings;
  }

  override get isServer(): boolean {
    return true;
  }

  /** Whether messages can be sent. */
  get isOpen(): boolean {
    return this.state === WebSocketState.Open;
  }

  /** Takes over a socket whose opening handshake is done. @param deflater where messages may be compressed */
  openOn(socket: Socket, deflater?: AgreedSettings["deflater"]): void {
    this.protocol = new ServerConnection(this, Role.Server, socket, this.settings, deflater).protocol;
  }

  /** Sends frames that were encoded before. @returns false where they cannot be sent now */
  sendEncoded(message: EncodedMessage, fragmentSize: number, time: number): boolean {
    return this.isOpen && this.protocol?.sendEncoded(message, fragmentSize, time) === true;
  }

  /** Resolves when the connection is over. */
  whenClosed(): Promise<void> {
    if (this.isClosed) return Promise.resolve();
    return new Promise((resolve) => {
      const { closed } = this;
      this.closed = () => {
        closed?.();
        resolve();
      };
    });
  }
}
