/** One connection of a hub, from the open WebSocket to its end: the handshake, then a link. Each side has its own kind. */

import { clearTimer, setTimer, type TimerHandle } from "#platform";
import { WebSocketMessageType, WebSocketState } from "../../common/constants.js";
import { TimeoutError, type WebSocketError } from "../../common/errors.js";
import type { ConnectionClosedEventArgs, WebSocket } from "../../websocket/websocket.js";
import { HubClosedError, HubHandshakeError, HubProtocolError } from "../errors.js";
import { encodeHandshake, HandshakeReader } from "../wire/handshake.js";
import type { Fields } from "../wire/limits.js";
import {
  MessageType,
  type CloseMessage,
  type HubProtocol,
  type InvocationMessage,
  type StreamInvocationMessage,
} from "../wire/messages.js";
import type { HubLinkSettings } from "./limits.js";
import { HubLink, type LinkListener, type LinkSide } from "./link.js";

/** How a side closes a connection. */
export type CloseDetails = Omit<CloseMessage, "type">;

/** A session. */
export abstract class HubSession<Socket extends WebSocket = WebSocket> implements LinkListener {
  /** Once the handshake is done. */
  link: HubLink | undefined = undefined;
  protected readonly webSocket: Socket;
  /** Why it ends, where that is not said otherwise. */
  protected endError: WebSocketError | undefined = undefined;
  /** One of the sides has said that it ends. */
  protected isClosing = false;
  private readonly limits: HubLinkSettings;
  private readonly side: LinkSide;
  private reader: HandshakeReader | undefined = undefined;
  private timer: TimerHandle | undefined = undefined;

  /** Takes over the handlers of a WebSocket. */
  constructor(webSocket: Socket, limits: HubLinkSettings, side: LinkSide) {
    this.webSocket = webSocket;
    this.limits = limits;
    this.side = side;
    webSocket.onMessageReceived = (_sender, { frame }) => {
      this.received(frame.messageType === WebSocketMessageType.Text ? frame.text : frame.buffer);
    };
    webSocket.onConnectionClosed = (_sender, e) => {
      this.connectionClosed(e);
    };
  }

  abstract invocationReceived(message: InvocationMessage | StreamInvocationMessage, length: number): void;
  abstract cancelReceived(invocationId: string): void;
  abstract closeReceived(message: CloseMessage): void;
  /** As a link's, and where there is no handshake: then there is no link. */
  abstract linkFailed(error: WebSocketError): void;

  /**
   * The peer's record of the handshake has come.
   *
   * @throws HubProtocolError, HubHandshakeError where it is not agreed to
   */
  protected abstract agree(fields: Fields): HubProtocol;
  /** The handshake is done. */
  protected abstract opened(link: HubLink): void;
  /** The WebSocket is over. To call `ended`. */
  protected abstract connectionClosed(e: ConnectionClosedEventArgs): void;

  /** Expects the peer's record of the handshake. */
  protected expectHandshake(): void {
    const { names, handshakeTimeout } = this.limits;
    this.reader = new HandshakeReader(names);
    this.timer = setTimer(() => {
      this.linkFailed(new TimeoutError(`No handshake within ${handshakeTimeout} ms (handshakeTimeout).`));
    }, handshakeTimeout);
  }

  /** Sends this side's record of the handshake, unless the WebSocket is closing: a peer may do that at any time. */
  protected sendHandshake(fields: object, protocol: HubProtocol): void {
    if (this.webSocket.state !== WebSocketState.Open) return;
    const data = encodeHandshake(fields, protocol);
    if (typeof data === "string") this.webSocket.sendString(data);
    else this.webSocket.sendBytes(data);
  }

  /** Says Close, where the handshake is done, and closes. */
  protected sayClose(details: CloseDetails, reason: HubClosedError): void {
    this.link?.trySend({ type: MessageType.Close, ...details });
    this.end(reason);
    this.webSocket.close();
  }

  /** Frees everything: what waits fails with `error`. May be called again. */
  protected end(error: WebSocketError): void {
    this.isClosing = true;
    this.stopTimer();
    this.link?.end(error);
  }

  /** The WebSocket is over. @returns why, where it was not meant to be */
  protected ended(error: WebSocketError | undefined): WebSocketError | undefined {
    const cause = this.endError ?? (this.isClosing ? undefined : error);
    this.end(cause instanceof HubClosedError ? cause : new HubClosedError("The connection is over.", { cause }));
    return cause;
  }

  /** The payload of a message of the WebSocket, or of a fragment of one. */
  private received(data: string | Uint8Array): void {
    if (this.isClosing) return;
    if (this.reader === undefined) return this.link?.receive(data);
    try {
      const record = this.reader.read(data);
      if (record === undefined) return;
      this.agreed(this.agree(record.fields));
      if (record.rest.length > 0) this.link?.receive(record.rest);
    } catch (error) {
      if (!(error instanceof HubProtocolError || error instanceof HubHandshakeError)) throw error;
      this.linkFailed(error);
    }
  }

  private agreed(protocol: HubProtocol): void {
    this.stopTimer();
    this.reader = undefined;
    this.link = new HubLink(this.webSocket, protocol, this.limits, this.side, this);
    this.opened(this.link);
  }

  private stopTimer(): void {
    clearTimer(this.timer);
    this.timer = undefined;
  }
}
