/** What client and server connections have in common (.NET nanoFramework `WebSocket`). */

// For `using`, also in the project of whoever reads the declarations of this module.
/// <reference lib="esnext.disposable" preserve="true" />

import { encodeUtf8, now } from "#platform";
import type { Handler } from "../common/handlers.js";
import {
  FragmentationType,
  Opcode,
  WebSocketCloseStatus,
  WebSocketMessageType,
  WebSocketState,
} from "../common/constants.js";
import { notOpen, OptionError, type WebSocketError } from "../common/errors.js";
import type { ConnectionSettings } from "../common/options.js";
import { formatEndPoint, kindOf } from "../common/text.js";
import { ENDED_WITHOUT_CLOSE, type CloseOutcome } from "../protocol/closing.js";
import type { Protocol } from "../protocol/protocol.js";

export type { Handler } from "../common/handlers.js";

/** What `onMessageReceived` is told. */
export interface MessageReceivedEventArgs {
  /** The message, or with `deliverFragments` a fragment of one. */
  readonly frame: MessageReceivedFrame;
  /** The connection it came on: answer with its `sendString` or `sendBytes`. */
  readonly webSocket: WebSocket;
}

/** A received message, or fragment of one (.NET nanoFramework `ReceiveMessageFrame`). It is its event's arguments, too. */
export class MessageReceivedFrame implements MessageReceivedEventArgs {
  // Declared, not defined: a field that is defined before the constructor sets it takes XS twice the time.
  /** The connection it came on. */
  declare readonly webSocket: WebSocket;
  /** Which part of its message it is; NotFragmented for a whole message, however many frames it came in. */
  declare readonly fragmentation: FragmentationType;
  declare private readonly payload: Uint8Array | string;
  declare private textBytes?: Uint8Array;

  /**
   * Made by the library for each message.
   *
   * @param webSocket whose message it is
   * @param payload the text, or the bytes
   * @param fragmentation what part of a message it is
   * @param textBytes the bytes of a text, where they are known
   */
  constructor(
    webSocket: WebSocket,
    payload: Uint8Array | string,
    fragmentation: FragmentationType,
    textBytes?: Uint8Array,
  ) {
    this.webSocket = webSocket;
    this.payload = payload;
    this.fragmentation = fragmentation;
    if (textBytes !== undefined) this.textBytes = textBytes;
  }

  /** The message itself. */
  get frame(): this {
    return this;
  }

  /** Text or Binary. */
  get messageType(): WebSocketMessageType {
    return typeof this.payload === "string" ? WebSocketMessageType.Text : WebSocketMessageType.Binary;
  }

  /** The payload as bytes: the receiver's own. That of a whole text is made of `text` when it is first asked for. */
  get buffer(): Uint8Array {
    const { payload } = this;
    if (typeof payload !== "string") return payload;
    // Copied, because a host may encode into a buffer that others share.
    return (this.textBytes ??= new Uint8Array(encodeUtf8(payload)));
  }

  /** The payload of a text message. "" for a binary one. Of a fragment: the characters that are complete by its end. */
  get text(): string {
    return typeof this.payload === "string" ? this.payload : "";
  }

  /** Bytes of the payload. */
  get messageLength(): number {
    return this.buffer.length;
  }

  /** Whether it is a fragment: only with the option `deliverFragments`. */
  get isFragmented(): boolean {
    return this.fragmentation !== FragmentationType.NotFragmented;
  }

  /** The sender, as "address:port". */
  get endPoint(): string {
    return this.webSocket.remoteEndPoint;
  }
}

/** What `onConnectionClosed` is told. */
export interface ConnectionClosedEventArgs {
  /** The peer's status, that of the failure, or 1005 (none was given) or 1006 (no Close frame came). */
  readonly closeStatus: WebSocketCloseStatus;
  /** The reason that goes with it; "" where there is none. */
  readonly closeStatusDescription: string;
  /** Whether both sides sent a Close frame. */
  readonly wasClean: boolean;
  /** What went wrong; undefined where nothing did. */
  readonly error: WebSocketError | undefined;
}

/**
 * A WebSocket connection of either role. Its handlers may be async: the rejection of a promise is what an exception is.
 * Messages do not wait for the handlers of those before them.
 */
export abstract class WebSocket {
  /** A message came, or with `deliverFragments` a fragment. An exception closes the connection with 1011. */
  declare onMessageReceived?: Handler<[sender: WebSocket, e: MessageReceivedEventArgs]> | undefined;
  /** The connection is over. Called once for each connection. An exception is logged. */
  declare onConnectionClosed?: Handler<[sender: WebSocket, e: ConnectionClosedEventArgs]> | undefined;
  /** After the queue was filled: all of it has left, `send` takes messages again. An exception closes with 1011. */
  declare onDrained?: Handler<[sender: WebSocket]> | undefined;
  /** A Ping came, which is answered by itself; `payload` is valid during the call. An exception closes with 1011. */
  declare onPingReceived?: Handler<[sender: WebSocket, payload: Uint8Array]> | undefined;
  /** A Pong came; `payload` is valid during the call. An exception closes with 1011. */
  declare onPongReceived?: Handler<[sender: WebSocket, payload: Uint8Array]> | undefined;

  /** What the opening handshake has led to. */
  protected protocol: Protocol | undefined = undefined;

  protected abstract get settings(): ConnectionSettings;

  /** Whether this is the server's side of the connection. */
  abstract get isServer(): boolean;

  /** The state of the connection. */
  get state(): WebSocketState {
    return this.protocol?.state ?? WebSocketState.None;
  }

  /** The peer, as "address:port"; "" before there is one. */
  get remoteEndPoint(): string {
    if (this.protocol === undefined) return "";
    const { remoteAddress, remotePort } = this.protocol.transport;
    return formatEndPoint(remoteAddress, remotePort);
  }

  /** Milliseconds without a byte from the peer after which it is sent a Ping; 0: never. */
  get keepAliveInterval(): number {
    return this.settings.keepAliveInterval;
  }

  /** Milliseconds the peer may take to answer a Ping; 0: for ever. */
  get serverTimeout(): number {
    return this.settings.serverTimeout;
  }

  /** Largest payload of a received frame, in bytes. */
  get maxReceiveFrameSize(): number {
    return this.settings.maxReceiveFrameSize || this.settings.maxMessageBytes;
  }

  /** Largest payload of a sent frame, in bytes; 0: messages are never fragmented. */
  get maxFragmentSize(): number {
    return this.settings.maxFragmentSize;
  }

  /** Why the connection was closed, as a close status (RFC 6455, 7.4); undefined while it is not. */
  get closeStatus(): WebSocketCloseStatus | undefined {
    return this.isClosed ? this.outcome.status : undefined;
  }

  /** The reason that goes with `closeStatus`; undefined while the connection is not closed. */
  get closeStatusDescription(): string | undefined {
    return this.isClosed ? this.outcome.description : undefined;
  }

  /** Bytes that wait to be sent, frame headers included. */
  get bufferedAmount(): number {
    return this.protocol?.bufferedAmount ?? 0;
  }

  /** @internal Whether frames wait: `onDrained` will be called. */
  get isBusy(): boolean {
    return this.protocol?.isBusy ?? false;
  }

  /** @internal Bytes of the longest message that `send` takes now; 0 unless the state is Open. */
  get room(): number {
    return this.state === WebSocketState.Open ? (this.protocol?.room ?? 0) : 0;
  }

  /**
   * Sends a message.
   *
   * @param buffer the payload; it is copied. A Text message is to be UTF-8
   * @param messageType Text or Binary
   * @param fragmentSize largest payload of a frame in bytes, instead of `maxFragmentSize`; 0: never fragmented
   * @returns true; false where the queue has no room for it now: nothing was sent, try again after `onDrained`
   * @throws InvalidStateError unless the state is Open
   * @throws OptionError for a message that `maxQueueBytes` can never hold
   */
  send(buffer: BinaryData, messageType: WebSocketMessageType, fragmentSize?: number): boolean {
    return this.sendPayload(opcodeOf(messageType), bytesOf(buffer), fragmentSize);
  }

  /**
   * Sends a text message. As {@link WebSocket.send}; a lone surrogate is sent as U+FFFD.
   *
   * @param message the text
   * @param fragmentSize largest payload of a frame in bytes, instead of `maxFragmentSize`; 0: never fragmented
   * @returns true; false where the queue has no room for it now
   * @throws InvalidStateError unless the state is Open; OptionError for anything but a string, and for one that
   *   `maxQueueBytes` can never hold
   */
  sendString(message: string, fragmentSize?: number): boolean {
    if (typeof message !== "string")
      throw new OptionError(
        `sendString() takes a string; it was given ${kindOf(message)}. JSON.stringify() makes a string of it.`,
      );
    if (fragmentSize !== undefined) checkFragmentSize(fragmentSize);
    const { protocol } = this;
    if (protocol === undefined) throw notOpen();
    return protocol.send(Opcode.Text, message, fragmentSize, now());
  }

  /**
   * Sends a binary message. As {@link WebSocket.send}.
   *
   * @param data the bytes; they are copied
   * @param fragmentSize largest payload of a frame in bytes, instead of `maxFragmentSize`; 0: never fragmented
   * @returns true; false where the queue has no room for it now
   * @throws InvalidStateError unless the state is Open; OptionError for what has no bytes, and for more than `maxQueueBytes`
   *   can ever hold
   */
  sendBytes(data: BinaryData, fragmentSize?: number): boolean {
    // What most are, found in less than half the time that `instanceof` takes XS.
    const isUsual = (data as BinaryData | undefined)?.constructor === Uint8Array;
    const bytes = isUsual ? (data as Uint8Array) : bytesOf(data);
    if (fragmentSize !== undefined) checkFragmentSize(fragmentSize);
    const { protocol } = this;
    if (protocol === undefined) throw notOpen();
    return protocol.send(Opcode.Binary, bytes, fragmentSize, now());
  }

  /**
   * Sends a Ping; `onPongReceived` tells of the answer.
   *
   * @param payload at most 125 bytes
   * @throws InvalidStateError unless the state is Open; OptionError for a payload that is too long, or has no bytes
   */
  ping(payload: Uint8Array = new Uint8Array(0)): void {
    const { protocol } = this;
    if (protocol === undefined) throw notOpen();
    protocol.ping(bytesOf(payload), now());
  }

  /**
   * Starts the closing handshake (RFC 6455, 7.1.2). Messages that wait are sent before. Ends within `closeTimeoutMs`,
   * with `onConnectionClosed`. Does nothing unless the state is Open.
   *
   * @param closeStatus 1000 unless given; 1005 (Empty) sends none
   * @param statusDescription at most 123 bytes as UTF-8
   * @throws OptionError where they cannot be sent
   */
  close(closeStatus: WebSocketCloseStatus = WebSocketCloseStatus.NormalClosure, statusDescription = ""): void {
    if (this.state !== WebSocketState.Open) return;
    this.protocol?.close(closeStatus, statusDescription, now());
    this.resume();
  }

  /**
   * Delivers no more messages until `resume`. What the peer sends stays in the network, which slows it down. Its Pings
   * and its end are not noticed meanwhile, and it is not given up for its silence. `close` resumes. Does nothing unless the
   * state is Open.
   */
  pause(): void {
    this.protocol?.pause();
  }

  /** Delivers messages again. */
  resume(): void {
    this.protocol?.resume(now());
  }

  /** Whether messages wait for `resume`. */
  get isPaused(): boolean {
    return this.protocol?.isPaused ?? false;
  }

  /** Ends the connection at once, without a Close frame. `onConnectionClosed` is called before this returns. */
  abort(): void {
    this.protocol?.abort(now());
  }

  /** Frees everything. As {@link WebSocket.abort}. */
  dispose(): void {
    this.abort();
  }

  /** For `using`. As `dispose`. */
  [Symbol.dispose](): void {
    this.dispose();
  }

  private get outcome(): CloseOutcome {
    return this.protocol?.outcome ?? ENDED_WITHOUT_CLOSE;
  }

  /** Whether the connection is over. */
  protected get isClosed(): boolean {
    return this.state === WebSocketState.Closed || this.state === WebSocketState.Aborted;
  }

  private sendPayload(opcode: Opcode, payload: Uint8Array | string, fragmentSize?: number): boolean {
    if (fragmentSize !== undefined) checkFragmentSize(fragmentSize);
    const { protocol } = this;
    if (protocol === undefined) throw notOpen();
    return protocol.send(opcode, payload, fragmentSize, now());
  }
}

/** @throws OptionError for what is no type of a message */
function opcodeOf(messageType: number): Opcode {
  if (messageType === WebSocketMessageType.Binary) return Opcode.Binary;
  if (messageType === WebSocketMessageType.Text) return Opcode.Text;
  throw new OptionError(
    `messageType must be WebSocketMessageType.Text or WebSocketMessageType.Binary; it is ${String(messageType)}.`,
  );
}

/** What is sent as bytes: of a view those that it shows. */
export type BinaryData = ArrayBuffer | ArrayBufferView;

/** @param hint what to do with a text. @throws OptionError for anything else, such as a string */
export function bytesOf(data: BinaryData, hint = "For texts there is sendString()."): Uint8Array {
  if (data instanceof Uint8Array) return data;
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  if (data instanceof ArrayBuffer) return new Uint8Array(data);
  throw new OptionError(`Bytes are a Uint8Array, another view or an ArrayBuffer; this is ${kindOf(data)}. ${hint}`);
}

/** @throws OptionError unless it is a size in bytes, or 0 */
export function checkFragmentSize(fragmentSize: number): void {
  if (!(fragmentSize >= 0) || Math.floor(fragmentSize) !== fragmentSize)
    throw new OptionError(
      `fragmentSize must be a whole number of bytes, or 0 for no fragments; it is ${fragmentSize}.`,
    );
}
