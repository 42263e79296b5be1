/** One connection of a HubConnection, from the negotiation to the end. Made anew for each attempt. */

import { clearTimer, setTimer, type TimerHandle } from "#platform";
import { ClientWebSocket, WebSocketCloseStatus, type ConnectionClosedEventArgs } from "../client.js";
import { AbortedError, OptionError, TimeoutError, type WebSocketError } from "../protocol/errors.js";
import { HubClosedError, HubHandshakeError, HubProtocolError } from "./errors.js";
import { checkResponse, encodeRecord, formatRequest, HandshakeReader } from "./handshake.js";
import type { HubConnectionSettings } from "./hubconnectionoptions.js";
import { HubLink, payloadOf, type HubLinkEvents } from "./hublink.js";
import { MessageType, type CloseMessage, type InvocationMessage } from "./hubprotocol.js";
import { Negotiation, withAccessToken, type ConnectTarget } from "./negotiation.js";

/** Whom a session tells. */
export interface HubSessionEvents {
  /** The handshake is done. */
  sessionOpened(session: HubSession): void;
  /** The server calls a method. */
  invocationReceived(link: HubLink, message: InvocationMessage): void;
  /** A session that was opened is over, and nothing is left of it. `mayReconnect` is what the server thinks of it. */
  sessionEnded(session: HubSession, error: WebSocketError | undefined, mayReconnect: boolean): void;
}

/** A session. */
export class HubSession implements HubLinkEvents {
  /** The id that was negotiated. */
  connectionId: string | undefined = undefined;
  /** Once the handshake is done. */
  link: HubLink | undefined = undefined;
  private readonly settings: HubConnectionSettings;
  private readonly events: HubSessionEvents;
  private readonly webSocket: ClientWebSocket;
  private giveTokenUp: (() => void) | undefined = undefined;
  private negotiation: Negotiation | undefined = undefined;
  private handshake: Handshake | undefined = undefined;
  private endError: WebSocketError | undefined = undefined;
  private mayReconnect = true;
  private isAborted = false;
  private isClosing = false;
  private closed: (() => void) | undefined = undefined;

  constructor(settings: HubConnectionSettings, events: HubSessionEvents) {
    this.settings = settings;
    this.events = events;
    this.webSocket = new ClientWebSocket({
      ...settings.webSocket,
      onMessageReceived: (_sender, { frame }) => {
        this.received(payloadOf(frame));
      },
      onConnectionClosed: (_sender, e) => {
        this.connectionClosed(e);
      },
    });
  }

  /** Connects. Rejects with why it could not, and with AbortedError after `abort`; nothing is left then. */
  async open(url: string): Promise<void> {
    const target = await this.negotiate(url);
    this.connectionId = target.connectionId;
    this.checkNotAborted();
    await this.webSocket.connect(target.url, target.headers);
    this.checkNotAborted();
    await this.shakeHands();
  }

  /** Says Close, and closes. Resolves when it is over, within `closeTimeoutMs`. */
  async close(error?: string): Promise<void> {
    const closed = new Promise<void>((resolve) => (this.closed = resolve));
    this.link?.trySend({ type: MessageType.Close, ...(error === undefined ? {} : { error }) });
    this.endLink(new HubClosedError("The connection was stopped."));
    this.webSocket.close();
    await closed;
  }

  /** Gives an attempt up. */
  abort(): void {
    this.isAborted = true;
    this.giveTokenUp?.();
    this.negotiation?.abort();
    this.webSocket.abort();
  }

  invocationReceived(message: InvocationMessage | { readonly type: typeof MessageType.StreamInvocation }): void {
    if (message.type === MessageType.StreamInvocation)
      throw new HubProtocolError("A StreamInvocation came from the server.");
    if (this.link !== undefined) this.events.invocationReceived(this.link, message);
  }

  cancelReceived(): void {
    throw new HubProtocolError("A CancelInvocation came from the server.");
  }

  closeReceived({ error, allowReconnect }: CloseMessage): void {
    this.mayReconnect = allowReconnect === true;
    const message = error === undefined ? "The server closed the connection." : `The server closed: ${error}`;
    const reason = new HubClosedError(message, {}, this.mayReconnect);
    if (error !== undefined || this.mayReconnect) this.endError = reason;
    this.endLink(reason);
    this.webSocket.close();
  }

  linkFailed(error: WebSocketError): void {
    this.endError = error;
    this.endLink(error);
    // A peer that is silent would not answer a Close frame either.
    if (error instanceof TimeoutError) this.webSocket.abort();
    else this.webSocket.close(WebSocketCloseStatus.ProtocolError);
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
    throw new OptionError(`accessTokenFactory gives a text, or nothing for no token; it gave a ${typeof token}.`);
  }

  private async shakeHands(): Promise<void> {
    const { protocol, limits } = this.settings;
    await new Promise<void>((resolve, reject) => {
      const timer = setTimer(() => {
        this.endError = new TimeoutError(`No handshake within ${limits.handshakeTimeout} ms (handshakeTimeout).`);
        this.webSocket.abort();
      }, limits.handshakeTimeout);
      this.handshake = { reader: new HandshakeReader(limits.names), timer, resolve, reject };
      const request = encodeRecord(formatRequest(protocol), protocol);
      if (typeof request === "string") this.webSocket.sendString(request);
      else this.webSocket.sendBytes(request);
    });
  }

  private received(data: string | Uint8Array): void {
    if (this.handshake === undefined) return this.link?.receive(data);
    try {
      const record = this.handshake.reader.read(data);
      if (record === undefined) return;
      checkResponse(record);
      this.opened(this.handshake);
      if (record.rest.length > 0) this.link?.receive(record.rest);
    } catch (error) {
      if (!(error instanceof HubProtocolError || error instanceof HubHandshakeError)) throw error;
      this.endError = error;
      this.webSocket.close();
    }
  }

  private opened({ timer, resolve }: Handshake): void {
    const { limits, protocol } = this.settings;
    clearTimer(timer);
    this.handshake = undefined;
    this.link = new HubLink(this.webSocket, protocol, limits, limits.serverTimeout, this);
    this.events.sessionOpened(this);
    resolve();
  }

  private endLink(error: WebSocketError): void {
    this.isClosing = true;
    this.link?.end(error);
  }

  private connectionClosed({ error, closeStatus, closeStatusDescription }: ConnectionClosedEventArgs): void {
    const { handshake, link } = this;
    const status = `${closeStatus} ${closeStatusDescription}`.trim();
    const reason =
      this.endError ??
      (this.isClosing ? undefined : (error ?? new HubClosedError(`The connection was closed with status ${status}.`)));
    link?.end(reason instanceof HubClosedError ? reason : closedBy(reason));
    if (handshake !== undefined) {
      clearTimer(handshake.timer);
      handshake.reject(this.isAborted ? new AbortedError() : (reason ?? closedBy(reason)));
    }
    this.handshake = undefined;
    this.closed?.();
    if (link !== undefined) this.events.sessionEnded(this, reason, this.mayReconnect);
  }

  private checkNotAborted(): void {
    if (!this.isAborted) return;
    this.webSocket.abort();
    throw new AbortedError();
  }
}

interface Handshake {
  readonly reader: HandshakeReader;
  readonly timer: TimerHandle;
  readonly resolve: () => void;
  readonly reject: (error: WebSocketError) => void;
}

function closedBy(cause: WebSocketError | undefined): HubClosedError {
  return new HubClosedError("The connection to the hub is over.", { cause });
}
