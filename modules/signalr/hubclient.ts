/** A client of a hub, as the hub sees it: its connection, from the upgrade to the end. */

import { clearTimer, setTimer, type TimerHandle } from "#platform";
import { isPromise } from "../handlers.js";
import { logError } from "../log.js";
import type { HttpListenerRequest } from "../http.js";
import { TimeoutError, type WebSocketError } from "../protocol/errors.js";
import type { ConnectionClosedEventArgs, WebSocket } from "../websocket.js";
import { HubClosedError, HubHandshakeError, HubProtocolError } from "./errors.js";
import { encodeRecord, formatResponse, HandshakeReader, readRequest, type HandshakeRequest } from "./handshake.js";
import type { ClientRegistry, HubGroups } from "./hubclients.js";
import { HubCallerContext } from "./hubcontext.js";
import { formatMessage, HubLink, payloadOf, type HubLinkEvents } from "./hublink.js";
import { HubCalls } from "./hubmethods.js";
import { MessageType, type CloseMessage, type HubMessage, type HubProtocol } from "./hubprotocol.js";
import type { InvocationMessage, StreamInvocationMessage } from "./hubprotocol.js";
import type { HubServerSettings } from "./hubserveroptions.js";

/** The hub, as its clients see it. */
export interface HubClientOwner {
  readonly settings: HubServerSettings;
  readonly registry: ClientRegistry;
  readonly groups: HubGroups;
  /** The handshake is done. Calls wait until this is. */
  clientConnected(client: HubClient): unknown;
  /** The connection is over. */
  clientDisconnected(client: HubClient, error: Error | undefined): void;
}

/** How a hub closes a connection. */
export type CloseDetails = Omit<CloseMessage, "type">;

/** A client. */
export class HubClient implements HubLinkEvents {
  readonly connectionId: string;
  readonly request: HttpListenerRequest;
  readonly context: HubCallerContext;
  /** The groups it is in. */
  readonly groupNames = new Set<string>();
  /** The encoding that it asked for. */
  protocol: HubProtocol;
  private readonly owner: HubClientOwner;
  private readonly webSocket: WebSocket;
  private readonly timer: TimerHandle;
  private reader: HandshakeReader | undefined;
  private link: HubLink | undefined = undefined;
  private calls: HubCalls<HubCallerContext> | undefined = undefined;
  private endError: WebSocketError | undefined = undefined;
  private isClosing = false;

  /** Takes over a connection whose upgrade is done. */
  constructor(owner: HubClientOwner, connectionId: string, webSocket: WebSocket, request: HttpListenerRequest) {
    const { settings, registry, groups } = owner;
    const { handshakeTimeout, names } = settings.limits;
    this.owner = owner;
    this.connectionId = connectionId;
    this.webSocket = webSocket;
    this.request = request;
    this.reader = new HandshakeReader(names);
    this.protocol = settings.protocols[0] as HubProtocol;
    this.context = new HubCallerContext(this, registry, groups);
    webSocket.onMessageReceived = (_sender, { frame }) => {
      this.received(payloadOf(frame));
    };
    webSocket.onConnectionClosed = (_sender, e) => {
      this.connectionClosed(e);
    };
    this.timer = setTimer(() => {
      this.refuse(new TimeoutError("Handshake was canceled: it took too long."));
    }, handshakeTimeout);
  }

  /** The client, as "address:port". */
  get endPoint(): string {
    return this.webSocket.remoteEndPoint;
  }

  /** Whether it has shaken hands and nobody has closed. */
  get isConnected(): boolean {
    return this.link !== undefined && !this.isClosing;
  }

  /** @throws OptionError for a value that the protocol cannot express */
  format(message: HubMessage): string | Uint8Array {
    return formatMessage(this.protocol, message);
  }

  /** Sends what `format` gave. @returns false where there is no room now */
  trySendData(data: string | Uint8Array): boolean {
    return this.isConnected && this.link?.trySendData(data) === true;
  }

  /** Calls a method of the client for its result. */
  async call(method: string, values: readonly unknown[], timeoutMs: number | undefined): Promise<unknown> {
    if (this.link === undefined) throw new HubClosedError(`The client ${this.connectionId} is not connected.`);
    const result = this.link.call(method, values, timeoutMs ?? this.owner.settings.limits.invocationTimeout);
    this.calls?.answerAwaited();
    try {
      return await result;
    } finally {
      this.calls?.answerAwaited();
    }
  }

  /** Says Close, and closes. */
  close(details: CloseDetails): void {
    if (this.isClosing) return;
    this.link?.trySend({ type: MessageType.Close, ...details });
    this.end(new HubClosedError("The hub closed the connection."));
  }

  invocationReceived(call: InvocationMessage | StreamInvocationMessage, length: number): void {
    if (this.calls?.add(call, length) === false)
      throw new HubProtocolError("Too many invocations wait for their turn (maximumWaitingInvocations).");
  }

  cancelReceived(invocationId: string): void {
    this.calls?.cancel(invocationId);
  }

  closeReceived({ error }: CloseMessage): void {
    if (error !== undefined) this.endError = new HubClosedError(`The client closed: ${error}`);
    this.end(new HubClosedError("The client closed the connection."));
  }

  linkFailed(error: WebSocketError): void {
    this.endError = error;
    const detail = this.owner.settings.limits.enableDetailedErrors ? ` ${String(error)}` : "";
    // As ASP.NET Core says: one record too long, say, is no reason to lose a client for good.
    this.close({ error: `Connection closed with an error.${detail}`, allowReconnect: true });
  }

  private received(data: string | Uint8Array): void {
    if (this.reader === undefined) return this.link?.receive(data);
    try {
      const record = this.reader.read(data);
      if (record === undefined) return;
      this.protocol = this.chooseProtocol(readRequest(record));
      this.opened();
      if (record.rest.length > 0) this.link?.receive(record.rest);
    } catch (error) {
      if (!(error instanceof HubProtocolError || error instanceof HubHandshakeError)) throw error;
      this.refuse(error);
    }
  }

  private chooseProtocol({ protocol: name, version }: HandshakeRequest): HubProtocol {
    const wanted = name.toLowerCase();
    const protocol = this.owner.settings.protocols.find((known) => known.name.toLowerCase() === wanted);
    if (protocol === undefined) throw new HubHandshakeError(`The protocol '${name}' is not supported.`);
    if (protocol.version !== version && protocol.isVersionSupported?.(version) !== true)
      throw new HubHandshakeError(`The server does not support version ${version} of the '${name}' protocol.`);
    return protocol;
  }

  private opened(): void {
    const { settings } = this.owner;
    const { limits, methods } = settings;
    const { protocol } = this;
    clearTimer(this.timer);
    this.reader = undefined;
    this.sendRecord(formatResponse());
    this.link = new HubLink(this.webSocket, protocol, limits, limits.clientTimeoutInterval, this);
    const calls = new HubCalls(methods, this.context, this.link, {
      running: limits.maximumParallelInvocationsPerClient,
      waiting: limits.maximumWaitingInvocations,
      streams: limits.maximumStreams,
      waitingCharacters: Math.ceil(limits.maximumReceiveMessageSize / 2),
      stallTimeout: limits.streamStallTimeout,
    });
    this.calls = calls;
    this.owner.registry.add(this);
    void this.tellConnected(calls);
  }

  /** Calls run only when the hub has done what it does for a new client. */
  private async tellConnected(calls: HubCalls<HubCallerContext>): Promise<void> {
    try {
      const returned = this.owner.clientConnected(this);
      if (isPromise(returned)) await returned;
      calls.start();
    } catch (error) {
      logError("A handler of the hub's connected event threw; the connection is closed.", error);
      this.close({ error: "Connection closed with an error." });
    }
  }

  /** Answers the handshake with an error. */
  private refuse(error: WebSocketError): void {
    if (this.isClosing) return;
    this.endError = error;
    this.sendRecord(formatResponse(error.message));
    this.end(new HubClosedError("The handshake failed."));
  }

  private sendRecord(record: string): void {
    const data = encodeRecord(record, this.protocol);
    if (typeof data === "string") this.webSocket.sendString(data);
    else this.webSocket.sendBytes(data);
  }

  private end(reason: HubClosedError): void {
    this.isClosing = true;
    clearTimer(this.timer);
    this.owner.registry.remove(this);
    this.calls?.end();
    this.link?.end(reason);
    this.webSocket.close();
  }

  private connectionClosed({ error }: ConnectionClosedEventArgs): void {
    const cause = this.endError ?? (this.isClosing ? undefined : error);
    this.isClosing = true;
    clearTimer(this.timer);
    this.calls?.end();
    this.link?.end(new HubClosedError("The connection to the client is over.", { cause }));
    this.owner.registry.remove(this);
    if (this.link !== undefined) this.owner.clientDisconnected(this, cause);
  }
}
