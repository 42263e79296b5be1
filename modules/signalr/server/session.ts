/** A client of a hub, as the hub sees it: its connection, from the upgrade to the end. Methods know it as their caller. */

import { log } from "#platform";
import { isPromise, logRejection } from "../../common/handlers.js";
import type { HttpListenerRequest } from "../../http.js";
import type { WebSocketError } from "../../common/errors.js";
import { WritableHeaders } from "../../common/headers.js";
import type { ConnectionClosedEventArgs, WebSocket } from "../../websocket/websocket.js";
import { HubClosedError, HubHandshakeError, HubProtocolError } from "../errors.js";
import { HubSession, type CloseDetails } from "../link/session.js";
import type { HubLink } from "../link/link.js";
import type { Fields } from "../wire/limits.js";
import type { CloseMessage, HubProtocol, InvocationMessage, StreamInvocationMessage } from "../wire/messages.js";
import { Calls } from "./calls.js";
import type { HubCallerContext } from "./context.js";
import { CallerClients, type HubCallerClients, type HubGroups, type Member, type Members } from "./members.js";
import type { HubServerOptions, HubServerSettings } from "./options.js";

/** The hub, as its clients see it. */
export interface ServerSessionOwner {
  readonly settings: HubServerSettings;
  readonly members: Members;
  /** The hub's properties. */
  readonly hooks: {
    readonly onConnected: HubServerOptions["onConnected"];
    readonly onDisconnected: HubServerOptions["onDisconnected"];
  };
}

/** A client. */
export class ServerSession extends HubSession implements Member, HubCallerContext {
  readonly connectionId: string;
  request: HttpListenerRequest;
  readonly items = new Map<string, unknown>();
  readonly clients: HubCallerClients;
  readonly groupNames = new Set<string>();
  protocol: HubProtocol;
  private readonly owner: ServerSessionOwner;
  private calls: Calls | undefined = undefined;

  /** Takes over a connection whose upgrade is done. */
  constructor(owner: ServerSessionOwner, connectionId: string, webSocket: WebSocket, request: HttpListenerRequest) {
    const { limits, protocols } = owner.settings;
    super(webSocket, limits, { timeout: limits.clientTimeoutInterval, idPrefix: "s" });
    this.owner = owner;
    this.connectionId = connectionId;
    this.request = request;
    this.protocol = protocols[0] as HubProtocol;
    this.clients = new CallerClients(owner.members, connectionId);
    owner.members.enter(this);
    this.expectHandshake();
  }

  get groups(): HubGroups {
    return this.owner.members;
  }

  get endPoint(): string {
    return this.webSocket.remoteEndPoint;
  }

  get isConnected(): boolean {
    return this.link !== undefined && !this.isClosing;
  }

  abort(): void {
    this.close({});
  }

  trySendData(data: string | Uint8Array): boolean {
    return this.isConnected && this.link?.trySendData(data) === true;
  }

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

  close(details: CloseDetails): void {
    if (!this.isClosing) this.sayClose(details, new HubClosedError("The hub closed the connection."));
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
    this.webSocket.close();
  }

  linkFailed(error: WebSocketError): void {
    this.endError = error;
    if (this.link === undefined) this.sendHandshake({ error: error.message }, this.protocol);
    const detail = this.owner.settings.limits.enableDetailedErrors ? ` ${String(error)}` : "";
    // As ASP.NET Core says: one record too long, say, is no reason to lose a client for good.
    this.close({ error: `Connection closed with an error.${detail}`, allowReconnect: true });
  }

  protected agree({ protocol: name, version }: Fields): HubProtocol {
    if (typeof name !== "string" || typeof version !== "number" || !Number.isInteger(version))
      throw new HubProtocolError("The handshake does not name a protocol and its version.");
    const wanted = name.toLowerCase();
    const protocol = this.owner.settings.protocols.find((known) => known.name.toLowerCase() === wanted);
    if (protocol === undefined) throw new HubHandshakeError(`The protocol '${name}' is not supported.`);
    if (protocol.version !== version && protocol.isVersionSupported?.(version) !== true)
      throw new HubHandshakeError(`The server does not support version ${version} of the '${name}' protocol.`);
    this.protocol = protocol;
    this.sendHandshake({}, protocol);
    return protocol;
  }

  protected opened(link: HubLink): void {
    const { limits, methods } = this.owner.settings;
    const calls = new Calls(methods, this, link, {
      running: limits.maximumParallelInvocationsPerClient,
      waiting: limits.maximumWaitingInvocations,
      streams: limits.maximumStreams,
      waitingCharacters: Math.ceil(limits.maximumReceiveMessageSize / 2),
      stallTimeout: limits.streamStallTimeout,
    });
    this.calls = calls;
    void this.tellConnected(calls);
  }

  protected override end(error: WebSocketError): void {
    this.owner.members.leave(this);
    this.calls?.end();
    super.end(error);
  }

  protected connectionClosed(e: ConnectionClosedEventArgs): void {
    const cause = this.ended(e.error);
    if (this.link === undefined) return;
    try {
      logRejection(DISCONNECTED_FAILED, this.owner.hooks.onDisconnected?.(this, cause));
    } catch (error) {
      log(DISCONNECTED_FAILED, error);
    }
  }

  /** A client could fill what is kept of a head, and would hold it for as long as it is there. */
  private forgetHead(): void {
    const headers = new WritableHeaders();
    headers.clear();
    this.request = { ...this.request, rawUrl: this.request.path, headers };
  }

  /** Calls run only when the hub has done what it does for a new client. */
  private async tellConnected(calls: Calls): Promise<void> {
    try {
      const returned = this.owner.hooks.onConnected?.(this);
      if (isPromise(returned)) await returned;
      this.forgetHead();
      calls.start();
    } catch (error) {
      log("A handler of the hub's connected event threw; the connection is closed.", error);
      this.close({ error: "Connection closed with an error." });
    }
  }
}

const DISCONNECTED_FAILED = "A handler of the hub's disconnected event threw.";
