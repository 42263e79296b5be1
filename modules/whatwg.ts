/** The browser's `WebSocket` (WHATWG WebSockets Standard), for whoever knows it, and for libraries written for it. */

import {
  CloseEvent,
  defaultMaxBytes,
  DOMException,
  Event,
  EventTarget,
  hasBlobs,
  MessageEvent,
  setGlobal,
  toBlob,
  type DomCloseEvent,
  type DomEvent,
  type DomMessageEvent,
} from "#dom";
import { setTimer } from "#platform";
import { ClientWebSocket, ClientWebSocketHeaders, WebSocketCloseStatus } from "./client.js";
import { HandshakeError, NetworkError, WebSocketError, WebSocketMessageType, WebSocketState } from "./client.js";
import type { ClientWebSocketOptions, ConnectionClosedEventArgs, HeadersInit, MessageReceivedFrame } from "./client.js";
import { readCloseCode, readCloseReason, readProtocols, readUrl, type Target } from "./whatwg/arguments.js";
import { EventHandlers, type EventHandler } from "./whatwg/eventhandlers.js";
import { OutgoingQueue, toMessage } from "./whatwg/outgoing.js";

export { CloseEvent, DOMException, Event, EventTarget, MessageEvent } from "#dom";
export type {
  DomAbortSignal,
  DomCloseEvent,
  DomCloseEventInit,
  DomEvent,
  DomEventInit,
  DomEventListener,
  DomEventTarget,
  DomListenerOptions,
  DomMessageEvent,
} from "#dom";
export type { EventHandler } from "./whatwg/eventhandlers.js";

/**
 * The third argument of the constructor, which browsers do not have: header fields, certificates and limits, as those of a
 * {@link ClientWebSocket}. `maxMessageBytes` and `maxQueueBytes` are 16,384 and 20,480 on XS unless given, and 64 MiB on
 * Node.js.
 */
export interface WebSocketInit extends Omit<
  ClientWebSocketOptions,
  "onMessageReceived" | "onConnectionClosed" | "onDrained" | "subprotocols" | "deliverFragments"
> {
  /** Header fields to add to the request. */
  readonly headers?: HeadersInit;
}

/** How the payload of a binary message is given. */
export type BinaryType = "blob" | "arraybuffer";

/** The event `error`, with what went wrong, which browsers do not tell. */
export class ErrorEvent extends Event {
  /** What went wrong; its `code` tells of which kind it is. */
  readonly error: WebSocketError;
  /** The message of `error`. */
  readonly message: string;

  /**
   * Makes the event.
   *
   * @param type its name, "error"
   * @param init `error`: what went wrong
   */
  constructor(type: string, init: { readonly error: WebSocketError }) {
    super(type);
    this.error = init.error;
    this.message = init.error.message;
  }
}

/** A WebSocket as in a browser (WebSockets Standard, 3). */
export class WebSocket extends EventTarget {
  /** 0: the connection is not open yet. */
  declare static readonly CONNECTING: 0;
  /** 1: messages can be sent. */
  declare static readonly OPEN: 1;
  /** 2: the closing handshake has begun. */
  declare static readonly CLOSING: 2;
  /** 3: the connection is over, or could not be made. */
  declare static readonly CLOSED: 3;
  /** 0: the connection is not open yet. */
  declare readonly CONNECTING: 0;
  /** 1: messages can be sent. */
  declare readonly OPEN: 1;
  /** 2: the closing handshake has begun. */
  declare readonly CLOSING: 2;
  /** 3: the connection is over, or could not be made. */
  declare readonly CLOSED: 3;

  readonly #client: ClientWebSocket;
  readonly #target: Target;
  readonly #hasProtocols: boolean;
  readonly #handlers = new EventHandlers(this);
  readonly #outgoing = new OutgoingQueue((type, payload) => this.#transmit(type, payload));
  #binaryType: BinaryType = hasBlobs ? "blob" : "arraybuffer";
  #readyState: 0 | 1 | 2 | 3 = 0;
  /** Bytes of payload that are on their way, and are not known to have left. */
  #unsent = 0;
  /** Bytes of payload that were given to `send` after the end. */
  #discarded = 0;
  /** Whether `#unsent` was changed in this turn: it is not to shrink before the next. */
  #isUnsentFresh = false;
  #failure: WebSocketError | undefined = undefined;

  /**
   * Connects.
   *
   * @param url an absolute URL of the scheme ws, wss, http or https, without a fragment
   * @param protocols the subprotocols that are offered, the most wanted first
   * @param init what browsers do not have: header fields, certificates, limits
   * @throws DOMException ("SyntaxError") for a URL or a subprotocol that is not valid; OptionError for an option that is not
   */
  constructor(
    url: string | { toString(): string },
    protocols: string | Iterable<string> = [],
    init: WebSocketInit = {},
  ) {
    super();
    this.#target = readUrl(String(url));
    const subprotocols = readProtocols(protocols);
    this.#hasProtocols = subprotocols.length > 0;
    const { headers, ...options } = init;
    const fields = new ClientWebSocketHeaders(headers ?? []);
    const { authorization } = this.#target;
    if (authorization !== undefined && fields.get("Authorization") === undefined)
      fields.set("Authorization", authorization);
    this.#client = new ClientWebSocket({
      maxMessageBytes: defaultMaxBytes,
      maxQueueBytes: Math.max(defaultMaxBytes, 20_480),
      ...options,
      subprotocols,
      onMessageReceived: (_client, { frame }) => this.#messageReceived(frame),
      onConnectionClosed: (_client, e) => this.#connectionClosed(e),
    });
    void this.#connect(fields);
  }

  /** The URL that it connects to. */
  get url(): string {
    return this.#target.url;
  }

  /** CONNECTING (0), OPEN (1), CLOSING (2) or CLOSED (3). */
  get readyState(): 0 | 1 | 2 | 3 {
    if (this.#readyState === 1 && this.#client.state !== WebSocketState.Open) return 2;
    return this.#readyState;
  }

  /** Bytes of payload that wait to be sent; those that were sent after the end stay. */
  get bufferedAmount(): number {
    if (!this.#isUnsentFresh) this.#unsent = Math.min(this.#unsent, this.#client.bufferedAmount);
    return this.#unsent + this.#discarded;
  }

  /** The extensions in use, with their parameters; "" for none. */
  get extensions(): string {
    return this.#client.extensions;
  }

  /** The subprotocol that the server chose; "" for none. */
  get protocol(): string {
    return this.#client.subprotocol ?? "";
  }

  /** What `data` of a binary message is: "blob", which XS does not have, or "arraybuffer". Other values change nothing. */
  get binaryType(): BinaryType {
    return this.#binaryType;
  }

  set binaryType(value: BinaryType) {
    const known: readonly string[] = hasBlobs ? ["blob", "arraybuffer"] : ["arraybuffer"];
    if (known.includes(value)) this.#binaryType = value;
  }

  /** Called when the connection is open. */
  get onopen(): EventHandler<DomEvent> {
    return this.#handlers.get("open");
  }

  set onopen(handler: EventHandler<DomEvent>) {
    this.#handlers.set("open", handler);
  }

  /** Called for each message; `data` is a string, an ArrayBuffer or a Blob (`binaryType`). */
  get onmessage(): EventHandler<DomMessageEvent> {
    return this.#handlers.get("message");
  }

  set onmessage(handler: EventHandler<DomMessageEvent>) {
    this.#handlers.set("message", handler);
  }

  /** Called before `onclose` where something went wrong; `error` tells what, which browsers do not. */
  get onerror(): EventHandler<ErrorEvent> {
    return this.#handlers.get("error");
  }

  set onerror(handler: EventHandler<ErrorEvent>) {
    this.#handlers.set("error", handler);
  }

  /** Called once, when the connection is over: `code`, `reason` and `wasClean` tell how. */
  get onclose(): EventHandler<DomCloseEvent> {
    return this.#handlers.get("close");
  }

  set onclose(handler: EventHandler<DomCloseEvent>) {
    this.#handlers.set("close", handler);
  }

  /**
   * Sends a message: bytes and Blobs as binary, anything else as text. A message that `maxQueueBytes` has no room for ends the
   * connection, as the standard wants it; after the end, nothing is sent.
   *
   * @throws DOMException ("InvalidStateError") while it is connecting; TypeError without a message
   */
  send(data: string | ArrayBuffer | ArrayBufferView | object): void {
    if (arguments.length === 0) throw new TypeError("send takes a message: it was given nothing.");
    if (this.#readyState === 0)
      throw new DOMException("The WebSocket is connecting: send after the event open.", "InvalidStateError");
    const message = toMessage(data);
    if (this.readyState !== 1) {
      this.#discarded += message.size;
      return;
    }
    this.#unsent += message.size;
    this.#keepUnsentForThisTurn();
    this.#outgoing.send(message);
  }

  /**
   * Starts the closing handshake; messages that wait are sent before. The event `close` tells of its end.
   *
   * @param code 1000, or 3000 to 4999; left out: none is sent
   * @param reason at most 123 bytes as UTF-8
   * @throws DOMException ("InvalidAccessError" for the code, "SyntaxError" for the reason)
   */
  close(code?: number, reason?: string): void {
    const status = code === undefined ? undefined : readCloseCode(code);
    const description = reason === undefined ? "" : readCloseReason(reason);
    if (this.#readyState >= 2) return;
    const wasConnecting = this.#readyState === 0;
    this.#readyState = 2;
    // WebSockets Standard, 3.1: what comes of it is told in a task of its own.
    if (wasConnecting) return void setTimer(() => this.#client.close(), 0);
    const sent = status ?? (description === "" ? WebSocketCloseStatus.Empty : WebSocketCloseStatus.NormalClosure);
    this.#outgoing.afterAll(() => this.#client.close(sent, description));
  }

  async #connect(headers: ClientWebSocketHeaders): Promise<void> {
    try {
      await this.#client.connect(this.#target.uri, headers);
      if (this.#readyState !== 0) return;
      // WebSockets Standard, 2.2: unlike RFC 6455, it wants one of the subprotocols to be chosen where any were offered.
      if (this.#hasProtocols && this.#client.subprotocol === undefined) {
        this.#fail(noSubprotocol());
        return;
      }
      this.#readyState = 1;
      this.#dispatch(new Event("open"));
    } catch (error) {
      // Of all but the caller's mistakes #connectionClosed was told before.
      if (this.#client.state === WebSocketState.None) this.#end(1_006, "", false, asWebSocketError(error));
    }
  }

  #messageReceived(frame: MessageReceivedFrame): void {
    // WebSockets Standard, 5: what comes while it is closing is not told.
    if (this.readyState !== 1) return;
    const data = frame.messageType === WebSocketMessageType.Text ? frame.text : this.#binaryData(frame.buffer);
    this.#dispatch(new MessageEvent("message", { data, origin: this.#target.origin }));
  }

  #binaryData(bytes: Uint8Array): unknown {
    if (this.#binaryType === "blob") return toBlob(bytes);
    const { byteOffset, byteLength } = bytes;
    const buffer = bytes.buffer as ArrayBuffer;
    return byteLength === buffer.byteLength ? buffer : buffer.slice(byteOffset, byteOffset + byteLength);
  }

  #connectionClosed({ closeStatus, closeStatusDescription, wasClean, error }: ConnectionClosedEventArgs): void {
    const failure = this.#failure ?? error;
    // In a turn of its own: it may come from within the constructor or `close`.
    setTimer(() => {
      // WebSockets Standard, 5: the code is that of the peer's Close frame, and 1006 where none came.
      if (wasClean) this.#end(closeStatus, closeStatusDescription, true, failure);
      else this.#end(1_006, "", false, failure);
    }, 0);
    if (this.#readyState < 2) this.#readyState = 2;
  }

  #fail(error: WebSocketError): void {
    this.#failure = error;
    this.#client.abort();
  }

  #end(code: number, reason: string, wasClean: boolean, error: WebSocketError | undefined): void {
    if (this.#readyState === 3) return;
    this.#readyState = 3;
    if (error !== undefined) this.#dispatch(new ErrorEvent("error", { error }));
    this.#dispatch(new CloseEvent("close", { code, reason, wasClean }));
  }

  #transmit(type: WebSocketMessageType, payload: Uint8Array): void {
    if (this.#client.state !== WebSocketState.Open) return;
    try {
      if (this.#client.send(payload, type)) return;
      this.#failure = new NetworkError(`The queue is full (maxQueueBytes): ${payload.length} bytes found no room.`);
    } catch (error) {
      this.#failure = asWebSocketError(error);
    }
    // WebSockets Standard, 3.1, `send`: a message that finds no room flags the WebSocket as full and closes the connection.
    this.#readyState = 2;
    setTimer(() => this.#client.abort(), 0);
  }

  /** WebSockets Standard, 3.1: `bufferedAmount` counts all that was sent in this task, whatever the network has taken. */
  #keepUnsentForThisTurn(): void {
    if (this.#isUnsentFresh) return;
    this.#isUnsentFresh = true;
    setTimer(() => (this.#isUnsentFresh = false), 0);
  }

  #dispatch(event: DomEvent): void {
    this.dispatchEvent(event);
  }
}

const READY_STATES = Object.freeze({ CONNECTING: 0, OPEN: 1, CLOSING: 2, CLOSED: 3 } as const);

for (const [name, value] of Object.entries(READY_STATES)) {
  // Web IDL, 3.7.3: constants are of the class and of its prototype.
  Object.defineProperty(WebSocket, name, { value, enumerable: true });
  Object.defineProperty(WebSocket.prototype, name, { value, enumerable: true });
}
Object.defineProperty(WebSocket.prototype, Symbol.toStringTag, { value: "WebSocket", configurable: true });

/**
 * A class of WebSockets that have other defaults: for libraries that make their WebSockets themselves.
 *
 * @param defaults what each WebSocket has unless its third argument says otherwise
 * @returns the class
 */
export function webSocketClass(defaults: WebSocketInit): typeof WebSocket {
  return class extends WebSocket {
    constructor(url: string | { toString(): string }, protocols?: string | Iterable<string>, init: WebSocketInit = {}) {
      super(url, protocols, { ...defaults, ...init });
    }
  };
}

/**
 * Makes the class, and those of its events that are missing, global, as in a browser.
 *
 * @param defaults as for {@link webSocketClass}
 */
export function install(defaults?: WebSocketInit): void {
  setGlobal("WebSocket", defaults === undefined ? WebSocket : webSocketClass(defaults), "always");
  for (const [name, value] of Object.entries({ Event, EventTarget, MessageEvent, CloseEvent, DOMException }))
    setGlobal(name, value, "missing");
}

function noSubprotocol(): WebSocketError {
  return new HandshakeError(
    101,
    "The server chose none of the subprotocols that were offered: leave them out, or name its own.",
  );
}

function asWebSocketError(error: unknown): WebSocketError {
  return error instanceof WebSocketError ? error : new NetworkError("The WebSocket failed.", { cause: error });
}
