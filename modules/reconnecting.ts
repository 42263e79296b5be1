/** A client that comes back: it connects again until it is closed, or told not to. */

import { clearTimer, encodeUtf8, log, setTimer, type TimerHandle } from "#platform";
import { Backoff } from "./backoff.js";
import { ClientWebSocket, type ClientWebSocketOptions, type HeadersInit } from "./client.js";
import { logRejection, tellClosed, type Handler } from "./common/handlers.js";
import { WebSocketCloseStatus, WebSocketMessageType, WebSocketState } from "./common/constants.js";
import { AbortedError, InvalidStateError, NetworkError, OptionError } from "./common/errors.js";
import { WebSocketError } from "./common/errors.js";
import {
  checkHandlers,
  checkOptions,
  CONNECTION_DEFAULTS,
  resolveOptions,
  type OptionTable,
} from "./common/options.js";
import { kindOf } from "./common/text.js";
import { costInQueue } from "./protocol/framequeue.js";
import { checkDelaySource, delayOf, shouldReconnect } from "./reconnecting/decision.js";
import { UnsentMessages } from "./reconnecting/unsent.js";
import {
  bytesOf,
  type BinaryData,
  type ConnectionClosedEventArgs,
  type MessageReceivedEventArgs,
} from "./websocket/websocket.js";

export { Backoff, type BackoffOptions } from "./backoff.js";
export { shouldReconnect } from "./reconnecting/decision.js";

/** Something that each attempt asks for anew, such as a token that expires. */
export type Provider<Value> = Value | (() => Value | Promise<Value>);

/** Says how long to wait before the next attempt: {@link Backoff}, or a class of one's own. */
export interface DelaySource {
  /**
   * Gives the delay before the next attempt.
   *
   * @returns milliseconds
   */
  next(): number;
  /** A connection has stood for `stableAfterMs`. */
  reset(): void;
}

/** What `onReconnecting` is told. */
export interface ReconnectingEventArgs {
  /** Which attempt comes next: 1 for the first after a connection that stood. */
  readonly attempt: number;
  /** Milliseconds until it comes. */
  readonly delayMs: number;
  /** How the connection, or the attempt before, ended. */
  readonly closed: ConnectionClosedEventArgs;
}

/** Options of a {@link ReconnectingWebSocket}, beside those of a ClientWebSocket. */
export interface ReconnectingWebSocketOptions extends Omit<
  ClientWebSocketOptions,
  "onMessageReceived" | "onConnectionClosed" | "onDrained"
> {
  /** How long to wait before each attempt; `new Backoff()` unless given. */
  readonly backoff?: DelaySource;
  /** Attempts in a row that may fail before it gives up; 0: any number. @defaultValue 0 */
  readonly maxAttempts?: number;
  /** Milliseconds that a connection stands before the next delay is the first again. @defaultValue 5000 */
  readonly stableAfterMs?: number;
  /**
   * Bytes of messages that are kept while there is no connection, 64 more for each; 0: none is kept.
   * @defaultValue 0
   */
  readonly maxUnsentBytes?: number;
  /** Whether to come back, instead of {@link shouldReconnect}. */
  readonly shouldReconnect?: (e: ConnectionClosedEventArgs) => boolean;
  /** Becomes `onMessageReceived`. */
  readonly onMessageReceived?: ReconnectingWebSocket["onMessageReceived"];
  /** Becomes `onReconnecting`. */
  readonly onReconnecting?: ReconnectingWebSocket["onReconnecting"];
  /** Becomes `onReconnected`. */
  readonly onReconnected?: ReconnectingWebSocket["onReconnected"];
  /** Becomes `onConnectionClosed`. */
  readonly onConnectionClosed?: ReconnectingWebSocket["onConnectionClosed"];
  /** Becomes `onDrained`. */
  readonly onDrained?: ReconnectingWebSocket["onDrained"];
}

type ReconnectingSettings = Required<
  Pick<ReconnectingWebSocketOptions, "maxAttempts" | "stableAfterMs" | "maxUnsentBytes">
>;

/** What it takes beside the options of a ClientWebSocket. @internal */
export const RECONNECTING_OPTIONS: OptionTable<ReconnectingSettings> = Object.freeze({
  defaults: Object.freeze({ maxAttempts: 0, stableAfterMs: 5_000, maxUnsentBytes: 0 }),
  least: Object.freeze({}),
  most: Object.freeze({}),
});

/** What one call of `connect` has begun. */
interface Run {
  readonly uri: Provider<string>;
  readonly headers: Provider<HeadersInit>;
  /** The promise of `connect`, until it is settled. */
  first: { readonly resolve: () => void; readonly reject: (error: WebSocketError) => void } | undefined;
  /** Attempts since a connection stood. */
  attempts: number;
  /** Of the next attempt, or of a connection that has not stood for long. */
  timer: TimerHandle | undefined;
  /** Whether `close` or `abort` was called. */
  isEnding: boolean;
}

/** A client that connects again when its connection is lost, the first attempt included. */
export class ReconnectingWebSocket {
  /** A message came. */
  onMessageReceived: Handler<[sender: ReconnectingWebSocket, e: MessageReceivedEventArgs]> | undefined;
  /** The connection was lost, or could not be made: the next attempt comes after a delay. `close` ends that. */
  onReconnecting: Handler<[sender: ReconnectingWebSocket, e: ReconnectingEventArgs]> | undefined;
  /** There is a connection again. Messages that were kept have been passed to it. */
  onReconnected: Handler<[sender: ReconnectingWebSocket]> | undefined;
  /** It is over and does not come back. Called once for each call of `connect`. */
  onConnectionClosed: Handler<[sender: ReconnectingWebSocket, e: ConnectionClosedEventArgs]> | undefined;
  /** After `send` returned false: it takes messages again. */
  onDrained: Handler<[sender: ReconnectingWebSocket]> | undefined;

  private readonly client: ClientWebSocket;
  private readonly backoff: DelaySource;
  private readonly settings: ReconnectingSettings;
  private readonly decide: (e: ConnectionClosedEventArgs) => boolean;
  private readonly unsent: UnsentMessages;
  /** The client's option of that name. */
  private readonly maxQueueBytes: number;
  private run: Run | undefined = undefined;
  private endState: WebSocketState = WebSocketState.None;

  /**
   * Makes a client, which connects from `connect` on.
   *
   * @throws OptionError where an option is out of its range
   */
  constructor(options: ReconnectingWebSocketOptions = {}) {
    checkOptions("ReconnectingWebSocket", options, "{ maxUnsentBytes: 4096 }, and connect() takes the URL");
    const { backoff = new Backoff(), maxAttempts, stableAfterMs, maxUnsentBytes, ...others } = options;
    const { shouldReconnect: decide = shouldReconnect, onReconnecting, onReconnected, ...rest } = others;
    const { onMessageReceived, onConnectionClosed, onDrained, ...clientOptions } = rest;
    checkDelaySource(backoff);
    const handlers = { onReconnecting, onReconnected, onMessageReceived, onConnectionClosed, onDrained };
    checkHandlers({ ...handlers, shouldReconnect: decide });
    this.settings = resolveOptions({ maxAttempts, stableAfterMs, maxUnsentBytes }, RECONNECTING_OPTIONS);
    this.backoff = backoff;
    this.decide = decide;
    this.unsent = new UnsentMessages(this.settings.maxUnsentBytes);
    this.onMessageReceived = onMessageReceived;
    this.onReconnecting = onReconnecting;
    this.onReconnected = onReconnected;
    this.onConnectionClosed = onConnectionClosed;
    this.onDrained = onDrained;
    this.client = new ClientWebSocket({
      ...clientOptions,
      onMessageReceived: (_client, e) => this.onMessageReceived?.(this, e),
      onConnectionClosed: (_client, e) => this.ended(e),
      onDrained: () => this.drained(),
    });
    this.maxQueueBytes = clientOptions.maxQueueBytes ?? CONNECTION_DEFAULTS.maxQueueBytes;
  }

  /** Connecting also while it waits for the next attempt; Closed or Aborted only when it does not come back. */
  get state(): WebSocketState {
    if (this.run === undefined) return this.endState;
    const { state } = this.client;
    return state === WebSocketState.Open || this.run.isEnding ? state : WebSocketState.Connecting;
  }

  /** The subprotocol that the server chose; undefined for none. */
  get subprotocol(): string | undefined {
    return this.client.subprotocol;
  }

  /** Bytes that wait to be sent: those that are kept, too. */
  get bufferedAmount(): number {
    return this.client.bufferedAmount + this.unsent.byteLength;
  }

  /**
   * Connects, and keeps connecting.
   *
   * @param uri ws://… or wss://…, or a function that gives it before each attempt
   * @param headers header fields to add to each request, or a function that gives them before each attempt
   * @returns resolves when it is connected for the first time, however many attempts that takes
   * @throws (rejects) the error of the last attempt where it gives up before, AbortedError after `close` or `abort`,
   *   InvalidStateError while it is in use
   */
  async connect(uri: Provider<string>, headers: Provider<HeadersInit> = []): Promise<void> {
    if (this.run !== undefined)
      throw new InvalidStateError(
        "The ReconnectingWebSocket is in use: close it, and connect again after onConnectionClosed.",
      );
    await new Promise<void>((resolve, reject) => {
      const first = { resolve, reject };
      this.run = { uri, headers, first, attempts: 0, timer: undefined, isEnding: false };
      this.endState = WebSocketState.Closed;
      void this.attempt(this.run);
    });
  }

  /**
   * Sends a message, or keeps it while there is no connection (`maxUnsentBytes`). A message that a connection has taken is lost
   * with it: where that matters, have each answered by the server.
   *
   * @param buffer the payload; it is copied
   * @param messageType Text or Binary; a Text message is to be UTF-8
   * @returns true; false where there is no room for it now: try again after `onDrained` or `onReconnected`
   * @throws InvalidStateError before `connect`, and after the end
   * @throws OptionError for a message that `maxQueueBytes` can never hold
   */
  send(buffer: BinaryData, messageType: WebSocketMessageType): boolean {
    if (this.run === undefined || this.run.isEnding)
      throw new InvalidStateError("The ReconnectingWebSocket is not in use: call connect() before you send.");
    const bytes = bytesOf(buffer);
    if (this.client.state === WebSocketState.Open && this.unsent.isEmpty) return this.client.send(bytes, messageType);
    // What no connection could take would be in the way of what comes behind it.
    costInQueue(bytes.length, this.client.maxFragmentSize, this.maxQueueBytes);
    return this.unsent.keep(bytes, messageType);
  }

  /**
   * Sends a text message. As {@link ReconnectingWebSocket.send}.
   *
   * @returns whether it was taken
   * @throws OptionError for anything but a string, and for one that `maxQueueBytes` can never hold; InvalidStateError before
   *   `connect`, and after the end
   */
  sendString(message: string): boolean {
    if (typeof message !== "string")
      throw new OptionError(
        `sendString() takes a string; it was given ${kindOf(message)}. JSON.stringify() makes a string of it.`,
      );
    return this.send(encodeUtf8(message), WebSocketMessageType.Text);
  }

  /**
   * Sends a binary message. As {@link ReconnectingWebSocket.send}.
   *
   * @returns whether it was taken
   * @throws OptionError for what has no bytes, and for more than `maxQueueBytes` can ever hold; InvalidStateError before
   *   `connect`, and after the end
   */
  sendBytes(data: BinaryData): boolean {
    return this.send(data, WebSocketMessageType.Binary);
  }

  /**
   * Closes the connection, or gives the attempt up, and does not come back. As `close` of a ClientWebSocket.
   *
   * @param closeStatus 1000 unless given
   * @param statusDescription at most 123 bytes as UTF-8
   * @throws OptionError where they cannot be sent
   */
  close(closeStatus?: WebSocketCloseStatus, statusDescription?: string): void {
    const { run } = this;
    if (run === undefined || run.isEnding) return;
    const { state } = this.client;
    if (state === WebSocketState.Open) this.client.close(closeStatus, statusDescription);
    this.leave(run, isStanding(state));
  }

  /** Ends at once, without a Close frame, and does not come back. `onConnectionClosed` is called before this returns. */
  abort(): void {
    const { run } = this;
    if (run === undefined) return;
    run.isEnding = true;
    this.endState = WebSocketState.Aborted;
    this.client.abort();
    this.leave(run, false);
  }

  /** Delivers no more messages until `resume`, or until there is a new connection. */
  pause(): void {
    this.client.pause();
  }

  /** Delivers messages again. */
  resume(): void {
    this.client.resume();
  }

  /** @param isClosing whether the connection's own end is still to come */
  private leave(run: Run, isClosing: boolean): void {
    // The handler of the end may have called connect() again: that is another run.
    if (this.run !== run) return;
    run.isEnding = true;
    this.stopTimer(run);
    if (isClosing) return;
    if (this.client.state === WebSocketState.Connecting) this.client.close();
    // While it waits there is no connection that could tell of its end.
    if (this.run === run) this.finish(run, { ...NO_CONNECTION, error: new AbortedError() });
  }

  private async attempt(run: Run): Promise<void> {
    run.timer = undefined;
    let hasBegun = false;
    try {
      const uri = typeof run.uri === "function" ? await run.uri() : run.uri;
      const headers = typeof run.headers === "function" ? await run.headers() : run.headers;
      if (this.run !== run || run.isEnding) return;
      hasBegun = true;
      await this.client.connect(uri, headers);
    } catch (error) {
      // Of all but the caller's mistakes, and what a provider throws, the client's onConnectionClosed has told.
      if (this.run === run && (!hasBegun || error instanceof OptionError))
        this.ended({ ...NO_CONNECTION, error: asWebSocketError(error) });
      return;
    }
    // XS takes a turn of its main loop for each step of a promise: the connection may be lost by now.
    if (this.run === run && isStanding(this.client.state)) this.opened(run);
  }

  private opened(run: Run): void {
    const { first } = run;
    run.timer = setTimer(() => {
      run.timer = undefined;
      run.attempts = 0;
      this.tell(() => this.backoff.reset());
    }, this.settings.stableAfterMs);
    this.passUnsent();
    run.first = undefined;
    if (first === undefined) this.tell(() => this.onReconnected?.(this));
    else first.resolve();
  }

  /** A connection is over, or could not be made. */
  private ended(closed: ConnectionClosedEventArgs): void {
    const { run } = this;
    if (run === undefined) return;
    this.stopTimer(run);
    const isLast = run.isEnding || (this.settings.maxAttempts > 0 && run.attempts >= this.settings.maxAttempts);
    if (isLast || !this.isWorthAnother(closed)) return this.finish(run, closed);
    const attempt = ++run.attempts;
    const delayMs = delayOf(this.backoff);
    run.timer = setTimer(() => void this.attempt(run), delayMs);
    this.tell(() => this.onReconnecting?.(this, { attempt, delayMs, closed }));
  }

  private isWorthAnother(closed: ConnectionClosedEventArgs): boolean {
    try {
      return this.decide(closed);
    } catch (cause) {
      log("shouldReconnect threw; the rule that holds without it is applied.", cause);
      return shouldReconnect(closed);
    }
  }

  private finish(run: Run, closed: ConnectionClosedEventArgs): void {
    this.run = undefined;
    this.unsent.clear();
    tellClosed(() => this.onConnectionClosed?.(this, closed));
    run.first?.reject(closed.error ?? new AbortedError());
  }

  private drained(): void {
    this.passUnsent();
    if (this.unsent.isEmpty) this.tell(() => this.onDrained?.(this));
  }

  private passUnsent(): void {
    this.unsent.pass((payload, type) => this.client.state === WebSocketState.Open && this.client.send(payload, type));
  }

  /** Calls a handler. Its failure is logged: it is none of the connection. */
  private tell(handler: () => unknown): void {
    try {
      logRejection(HANDLER_FAILED, handler());
    } catch (cause) {
      log(HANDLER_FAILED, cause);
    }
  }

  private stopTimer(run: Run): void {
    clearTimer(run.timer);
    run.timer = undefined;
  }
}

/** How something ends that was no connection. */
const NO_CONNECTION = Object.freeze({
  closeStatus: WebSocketCloseStatus.ClosedAbnormally,
  closeStatusDescription: "",
  wasClean: false,
});

/** Whether there is a connection, open or closing. */
function isStanding(state: WebSocketState): boolean {
  return state >= WebSocketState.Open && state <= WebSocketState.CloseReceived;
}

const HANDLER_FAILED = "A handler of a ReconnectingWebSocket threw.";

function asWebSocketError(error: unknown): WebSocketError {
  if (error instanceof WebSocketError) return error;
  return new NetworkError("What is given before each attempt, URI or headers, could not be had.", { cause: error });
}
