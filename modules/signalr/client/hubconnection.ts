/** The client of a hub (.NET nanoFramework `HubConnection`, completed after the official clients). */

import { log } from "#platform";
import { logRejection, type Handler } from "../../common/handlers.js";
import { AbortedError, InvalidStateError, OptionError, type WebSocketError } from "../../common/errors.js";
import { checkTime } from "../../common/options.js";
import { parseWebSocketUri, uriText } from "../../common/uri.js";
import { HubClosedError } from "../errors.js";
import { ClientMethods, type HubHandler } from "./methods.js";
import { resolveHubConnectionOptions } from "./options.js";
import type { HubConnectionOptions, HubConnectionSettings } from "./options.js";
import { messageOf, type HubLink } from "../link/link.js";
import { MessageType, type InvocationMessage } from "../wire/messages.js";
import { ClientSession, type ClientSessionListener } from "./session.js";
import { toWebSocketUrl } from "./negotiation.js";
import { Retries } from "./retries.js";
import type { HubStream } from "../link/incoming.js";

/** The state of a connection to a hub (.NET `HubConnectionState`). */
export const HubConnectionState = Object.freeze({
  Disconnected: "Disconnected",
  Connecting: "Connecting",
  Connected: "Connected",
  Reconnecting: "Reconnecting",
  Disconnecting: "Disconnecting",
} as const);
export type HubConnectionState = (typeof HubConnectionState)[keyof typeof HubConnectionState];

/** A connection to a hub. It may be started again after it was stopped. */
export class HubConnection {
  /** The connection is over: stopped (without an error), closed by the server, or lost and not to be had again. */
  onclose: Handler<[error?: Error]> | undefined;
  /** The connection is lost and will be tried again. */
  onreconnecting: Handler<[error?: Error]> | undefined;
  /** The connection is there again; the id is known where it was negotiated. */
  onreconnected: Handler<[connectionId?: string]> | undefined;

  private readonly target: string;
  private readonly settings: HubConnectionSettings;
  private readonly methods = new ClientMethods();
  private readonly listener: ClientSessionListener = {
    sessionOpened: (session) => this.sessionOpened(session),
    invocationReceived: (link, message) => this.invocationReceived(link, message),
    sessionEnded: (session, error, mayReconnect) => this.sessionEnded(session, error, mayReconnect),
  };
  private current: HubConnectionState = HubConnectionState.Disconnected;
  private session: ClientSession | undefined = undefined;
  private retries: Retries | undefined = undefined;
  private connecting: Promise<void> | undefined = undefined;
  private stopping: Promise<void> | undefined = undefined;

  /**
   * Makes a connection, which is begun by `start`.
   *
   * @param url that of the hub: http://, https://, ws:// or wss://, a text or a URL object
   * @param options limits, certificates, tokens and when to come back
   * @throws OptionError where the URL or an option is out of its range
   */
  constructor(url: string | { readonly href: string }, options: HubConnectionOptions = {}) {
    this.target = toWebSocketUrl(uriText(url));
    if (!this.target.includes("://"))
      throw new OptionError(`${JSON.stringify(url)} is not the URL of a hub: it must begin with http:// or https://.`);
    parseWebSocketUri(this.target);
    this.settings = resolveHubConnectionOptions(options);
    this.onclose = options.onclose;
    this.onreconnecting = options.onreconnecting;
    this.onreconnected = options.onreconnected;
  }

  /** The state of the connection. */
  get state(): HubConnectionState {
    return this.current;
  }

  /** The hub's URL, with ws:// or wss:// (.NET nanoFramework `Uri`). */
  get uri(): string {
    return this.target;
  }

  /** The id that the server knows this connection by; undefined unless connected and negotiated. */
  get connectionId(): string | undefined {
    return this.current === HubConnectionState.Connected ? this.session?.connectionId : undefined;
  }

  /** Milliseconds that the server may be silent; 0: for ever. */
  get serverTimeout(): number {
    return this.settings.limits.serverTimeout;
  }

  /** Milliseconds without anything sent after which a Ping is; 0: never. */
  get keepAliveInterval(): number {
    return this.settings.limits.keepAliveInterval;
  }

  /** Milliseconds for the handshake of the hub protocol. */
  get handshakeTimeout(): number {
    return this.settings.limits.handshakeTimeout;
  }

  /** Whether a lost connection is tried again. */
  get reconnectEnabled(): boolean {
    return this.settings.retryPolicy !== undefined;
  }

  /**
   * Connects.
   *
   * @returns resolves when the state is Connected
   * @throws (rejects) InvalidStateError (it is not Disconnected), NetworkError, TlsError, TimeoutError, HandshakeError,
   *   NegotiationError, HubHandshakeError, HubProtocolError, or AbortedError (`stop` was called meanwhile); OptionError for
   *   what `accessTokenFactory` gives
   */
  async start(): Promise<void> {
    if (this.current !== HubConnectionState.Disconnected)
      throw new InvalidStateError("The HubConnection is already started: call stop() first.");
    this.current = HubConnectionState.Connecting;
    this.connecting = this.startOnce();
    await this.connecting;
  }

  /**
   * Disconnects. Calls that wait are rejected, and what is about to connect or reconnect is given up.
   *
   * @param error tells the server why, unless it is a good-bye
   * @returns resolves when nothing is left, within `closeTimeoutMs`
   */
  async stop(error?: string | Error): Promise<void> {
    if (this.current === HubConnectionState.Disconnected) return;
    this.stopping ??= this.stopOnce(error instanceof Error ? error.message : error).finally(
      () => (this.stopping = undefined),
    );
    await this.stopping;
  }

  /**
   * Answers calls of the server. Several handlers of one method are called in turn; letter case does not matter.
   *
   * @param method its name; letter case does not matter
   * @param handler takes the call's arguments. What it returns is the result, where the server wants one
   * @throws OptionError where it is no function
   */
  on(method: string, handler: HubHandler): void {
    this.methods.add(method, handler);
  }

  /**
   * Removes a handler, or all of the method.
   *
   * @param method its name; letter case does not matter
   * @param handler the one to remove; left out: all of the method
   */
  off(method: string, handler?: HubHandler): void {
    this.methods.remove(method, handler);
  }

  /**
   * Calls a method of the hub without waiting for its answer. Async iterables among the values are sent as streams.
   *
   * @param method its name; letter case does not matter
   * @param values its arguments, which become JSON; an async iterable is sent as a stream
   * @returns resolves when it is sent, or waits in the WebSocket's queue
   * @throws (rejects) InvalidStateError unless the state is Connected, HubClosedError, OptionError for what cannot be sent
   */
  async send(method: string, ...values: readonly unknown[]): Promise<void> {
    await this.requireLink().sendCall(method, values);
  }

  /**
   * Calls a method of the hub.
   *
   * @param method its name; letter case does not matter
   * @param values its arguments, which become JSON; an async iterable is sent as a stream
   * @returns its result
   * @throws (rejects) as `send`: InvalidStateError, HubClosedError, OptionError; and HubException where the method fails,
   *   TimeoutError (`invocationTimeout`)
   */
  invoke<Result = unknown>(method: string, ...values: readonly unknown[]): Promise<Result> {
    return this.invokeCore<Result>(method, values);
  }

  /**
   * As `invoke`, with its values as a list (.NET nanoFramework `InvokeCore`, `InvokeCoreAsync`).
   *
   * @param method its name; letter case does not matter
   * @param values its arguments, which become JSON; an async iterable is sent as a stream
   * @param timeoutMs milliseconds instead of `invocationTimeout`; 0: as long as the connection lasts
   * @returns its result
   * @throws (rejects) as `invoke`: InvalidStateError, HubClosedError, OptionError, HubException, TimeoutError
   */
  async invokeCore<Result = unknown>(method: string, values: readonly unknown[], timeoutMs?: number): Promise<Result> {
    const limitMs = timeoutMs ?? this.settings.limits.invocationTimeout;
    checkTime("timeoutMs", limitMs, 0);
    return (await this.requireLink().call(method, values, limitMs)) as Result;
  }

  /**
   * As `send`, with its values as a list (.NET nanoFramework `SendCore`).
   *
   * @param method its name; letter case does not matter
   * @param values its arguments, which become JSON; an async iterable is sent as a stream
   * @returns as `send`
   * @throws (rejects) as `send`: InvalidStateError, HubClosedError, OptionError
   */
  sendCore(method: string, values: readonly unknown[]): Promise<void> {
    return this.send(method, ...values);
  }

  /**
   * Calls a method of the hub whose result is a stream. Leaving its loop, or `cancel()`, ends it.
   *
   * @param method its name; letter case does not matter
   * @param values its arguments, which become JSON; an async iterable is sent as a stream
   * @returns the stream, for a loop `for await`
   * @throws InvalidStateError unless the state is Connected
   */
  stream<Item = unknown>(method: string, ...values: readonly unknown[]): HubStream<Item> {
    return this.requireLink().stream(method, values) as HubStream<Item>;
  }

  private invocationReceived(link: HubLink, { invocationId, target, arguments: values }: InvocationMessage): void {
    // Handlers begin on a stack of their own: that of XS is small, and we are deep in what reads the socket.
    const begun = Promise.resolve();
    if (invocationId === undefined) return void begun.then(() => this.methods.call(target, values));
    begun
      .then(() => this.methods.callForResult(target, values))
      .then((result) => link.send({ type: MessageType.Completion, invocationId, result }))
      .catch((error: unknown) => link.complete(invocationId, { error: messageOf(error) }));
  }

  private sessionOpened(session: ClientSession): void {
    if (session !== this.session) return;
    const isAgain = this.current === HubConnectionState.Reconnecting;
    this.current = HubConnectionState.Connected;
    this.retries = undefined;
    if (isAgain) this.raise(() => this.onreconnected?.(session.connectionId));
  }

  private sessionEnded(session: ClientSession, error: WebSocketError | undefined, mayReconnect: boolean): void {
    if (session !== this.session) return;
    this.session = undefined;
    if (this.current !== HubConnectionState.Connected) return;
    const { retryPolicy, wait } = this.settings;
    if (retryPolicy === undefined || !mayReconnect) this.closed(error);
    else this.connecting = this.reconnect(new Retries(retryPolicy, wait), error);
  }

  private async startOnce(): Promise<void> {
    const { retryPolicy, limits, wait } = this.settings;
    const retries = limits.reconnectOnStart && retryPolicy !== undefined ? new Retries(retryPolicy, wait) : undefined;
    this.retries = retries;
    const failure = await this.attempt(retries);
    if (failure === undefined) return;
    this.retries = undefined;
    this.current = HubConnectionState.Disconnected;
    throw failure;
  }

  private async reconnect(retries: Retries, error: WebSocketError | undefined): Promise<void> {
    this.current = HubConnectionState.Reconnecting;
    this.retries = retries;
    this.raise(() => this.onreconnecting?.(error));
    const reason = error ?? new HubClosedError("The connection was lost.");
    const isWanted = !this.isStopping && (await retries.next(reason));
    const failure = isWanted ? await this.attempt(retries) : reason;
    if (failure === undefined) return;
    this.closed(this.isStopping ? undefined : failure);
  }

  /** @returns undefined when connected; else why it could not, after the last of all attempts */
  private async attempt(retries: Retries | undefined): Promise<Error | undefined> {
    for (;;) {
      const session = (this.session = new ClientSession(this.settings, this.listener));
      try {
        await session.open(this.target);
        return undefined;
      } catch (cause) {
        if (this.session === session) this.session = undefined;
        const error = cause instanceof Error ? cause : new Error(String(cause));
        // What is wrong with the options is wrong for ever.
        const isFinal = this.isStopping || error instanceof OptionError || retries === undefined;
        if (isFinal || !(await retries.next(error))) return this.isStopping ? new AbortedError() : error;
      }
    }
  }

  private async stopOnce(error: string | undefined): Promise<void> {
    const { session, connecting } = this;
    const wasConnected = this.current === HubConnectionState.Connected;
    this.current = HubConnectionState.Disconnecting;
    this.retries?.cancel();
    if (wasConnected) {
      await session?.close(error);
      this.closed(undefined);
    } else {
      session?.abort();
      // Whoever called start() is told.
      await connecting?.catch(() => undefined);
    }
  }

  private get isStopping(): boolean {
    return this.current === HubConnectionState.Disconnecting;
  }

  private closed(error: Error | undefined): void {
    this.session = undefined;
    this.retries = undefined;
    this.connecting = undefined;
    this.current = HubConnectionState.Disconnected;
    this.raise(() => this.onclose?.(error));
  }

  private raise(handler: () => unknown): void {
    try {
      logRejection(STATE_HANDLER_FAILED, handler());
    } catch (error) {
      log(STATE_HANDLER_FAILED, error);
    }
  }

  private requireLink(): HubLink {
    const link = this.session?.link;
    if (link === undefined || this.current !== HubConnectionState.Connected)
      throw new InvalidStateError(
        "The HubConnection is not connected: call the hub only while its state is Connected.",
      );
    return link;
  }
}

const STATE_HANDLER_FAILED = "A handler of the HubConnection's state threw.";
