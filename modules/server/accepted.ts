/** A client of a WebSocketServer, as the server sees it (.NET nanoFramework `WebSocketServerClient`). */

import type { Socket } from "#network";
import { Role, WebSocketState, type FragmentationType } from "../common/constants.js";
import type { AgreedSettings, ConnectionSettings } from "../common/options.js";
import type { EncodedMessage } from "../protocol/framewriter.js";
import {
  MessageReceivedFrame,
  WebSocket,
  type ConnectionClosedEventArgs,
  type MessageReceivedEventArgs,
} from "../websocket/websocket.js";

/** The server, as its clients see it. */
export interface ClientOwner {
  readonly settings: ConnectionSettings;
  /** A message came. */
  clientMessageReceived(e: MessageReceivedEventArgs): void | Promise<void>;
  /** The client is gone. */
  clientClosed(client: ServerClient, e: ConnectionClosedEventArgs): void;
}

/** The server's side of one connection. */
export class ServerClient extends WebSocket {
  private readonly owner: ClientOwner;
  declare private closed?: () => void;

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
    this.open(Role.Server, socket, deflater);
  }

  /** Sends frames that were encoded before. @returns false where they cannot be sent now */
  sendEncoded(message: EncodedMessage, fragmentSize: number, time: number): boolean {
    return this.isOpen && this.connection?.protocol.sendEncoded(message, fragmentSize, time) === true;
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

  override messageReceived(
    payload: Uint8Array | string,
    fragmentation: FragmentationType,
    textBytes?: Uint8Array,
  ): void {
    const e = new MessageReceivedFrame(this, payload, fragmentation, textBytes);
    const ownersReturned = this.owner.clientMessageReceived(e);
    if (ownersReturned !== undefined) this.handlerReturned(ownersReturned);
    const returned = this.onMessageReceived?.(this, e);
    if (returned !== undefined) this.handlerReturned(returned);
  }

  protected override raiseConnectionClosed(e: ConnectionClosedEventArgs): void {
    this.closed?.();
    try {
      this.owner.clientClosed(this, e);
    } finally {
      super.raiseConnectionClosed(e);
    }
  }
}
