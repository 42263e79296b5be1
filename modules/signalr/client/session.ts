/** One connection of a HubConnection, from the negotiation to the end. Made anew for each attempt. */

import { ClientWebSocket, WebSocketCloseStatus, type ConnectionClosedEventArgs } from "../../client.js";
import { AbortedError, OptionError, TimeoutError, type WebSocketError } from "../../common/errors.js";
import { kindOf } from "../../common/text.js";
import { HubClosedError, HubHandshakeError, HubProtocolError } from "../errors.js";
import type { HubLink } from "../link/link.js";
import { HubSession } from "../link/session.js";
import type { Fields } from "../wire/limits.js";
import {
  MessageType,
  type CloseMessage,
  type HubProtocol,
  type InvocationMessage,
  type StreamInvocationMessage,
} from "../wire/messages.js";
import { Negotiation, withAccessToken, type ConnectTarget } from "./negotiation.js";
import type { HubConnectionSettings } from "./options.js";

/** What a session tells. */
export interface ClientSessionListener {
  /** The handshake is done. */
  sessionOpened(session: ClientSession): void;
  /** The server calls a method. */
  invocationReceived(link: HubLink, message: InvocationMessage): void;
  /** A session that was opened is over, and nothing is left of it. `mayReconnect` is what the server thinks of it. */
  sessionEnded(session: ClientSession, error: WebSocketError | undefined, mayReconnect: boolean): void;
}

/** A session. */
export class ClientSession extends HubSession<ClientWebSocket> {
  /** The id that was negotiated. */
  connectionId: string | undefined = undefined;
  private readonly settings: HubConnectionSettings;
  private readonly listener: ClientSessionListener;
  private giveTokenUp: (() => void) | undefined = undefined;
  private negotiation: Negotiation | undefined = undefined;
  private opening: { readonly resolve: () => void; readonly reject: (error: WebSocketError) => void } | undefined =
    undefined;
  private mayReconnect = true;
  private isAborted = false;
  private closed: (() => void) | undefined = undefined;

  constructor(settings: HubConnectionSettings, listener: ClientSessionListener) {
    const { webSocket, limits } = settings;
    super(new ClientWebSocket(webSocket), limits, { timeout: limits.serverTimeout, idPrefix: "" });
    this.settings = settings;
    this.listener = listener;
  }

  /** Connects. Rejects with why it could not, and with AbortedError after `abort`; nothing is left then. */
  async open(url: string): Promise<void> {
    const target = await this.negotiate(url);
    this.connectionId = target.connectionId;
    this.checkNotAborted();
    const opened = new Promise<void>((resolve, reject) => (this.opening = { resolve, reject }));
    // Where it is not even connected, `connect` tells why.
    opened.catch(() => undefined);
    await this.webSocket.connect(target.url, target.headers);
    this.checkNotAborted();
    // On XS the server may have closed it again before this has its turn.
    if (!this.isClosing) {
      const { protocol } = this.settings;
      this.expectHandshake();
      this.sendHandshake({ protocol: protocol.name, version: protocol.version }, protocol);
    }
    await opened;
  }

  /** Says Close, and closes. Resolves when it is over, within `closeTimeoutMs`. */
  async close(error?: string): Promise<void> {
    await new Promise<void>((resolve) => {
      this.closed = resolve;
      this.sayClose(error === undefined ? {} : { error }, new HubClosedError("The connection was stopped."));
    });
  }

  /** Gives an attempt up. */
  abort(): void {
    this.isAborted = true;
    this.giveTokenUp?.();
    this.negotiation?.abort();
    this.webSocket.abort();
  }

  invocationReceived(message: InvocationMessage | StreamInvocationMessage): void {
    if (message.type === MessageType.StreamInvocation)
      throw new HubProtocolError("A StreamInvocation came from the server.");
    if (this.link !== undefined) this.listener.invocationReceived(this.link, message);
  }

  cancelReceived(): void {
    throw new HubProtocolError("A CancelInvocation came from the server.");
  }

  closeReceived({ error, allowReconnect }: CloseMessage): void {
    this.mayReconnect = allowReconnect === true;
    const message = error === undefined ? "The server closed the connection." : `The server closed: ${error}`;
    const reason = new HubClosedError(message, {}, this.mayReconnect);
    if (error !== undefined || this.mayReconnect) this.endError = reason;
    this.end(reason);
    this.webSocket.close();
  }

  linkFailed(error: WebSocketError): void {
    this.endError = error;
    this.end(error);
    // A peer that is silent would not answer a Close frame either.
    if (error instanceof TimeoutError) this.webSocket.abort();
    else this.webSocket.close(WebSocketCloseStatus.ProtocolError);
  }

  protected agree({ error, type }: Fields): HubProtocol {
    if (type !== undefined && type !== MessageType.Close)
      throw new HubProtocolError("The server did not answer the handshake.");
    if (typeof error === "string") throw new HubHandshakeError(`The server refused the handshake: ${error}`);
    if (type !== undefined) throw new HubHandshakeError("The server closed the connection instead of a handshake.");
    return this.settings.protocol;
  }

  protected opened(): void {
    this.listener.sessionOpened(this);
    this.opening?.resolve();
  }

  protected connectionClosed({ error, closeStatus, closeStatusDescription }: ConnectionClosedEventArgs): void {
    const status = `${closeStatus} ${closeStatusDescription}`.trim();
    const reason = this.ended(error ?? new HubClosedError(`The connection was closed with status ${status}.`));
    this.opening?.reject(
      this.isAborted ? new AbortedError() : (reason ?? new HubClosedError("The connection is over.")),
    );
    this.closed?.();
    if (this.link !== undefined) this.listener.sessionEnded(this, reason, this.mayReconnect);
  }

  private async negotiate(url: string): Promise<ConnectTarget> {
    const { limits, headers, client, certificates } = this.settings;
    const accessToken = await this.askForToken();
    this.checkNotAborted();
    if (!limits.negotiate) return { url, headers: withAccessToken(headers, accessToken), connectionId: undefined };
    const { names } = limits;
    this.negotiation = new Negotiation({ url, accessToken, headers, settings: client, certificates, names });
    return this.negotiation.run();
  }

  /** The factory may take as long as it likes, but not longer than the attempt. */
  private async askForToken(): Promise<string | undefined> {
    const { accessTokenFactory } = this.settings;
    if (accessTokenFactory === undefined) return undefined;
    const token = await new Promise<unknown>((resolve, reject) => {
      this.giveTokenUp = () => reject(new AbortedError());
      Promise.resolve().then(accessTokenFactory).then(resolve, reject);
    });
    if (token === undefined || token === null || token === "") return undefined;
    if (typeof token === "string") return token;
    throw new OptionError(`accessTokenFactory gives a text, or nothing for no token; it gave ${kindOf(token)}.`);
  }

  private checkNotAborted(): void {
    if (!this.isAborted) return;
    this.webSocket.abort();
    throw new AbortedError();
  }
}
