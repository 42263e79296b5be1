/**
 * A byte stream over a WebSocket, as MQTT wants it (MQTT 3.1.1 and 5.0, section 6), in the shape of ECMA-419's class TCP:
 * what reads and writes MQTT over such a socket, as the SDK's own client does, runs over ws and wss unchanged.
 */

import { log, setTimer } from "#platform";
import {
  type ClientWebSocket,
  HandshakeError,
  InvalidStateError,
  NetworkError,
  OptionError,
  ProtocolError,
  WebSocketCloseStatus,
  WebSocketMessageType,
  WebSocketState,
  type ConnectionClosedEventArgs,
  type MessageReceivedFrame,
  type WebSocketError,
} from "./client.js";
import { tellClosed, whenRejected } from "./common/handlers.js";
import {
  checkLimits,
  checkUnread,
  readTarget,
  type MqttSocketFormat,
  type MqttSocketOptions,
  type MqttTarget,
} from "./mqtt/options.js";
import { PiecesClient } from "./mqtt/pieces.js";
import { UnreadBytes } from "./mqtt/unread.js";
import { MAX_FRAME_COST } from "./protocol/framequeue.js";
import { checkCount, checkFormat } from "./common/io.js";
import { checkHandlers, checkOptions, CONNECTION_DEFAULTS } from "./common/options.js";
import { kindOf } from "./common/text.js";
import { bytesOf, type BinaryData } from "./websocket/websocket.js";

export {
  AbortedError,
  HandshakeError,
  InvalidStateError,
  NetworkError,
  OptionError,
  ProtocolError,
  TimeoutError,
  TlsError,
  WebSocketError,
} from "./common/errors.js";
export type { ErrorDetails, HandshakeAnswer } from "./common/errors.js";
export type { MqttCallback, MqttSocketFormat, MqttSocketOptions } from "./mqtt/options.js";

/** MQTT 3.1.1, 6: "The WebSocket Sub Protocol name selected and returned by the Server MUST be 'mqtt'". */
const SUBPROTOCOL = "mqtt";

/** Pieces of a packet are joined to a frame of up to so many bytes: a TCP segment, less headers. */
const JOINED_BYTES = 1_400;

/** What `write` is told of the bytes, as by whoever writes to an ECMA-419 WebSocket. */
export interface MqttWriteOptions {
  /** More bytes follow at once: they may share a frame. */
  readonly more?: boolean;
}

/** A stream to a broker. It connects when it is made, and is used once. */
export class MqttSocket {
  /** What the option `target` was given. */
  readonly target: unknown;
  private readonly client: ClientWebSocket;
  private readonly handlers: {
    readonly [Name in "onReadable" | "onWritable" | "onError"]: MqttSocketOptions<MqttSocket>[Name] | undefined;
  };
  private readonly unread = new UnreadBytes();
  private readonly maxUnread: number;
  /** The most that can be written at a time. */
  private readonly capacity: number;
  private currentFormat: MqttSocketFormat;
  /** Written, and not sent yet: `more` was to follow, or the queue had no room for it. */
  private collected: Uint8Array | undefined = undefined;
  /** How many bytes are taken for certain: those that the caller was told of last, less those written since. */
  private promised = 0;
  private isOpen = false;
  /** `close` was called. */
  private isClosed = false;
  private isEndTold = false;
  /** Why the connection is over. */
  private end: WebSocketError | undefined = undefined;
  /** Why this side ends it. */
  private failure: WebSocketError | undefined = undefined;

  /**
   * Connects.
   *
   * @throws OptionError where an option is missing or wrong
   */
  constructor(options: MqttSocketOptions<MqttSocket>) {
    checkOptions("MqttSocket", options, '{ host: "broker.example", port: 8083 }');
    const { host, address, port, path, isSecure, headers, ...others } = options;
    const { onReadable, onWritable, onError, io, format, target, maxUnreadBytes, ...limits } = others;
    checkHandlers({ onReadable, onWritable, onError, io });
    checkLimits(limits);
    const to = readTarget({ host, address, port, path, isSecure, headers });
    this.target = target;
    this.currentFormat = checkFormat(format ?? "buffer");
    this.handlers = { onReadable, onWritable, onError };
    this.maxUnread = checkUnread(maxUnreadBytes);
    this.client = new PiecesClient({
      serverName: to.serverName,
      ...limits,
      subprotocols: [SUBPROTOCOL],
      maxFragmentSize: 0,
      onMessageReceived: (_client, { frame }) => this.received(frame),
      onDrained: () => this.drained(),
      onConnectionClosed: (_client, e) => this.connectionClosed(e),
    });
    this.capacity = (limits.maxQueueBytes ?? CONNECTION_DEFAULTS.maxQueueBytes) - MAX_FRAME_COST;
    void this.connect(to);
  }

  /** Whether `read` gives bytes, and `write` takes them, several at a time or each as a number. */
  get format(): MqttSocketFormat {
    return this.currentFormat;
  }

  /** @throws OptionError for anything but "buffer" and "number" */
  set format(format: MqttSocketFormat) {
    this.currentFormat = checkFormat(format);
  }

  /**
   * Reads bytes that came; undefined where there are none.
   *
   * @param count the most that are read; left out: all
   * @returns in the format "buffer" an ArrayBuffer, in the format "number" one byte
   * @throws OptionError unless the count is a positive integer
   */
  read(count?: number): ArrayBuffer | number | undefined;
  /**
   * Reads bytes that came into a buffer. @returns how many; undefined where there are none
   */
  read(buffer: BinaryData): number | undefined;
  read(target?: number | BinaryData): ArrayBuffer | number | undefined {
    const { unread } = this;
    if (unread.length === 0) return undefined;
    const result = this.currentFormat === "number" ? unread.shift() : readBuffer(unread, target);
    if (this.client.isPaused && unread.length < this.maxUnread) this.client.resume();
    if (unread.length === 0 && this.end !== undefined) this.tellEndLater();
    return result;
  }

  /**
   * Writes bytes. They are sent together, in their order, in frames of this class's choice.
   *
   * @param data bytes, which are copied, or in the format "number" one byte
   * @param options `more`: others follow at once, and may share a frame
   * @returns how many bytes can be written now; where that is too few, `onWritable` tells of more. 0 where the connection is
   *   over: `onError` tells of it, or has told, and nothing is sent
   * @throws InvalidStateError before the first `onWritable`, after `close`, or for more bytes than can be written
   * @throws OptionError for what is no bytes, or in the format "number" no byte
   */
  write(data: BinaryData | number, options: MqttWriteOptions = {}): number {
    const { more = false } = options;
    const bytes = this.currentFormat === "number" ? byteOf(data) : bytesOf(data as BinaryData);
    if (!this.isOpen || this.isClosed)
      throw new InvalidStateError("An MqttSocket is written to between its first onWritable and close().");
    // No exception: whoever writes at its own time, as a client for its keep-alive, cannot know yet that it is lost.
    if (!this.canSend) return 0;
    if (bytes.length > this.promised) this.flush();
    const room = Math.max(this.promised, this.writable);
    if (bytes.length > room)
      throw new InvalidStateError(
        `${bytes.length} bytes were written where ${room} can be (maxQueueBytes): wait for onWritable.`,
      );
    this.send(bytes, more);
    // Whoever wrote the first piece of a packet has room for all of it, although a Pong may have come between.
    return (this.promised = Math.max(room - bytes.length, this.writable));
  }

  /**
   * Ends the connection. What was written before is sent, as long as the peer takes it (`serverTimeout`), and the closing
   * handshake goes on by itself, within `closeTimeoutMs`. No callback is called any more. May be called again.
   */
  close(): void {
    if (this.isClosed) return;
    this.flush();
    this.isClosed = true;
    this.unread.clear();
    this.client.resume();
    this.closeOnceSent();
  }

  private get canSend(): boolean {
    return this.client.state === WebSocketState.Open;
  }

  private closeOnceSent(): void {
    // Before it is open there is nothing that waits.
    if (this.collected === undefined) this.client.close(WebSocketCloseStatus.NormalClosure);
  }

  private async connect({ uri, headers }: MqttTarget): Promise<void> {
    try {
      await this.client.connect(uri, headers);
    } catch (error) {
      // Of all but the caller's mistakes connectionClosed was told before.
      this.ended(error as WebSocketError);
      return;
    }
    if (this.isClosed || this.end !== undefined) return;
    if (this.client.subprotocol !== SUBPROTOCOL) {
      this.refuseServer();
      return;
    }
    this.isOpen = true;
    try {
      this.tellWritable();
    } catch (error) {
      this.callbackFailed(error);
    }
  }

  /** A callback has returned: where that is a promise, its rejection is what an exception is. */
  private callbackReturned(returned: unknown): void {
    if (returned !== undefined) whenRejected(returned, (cause) => this.callbackFailed(cause));
  }

  private callbackFailed(cause: unknown): void {
    log("A callback of an MqttSocket threw; the connection is closed with 1011.", cause);
    if (this.isClosed || this.end !== undefined) return;
    this.fail(new ProtocolError(WebSocketCloseStatus.InternalServerError, "A callback failed.", { cause }));
  }

  private refuseServer(): void {
    const message = "The server did not choose the subprotocol mqtt: there may be no MQTT broker at this path.";
    this.failure = new HandshakeError(101, message);
    this.client.close(WebSocketCloseStatus.ProtocolError, "The subprotocol is to be mqtt.");
  }

  private fail(error: ProtocolError): void {
    this.failure ??= error;
    this.client.close(error.closeStatus, error.message);
  }

  private received({ messageType, buffer }: MessageReceivedFrame): void {
    if (this.isClosed || this.failure !== undefined) return;
    // MQTT 3.1.1, 6: "If any other type of data frame is received the recipient MUST close the Network Connection".
    if (messageType !== WebSocketMessageType.Binary)
      return this.fail(new ProtocolError(WebSocketCloseStatus.InvalidMessageType, "MQTT comes in binary frames only."));
    if (buffer.length === 0) return;
    const { unread } = this;
    unread.push(buffer);
    this.callbackReturned(this.handlers.onReadable?.call(this, unread.length));
    if (unread.length >= this.maxUnread) this.client.pause();
  }

  /** How many bytes can be written now. */
  private get writable(): number {
    if (!this.canSend) return 0;
    const waiting = this.client.bufferedAmount + (this.collected?.length ?? 0);
    return Math.max(0, this.capacity - waiting);
  }

  private send(bytes: Uint8Array, more: boolean): void {
    const length = (this.collected?.length ?? 0) + bytes.length;
    if (length <= JOINED_BYTES) {
      this.collect(bytes);
      if (!more) this.flush();
      return;
    }
    this.flush();
    // What finds no room beside Pongs that wait is sent before whatever comes next.
    if (this.collected !== undefined || !this.client.sendBytes(bytes, 0)) this.collect(bytes);
  }

  private collect(bytes: Uint8Array): void {
    const before = this.collected ?? NO_BYTES;
    const joined = new Uint8Array(before.length + bytes.length);
    joined.set(before);
    joined.set(bytes, before.length);
    this.collected = joined;
  }

  private flush(): void {
    const { collected } = this;
    if (collected === undefined || !this.canSend) return;
    if (this.client.sendBytes(collected, 0)) this.collected = undefined;
  }

  private drained(): void {
    this.flush();
    if (this.isClosed) this.closeOnceSent();
    else if (this.writable > 0) this.tellWritable();
  }

  private tellWritable(): void {
    this.promised = this.writable;
    this.callbackReturned(this.handlers.onWritable?.call(this, this.promised));
  }

  private connectionClosed({ closeStatus, closeStatusDescription, error }: ConnectionClosedEventArgs): void {
    const reason = closeStatusDescription === "" ? "" : ` ${closeStatusDescription}`;
    this.ended(
      this.failure ?? error ?? new NetworkError(`The server closed the connection with ${closeStatus}${reason}.`),
    );
  }

  private ended(error: WebSocketError): void {
    if (this.end !== undefined) return;
    this.end = error;
    this.collected = undefined;
    // Of what a callback has failed at, nobody reads the rest.
    const isCallbacks =
      error instanceof ProtocolError && error.closeStatus === WebSocketCloseStatus.InternalServerError;
    if (isCallbacks) this.unread.clear();
    if (this.unread.length === 0) this.tellEndLater();
  }

  /** In a turn of its own: it may come from within the constructor, `read` or `write`. */
  private tellEndLater(): void {
    if (this.isEndTold) return;
    this.isEndTold = true;
    setTimer(() => this.tellEnd(), 0);
  }

  private tellEnd(): void {
    const { end } = this;
    if (this.isClosed || end === undefined) return;
    tellClosed(() => this.handlers.onError?.call(this, end));
  }
}

/**
 * A resolver in the shape of ECMA-419's that gives each name as its own address: for the option `dns` of a client whose
 * sockets look names up themselves, as {@link MqttSocket} does.
 */
export class NameAsAddress {
  /**
   * Answers at once: the socket looks the name up itself.
   *
   * @param request `onResolved` is called at once with the host, twice
   */
  resolve(request: { readonly host: string; readonly onResolved?: (host: string, address: string) => void }): void {
    const { host, onResolved } = request;
    onResolved?.call(this, host, host);
  }

  /** Does nothing: nothing is open. */
  close(): void {
    return undefined;
  }
}

/** Never written to, so it may be shared. */
const NO_BYTES = new Uint8Array(0);

/** @throws OptionError for what is no byte */
function byteOf(data: unknown): Uint8Array {
  if (Number.isInteger(data) && Number(data) >= 0 && Number(data) <= 255) return Uint8Array.of(Number(data));
  throw new OptionError(`In the format "number" a number from 0 to 255 is written at a time; it is ${kindOf(data)}.`);
}

/** @throws OptionError for what is neither a number of bytes nor a place for them */
function readBuffer(unread: UnreadBytes, target: number | BinaryData | undefined): ArrayBuffer | number {
  if (typeof target === "object") return unread.readInto(bytesOf(target));
  const count = checkCount(target ?? unread.length);
  const buffer = new ArrayBuffer(Math.min(count, unread.length));
  unread.readInto(new Uint8Array(buffer));
  return buffer;
}
