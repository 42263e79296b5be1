/**
 * The WebSocket client of ECMA-419 (`embedded:network/websocket/client` of the SDK), over a ClientWebSocket: a program for it
 * goes on with another import.
 */

import { clearTimer, log, setTimer, type TimerHandle } from "#platform";
import {
  ClientWebSocket,
  InvalidStateError,
  OptionError,
  WebSocketCloseStatus,
  WebSocketMessageType,
  WebSocketState,
  type BinaryData,
  type ClientWebSocketOptions,
  type ConnectionClosedEventArgs,
  type HeadersInit,
  type MessageReceivedFrame,
} from "../client.js";
import { FragmentationType, Opcode } from "../common/constants.js";
import { tellClosed } from "../common/handlers.js";
import { checkCount, checkFormat } from "../common/io.js";
import { checkHandlers, checkOptions } from "../common/options.js";
import { encodeCloseBody, parseCloseBody } from "../protocol/closing.js";
import { bytesOf } from "../websocket/websocket.js";
import { readTarget, type SecureOptions, type Target, type TargetOptions } from "./target.js";

export type { SecureOptions, TargetOptions } from "./target.js";

/** What `onReadable` is told of the bytes. */
export interface ReadableOptions {
  /** Whether more of the same message follows. */
  readonly more: boolean;
  /** False: it is a text. */
  readonly binary: boolean;
}

/** What `write` is told of the bytes. */
export interface WriteOptions {
  /** False: a text; true unless given. The first piece of a message says it for all. */
  readonly binary?: boolean;
  /** More of the same message follows. */
  readonly more?: boolean;
  /** The opcode of what is sent: `WebSocketClient.text`, `.binary`, `.ping` or `.close`. */
  readonly opcode?: number;
}

/** Options of a {@link WebSocketClient}: those of ECMA-419, and those of a `ClientWebSocket`. */
export interface WebSocketClientOptions
  extends
    TargetOptions,
    Omit<ClientWebSocketOptions, "onMessageReceived" | "onConnectionClosed" | "onDrained" | "deliverFragments"> {
  /** The subprotocol that is offered. */
  readonly protocol?: string;
  /** Header fields of the request. */
  readonly headers?: HeadersInit;
  /** How `read` gives bytes: several at a time, or each as a number. */
  readonly format?: "buffer" | "number";
  /** Becomes `target`. */
  readonly target?: unknown;
  /** TLS where it has `secure`. The class in it, and `dns`, are not used: names are looked up by the library. */
  readonly socket?: { readonly io?: unknown; readonly secure?: SecureOptions };
  /** Not used: names are looked up by the library. */
  readonly dns?: unknown;
  /** Not used, as `dns`. */
  readonly io?: unknown;
  /** Bytes of a message came: `count` can be read. What comes next waits until they are. */
  readonly onReadable?: (this: WebSocketClient, count: number, options: ReadableOptions) => void;
  /** The connection stands, or there is room again: `count` bytes can be written. */
  readonly onWritable?: (this: WebSocketClient, count: number) => void;
  /** A control frame came. Pings and Close frames are answered by the library. */
  readonly onControl?: (this: WebSocketClient, opcode: number, data: ArrayBufferLike) => void;
  /** The connection was closed, by both sides. */
  readonly onClose?: (this: WebSocketClient) => void;
  /** The connection could not be made, or has ended without being closed. */
  readonly onError?: (this: WebSocketClient, error?: Error) => void;
}

/** Never written to, so it may be shared. */
const NO_BYTES = new Uint8Array(0);

/** A client. It connects when it is made, and is used once. */
export class WebSocketClient {
  /** The opcode of a text (RFC 6455, 5.2). */
  static readonly text = Opcode.Text;
  /** The opcode of a binary message. */
  static readonly binary = Opcode.Binary;
  /** The opcode of a Close. */
  static readonly close = Opcode.Close;
  /** The opcode of a Ping. */
  static readonly ping = Opcode.Ping;
  /** The opcode of a Pong. */
  static readonly pong = Opcode.Pong;

  /** What the option `target` was given. */
  readonly target: unknown;
  private currentFormat: "buffer" | "number";
  private readonly client: ClientWebSocket;
  private readonly handlers: Pick<
    WebSocketClientOptions,
    "onReadable" | "onWritable" | "onControl" | "onClose" | "onError"
  >;
  /** What can be read. */
  private unread: Uint8Array = NO_BYTES;
  /** What was written of a message that is not whole. */
  private written: Uint8Array | undefined = undefined;
  /** What it is. */
  private isText = false;
  private timer: TimerHandle | undefined = undefined;
  private isClosed = false;

  /**
   * Connects.
   *
   * @throws OptionError where an option is missing or wrong
   */
  constructor(options: WebSocketClientOptions) {
    checkOptions("WebSocketClient", options, '{ host: "server.example" }');
    const { host, address, port, path, protocol, headers = [], format = "buffer", target, ...rest } = options;
    const { socket, dns, io, onReadable, onWritable, onControl, onClose, onError, ...others } = rest;
    if ("attach" in others)
      throw new OptionError(
        "attach is not taken: a server's connections come by addWebSocket() of xs-websockets/moddable.",
      );
    this.handlers = { onReadable, onWritable, onControl, onClose, onError } as typeof this.handlers;
    checkHandlers({ ...this.handlers, io });
    if (typeof dns !== "object" && dns !== undefined) throw new OptionError("dns is an object; its class is not used.");
    this.target = target;
    this.currentFormat = checkFormat(format);
    const where = readTarget({ host, address, port, path }, socket?.secure, headers);
    const subprotocols = protocol === undefined ? [] : [protocol];
    this.client = new ClientWebSocket({ ...where.options, subprotocols, ...others, deliverFragments: true });
    this.client.onMessageReceived = (_client, { frame }) => this.received(frame);
    this.client.onConnectionClosed = (_client, e) => this.ended(e);
    this.client.onDrained = () => this.tellWritable();
    this.client.onPingReceived = (_client, payload) => this.control(Opcode.Ping, payload);
    this.client.onPongReceived = (_client, payload) => this.control(Opcode.Pong, payload);
    void this.open(where);
  }

  /** How `read` gives bytes: several at a time, or each as a number. */
  get format(): "buffer" | "number" {
    return this.currentFormat;
  }

  /** @throws OptionError for anything but "buffer" and "number" */
  set format(format: "buffer" | "number") {
    this.currentFormat = checkFormat(format);
  }

  /**
   * Reads of the bytes that `onReadable` told of; undefined where there are none.
   *
   * @param target how many, at most, or a buffer to read into; left out: all
   * @returns an ArrayBuffer, for a buffer how many bytes, in the format "number" one byte
   * @throws OptionError unless the count is a positive integer, or it is a buffer
   */
  read(target?: number | BinaryData): ArrayBufferLike | number | undefined {
    const { unread } = this;
    if (unread.length === 0) return undefined;
    if (this.currentFormat === "number") return this.take(1)[0];
    if (typeof target !== "object") return this.take(checkCount(target ?? unread.length)).slice().buffer;
    const into = bytesOf(target);
    const bytes = this.take(into.length);
    into.set(bytes);
    return bytes.length;
  }

  /**
   * Writes a message, or with `more` a part of one: the parts are sent together. A Pong of one's own is not sent.
   *
   * @param data the bytes; they are copied
   * @param options `binary: false`: a text; `more`: another piece of the message follows; `opcode`: says what it is
   * @returns how many bytes can be written now; where that is too few, `onWritable` tells of more
   * @throws InvalidStateError unless it is connected, or for more bytes than can be written; OptionError for what has no bytes
   */
  write(data: BinaryData, options: WriteOptions = {}): number {
    const { binary = true, more = false, opcode } = options;
    const bytes = bytesOf(data);
    if (this.client.state !== WebSocketState.Open)
      throw new InvalidStateError("A WebSocketClient is written to between its first onWritable and its end.");
    if (opcode === undefined) this.writePart(bytes, binary, more);
    else if (opcode === Opcode.Text || opcode === Opcode.Binary) this.writePart(bytes, opcode !== Opcode.Text, more);
    else this.writeControl(bytes, opcode);
    // In a turn of its own; where bytes wait, when they have left.
    this.timer ??= setTimer(() => {
      this.timer = undefined;
      if (!this.client.isBusy) this.tellWritable();
    }, 0);
    return this.writable;
  }

  /** Closes the connection. No callback is called any more. May be called again. */
  close(): void {
    this.isClosed = true;
    clearTimer(this.timer);
    this.timer = undefined;
    this.client.close();
  }

  private async open({ uri, headers }: Target): Promise<void> {
    try {
      await this.client.connect(uri, headers);
    } catch {
      // `ended` was called.
      return;
    }
    this.tellWritable();
  }

  private get writable(): number {
    return Math.max(0, this.client.room - (this.written?.length ?? 0));
  }

  private writePart(bytes: Uint8Array, binary: boolean, more: boolean): void {
    if (bytes.length > this.writable) throw this.full(bytes);
    const { written = NO_BYTES } = this;
    // The first piece says what all of them are.
    if (written === NO_BYTES) this.isText = !binary;
    const message = new Uint8Array(written.length + bytes.length);
    message.set(written);
    message.set(bytes, written.length);
    const type = this.isText ? WebSocketMessageType.Text : WebSocketMessageType.Binary;
    if (!more && !this.client.send(message, type)) throw this.full(bytes);
    this.written = more ? message : undefined;
  }

  private full({ length }: Uint8Array): InvalidStateError {
    return new InvalidStateError(`${length} bytes were written where ${this.writable} can be (maxQueueBytes).`);
  }

  private writeControl(bytes: Uint8Array, opcode: number): void {
    if (opcode === Opcode.Ping) this.client.ping(bytes);
    else if (opcode === Opcode.Close) {
      const body = parseCloseBody(bytes);
      if (body instanceof Error) throw new OptionError(`It cannot be sent. ${body.message}`);
      this.client.close(body.status, body.description);
    } else if (opcode !== Opcode.Pong)
      throw new OptionError(`opcode is that of a text, a binary message, a Ping or a Close; it is ${String(opcode)}.`);
  }

  private tellWritable(): void {
    if (this.isClosed || this.client.state !== WebSocketState.Open) return;
    try {
      this.handlers.onWritable?.call(this, this.writable);
    } catch (cause) {
      log("onWritable threw; the connection is closed with 1011.", cause);
      this.client.close(WebSocketCloseStatus.InternalServerError);
    }
  }

  private received({ buffer, messageType, fragmentation }: MessageReceivedFrame): void {
    if (this.isClosed) return;
    this.unread = buffer;
    const more = fragmentation === FragmentationType.FirstFragment || fragmentation === FragmentationType.Fragment;
    this.handlers.onReadable?.call(this, buffer.length, { more, binary: messageType === WebSocketMessageType.Binary });
    if (this.unread.length > 0) this.client.pause();
  }

  private take(count: number): Uint8Array {
    const bytes = this.unread.subarray(0, count);
    this.unread = this.unread.subarray(bytes.length);
    if (this.unread.length === 0) this.client.resume();
    return bytes;
  }

  private control(opcode: number, payload: Uint8Array): void {
    if (!this.isClosed) this.handlers.onControl?.call(this, opcode, payload.slice().buffer);
  }

  private ended({ closeStatus, closeStatusDescription, wasClean, error }: ConnectionClosedEventArgs): void {
    clearTimer(this.timer);
    this.timer = undefined;
    if (this.isClosed) return;
    tellClosed(() => {
      if (wasClean) this.control(Opcode.Close, encodeCloseBody(closeStatus, closeStatusDescription));
      if (this.isClosed) return;
      this.isClosed = true;
      if (wasClean) this.handlers.onClose?.call(this);
      else this.handlers.onError?.call(this, error);
    });
  }
}
