/** One open connection, without I/O: bytes and time in, events and frames out (RFC 6455, 5 to 7). */

import {
  Closing,
  CloseWatcher,
  encodeCloseBody,
  encodeFailure,
  NOT_CLOSED,
  parseCloseBody,
  type CloseOutcome,
} from "./closing.js";
import {
  CONTROL_BIT,
  MAX_CONTROL_PAYLOAD,
  Opcode,
  Role,
  type WebSocketCloseStatus,
  WebSocketState,
} from "./constants.js";
import { InvalidStateError, OptionError, ProtocolError, TimeoutError, type WebSocketError } from "./errors.js";
import { FrameReader, type FrameSink } from "./framereader.js";
import { encodedCost, encodeFrame, encodeMessage, FrameQueue } from "./framewriter.js";
import { KeepAlive, KeepAliveAction } from "./keepalive.js";
import { MessageReader, type MessageSink } from "./message.js";
import type { ConnectionSettings } from "./options.js";
import { messageTimeout } from "./partialmessage.js";

/** What a protocol asks of its transport, and tells its owner. */
export interface ProtocolOwner {
  /** Bytes that the transport has taken but not sent. */
  readonly bufferedAmount: number;
  /** Send this frame. @returns false: `drained()` will be called when there is room for more */
  sendFrame(frame: Uint8Array): boolean;
  /** Send what was given, then end the transport. */
  endTransport(): void;
  /** End the transport at once. */
  destroyTransport(): void;
  /** A Pong came. `payload` is only lent. */
  pongReceived(payload: Uint8Array): void;
  /** All that waited has left. */
  queueDrained(): void;
  /** `deadline` may have come nearer: the closing handshake began, or the transport is full. */
  deadlineMoved(): void;
}

/** The state machine of one connection, from the end of the opening handshake to the end of the closing one. */
export class Protocol implements FrameSink {
  /** Open, CloseSent or CloseReceived; then what the owner sets, Closed or Aborted. */
  state: WebSocketState = WebSocketState.Open;
  private readonly reader: FrameReader;
  private readonly messages: MessageReader;
  private readonly keepAlive: KeepAlive;
  private readonly settings: ConnectionSettings;
  private readonly owner: ProtocolOwner;
  private time: number;
  /** Only while the transport is full. */
  private queue: FrameQueue | undefined = undefined;
  /** The control frame that comes in pieces. */
  private control: PartialControl | undefined = undefined;
  private closing: Closing | undefined = undefined;

  /**
   * @param sink is told of messages. An error that it or the owner throws ends the call in which it was told, `receive`
   *   or `drained`: the connection is to be failed then
   * @param now the present time, in milliseconds of a clock that only goes forward, as everywhere in this class
   */
  constructor(role: Role, settings: ConnectionSettings, owner: ProtocolOwner, sink: MessageSink, now: number) {
    this.settings = settings;
    this.owner = owner;
    this.time = now;
    this.reader = new FrameReader(role, this);
    this.messages = new MessageReader(settings, sink);
    this.keepAlive = new KeepAlive(now);
  }

  /** Bytes that wait here and in the transport. */
  get bufferedAmount(): number {
    return this.owner.bufferedAmount + (this.queue?.byteLength ?? 0);
  }

  /** How the connection ended: final once the transport has ended. */
  get outcome(): CloseOutcome {
    return this.closing ?? NOT_CLOSED;
  }

  /** Whether `pause` was called, and the connection may still receive. */
  get isPaused(): boolean {
    return this.reader.isPaused;
  }

  /**
   * Bytes came from the peer. They are unmasked in place.
   *
   * @returns where the connection was paused meanwhile, those to receive after `resume`
   */
  receive(chunk: Uint8Array, now: number): Uint8Array | undefined {
    this.time = now;
    this.keepAlive.lastSignAt = now;
    const count = this.reader.read(chunk);
    if (this.messages.current !== undefined) this.startMessageTime();
    return count < chunk.length && this.isPaused ? chunk.subarray(count) : undefined;
  }

  /** Receives no more until `resume`. The peer, which is not heard meanwhile, is not given up. */
  pause(): void {
    this.reader.pause();
  }

  /** Receives again. The peer has all of its times once more. */
  resume(now: number): void {
    this.reader.resume();
    this.keepAlive.lastSignAt = now;
    this.time = now;
    if (this.messages.current !== undefined) this.messages.current.deadline = undefined;
    this.startMessageTime();
    this.owner.deadlineMoved();
  }

  /** The transport has room again. */
  drained(now: number): void {
    const { queue } = this;
    this.time = now;
    if (queue === undefined) return;
    this.keepAlive.lastSignAt = now;
    for (let frame = queue.shift(); frame !== undefined; frame = queue.shift()) {
      if (this.owner.sendFrame(frame)) continue;
      queue.blockedAt = now;
      queue.bytesInTransport = this.owner.bufferedAmount;
      return this.owner.deadlineMoved();
    }
    this.queueEmptied();
  }

  /**
   * Sends a message.
   *
   * @param fragmentSize largest payload of a frame, in bytes; 0: the whole message in one
   * @returns false where the queue has no room for it now: nothing was sent
   * @throws InvalidStateError unless the connection is open
   * @throws OptionError for a message that is longer than the whole queue
   */
  send(opcode: Opcode, payload: Uint8Array, fragmentSize: number, now: number): boolean {
    if (!this.hasRoomFor(payload.length, fragmentSize)) return false;
    this.time = now;
    if (fragmentSize === 0 || payload.length <= fragmentSize)
      this.enqueue(encodeFrame(this.reader.role, opcode, true, payload));
    else for (const frame of encodeMessage(this.reader.role, opcode, payload, fragmentSize)) this.enqueue(frame);
    return true;
  }

  /** As `send`, for the frames of a message that was encoded before. `length` is that of its payload. */
  sendEncoded(frames: readonly Uint8Array[], length: number, fragmentSize: number, now: number): boolean {
    if (!this.hasRoomFor(length, fragmentSize)) return false;
    this.time = now;
    for (const frame of frames) this.enqueue(frame);
    return true;
  }

  /**
   * Sends a Ping.
   *
   * @throws InvalidStateError unless the connection is open
   * @throws OptionError for a payload of more than 125 bytes
   */
  ping(payload: Uint8Array, now: number): void {
    this.requireOpen();
    if (payload.length > MAX_CONTROL_PAYLOAD)
      throw new OptionError(
        `A Ping has at most ${MAX_CONTROL_PAYLOAD} bytes of payload; this one has ${payload.length}.`,
      );
    this.time = now;
    this.sendControl(Opcode.Ping, payload);
  }

  /**
   * Starts the closing handshake. Messages that wait are sent before the Close frame.
   *
   * @throws OptionError where the status or the description cannot be sent
   */
  close(status: WebSocketCloseStatus, description: string, now: number): void {
    const body = encodeCloseBody(status, description);
    if (this.state !== WebSocketState.Open) return;
    this.time = now;
    this.startClosing(WebSocketState.CloseSent);
    this.enqueue(encodeFrame(this.reader.role, Opcode.Close, true, body));
    this.owner.deadlineMoved();
  }

  /** Fails the connection (RFC 6455, 7.1.7): sends a Close frame with the error's status, reads no more, ends. */
  fail(error: ProtocolError, now: number): void {
    this.time = now;
    this.failNow(error);
  }

  /** Stops without a Close frame: the transport is gone, or is to be. */
  stop(error: WebSocketError | undefined, now: number): void {
    this.reader.stop();
    this.closing ??= new Closing(now, 0);
    if (this.queue !== undefined) this.closing.closeNeverLeft();
    this.queue = undefined;
    if (!this.closing.wasClean) this.closing.error ??= error;
  }

  /** The time at which `tick` has to be called next; Infinity for never. */
  get deadline(): number {
    if (this.closing !== undefined) return this.closing.deadline;
    if (this.isPaused) return this.blockedDeadline;
    return Math.min(this.blockedDeadline, this.messageDeadline, this.keepAlive.deadline(this.time, this.settings));
  }

  /** Does what is due. */
  tick(now: number): void {
    this.time = now;
    if (this.queue?.hasProgressed(this.owner.bufferedAmount, now) === true) this.keepAlive.lastSignAt = now;
    if (now < this.deadline) return;
    if (this.closing !== undefined) return this.closingIsDue(this.closing);
    if (!this.isPaused && now >= this.messageDeadline) return this.failNow(messageTimeout(this.settings));
    const isBlocked = now >= this.blockedDeadline;
    const action = isBlocked ? KeepAliveAction.GiveUp : this.keepAlive.check(now, this.settings);
    if (action === KeepAliveAction.Ping) this.sendControl(Opcode.Ping, NO_BYTES);
    else if (action === KeepAliveAction.GiveUp)
      this.giveUp(`The peer gave no sign of life for ${this.settings.serverTimeout} ms (serverTimeout).`);
  }

  frameReceived(opcode: Opcode, isFinal: boolean, chunk: Uint8Array, start: number, end: number): void {
    if ((opcode & CONTROL_BIT) !== 0) return this.controlReceived(opcode, chunk.subarray(start, end));
    const error = this.messages.frameReceived(opcode, isFinal, chunk, start, end);
    if (error !== undefined) this.failNow(error);
  }

  frameStarted(opcode: Opcode, isFinal: boolean, length: number): void {
    if ((opcode & CONTROL_BIT) !== 0) {
      this.control = { opcode, payload: NO_BYTES };
      return;
    }
    const error = this.messages.startFrame(opcode, isFinal, length);
    if (error !== undefined) this.failNow(error);
  }

  payloadReceived(bytes: Uint8Array, isEnd: boolean): void {
    if (this.control !== undefined) return this.controlPayloadReceived(this.control, bytes, isEnd);
    const error = this.messages.payloadReceived(bytes, isEnd);
    if (error !== undefined) this.failNow(error);
  }

  frameRefused(error: ProtocolError): void {
    this.failNow(error);
  }

  private controlPayloadReceived({ opcode, payload }: PartialControl, bytes: Uint8Array, isEnd: boolean): void {
    const longer = new Uint8Array(payload.length + bytes.length);
    longer.set(payload);
    longer.set(bytes, payload.length);
    this.control = isEnd ? undefined : { opcode, payload: longer };
    if (isEnd) this.controlReceived(opcode, longer);
  }

  private controlReceived(opcode: Opcode, payload: Uint8Array): void {
    if (opcode === Opcode.Close) this.closeReceived(payload);
    else if (opcode === Opcode.Pong) this.owner.pongReceived(payload);
    // RFC 6455, 5.5.2: a Ping is answered "unless it already received a Close frame"; after our own, nothing is sent.
    else if (this.state === WebSocketState.Open) this.sendControl(Opcode.Pong, payload);
  }

  private closeReceived(payload: Uint8Array): void {
    this.reader.stop();
    const body = parseCloseBody(payload);
    if (body instanceof ProtocolError) {
      this.failNow(body);
      return this.failureAnswered();
    }
    const wasOpen = this.state === WebSocketState.Open;
    const closing = this.startClosing(WebSocketState.CloseReceived);
    closing.complete(body);
    // RFC 6455, 5.5.1: the answer "typically echos the status code it received".
    if (wasOpen) this.enqueue(encodeFrame(this.reader.role, Opcode.Close, true, payload.subarray(0, 2)));
    // RFC 6455, 7.1.1: the server ends the TCP connection first.
    if (this.reader.role === Role.Server) this.endTransport(closing);
    this.owner.deadlineMoved();
  }

  private failNow(error: ProtocolError): void {
    if (this.closing?.wasClean === true || this.closing?.error !== undefined) return this.reader.stop();
    const wasOpen = this.state === WebSocketState.Open;
    if (wasOpen) this.queue?.clear();
    this.startClosing(WebSocketState.CloseSent).fail(error, this.time);
    this.messages.current = undefined;
    this.control = undefined;
    this.reader.discard(
      new CloseWatcher(() => {
        this.failureAnswered();
      }),
    );
    if (wasOpen) this.enqueue(encodeFrame(this.reader.role, Opcode.Close, true, encodeFailure(error)));
    this.owner.deadlineMoved();
  }

  /** The Close frame came of a peer that was failed: it sends nothing behind it that could reset the connection. */
  private failureAnswered(): void {
    const { closing } = this;
    this.reader.stop();
    if (closing?.isLingering !== true) return;
    closing.endLingering();
    this.endTransport(closing);
  }

  private startClosing(state: WebSocketState): Closing {
    this.state = state;
    this.closing ??= new Closing(this.time, this.settings.closeTimeoutMs);
    return this.closing;
  }

  private endTransport(closing: Closing): void {
    // Also where only the transport has bytes left: it is known then that our Close frame has gone.
    closing.isEndWanted = this.queue !== undefined;
    if (!closing.isEndWanted) this.owner.endTransport();
  }

  private queueEmptied(): void {
    this.queue = undefined;
    if (this.closing === undefined) this.owner.queueDrained();
    else if (this.closing.isEndWanted) this.endTransport(this.closing);
  }

  private hasRoomFor(length: number, fragmentSize: number): boolean {
    this.requireOpen();
    const cost = encodedCost(length, fragmentSize);
    const { maxQueueBytes } = this.settings;
    if (cost > maxQueueBytes)
      throw new OptionError(
        `A message of ${length} bytes takes ${cost} of the queue; maxQueueBytes is ${maxQueueBytes}.`,
      );
    return this.owner.bufferedAmount + (this.queue?.cost ?? 0) + cost <= maxQueueBytes;
  }

  private requireOpen(): void {
    if (this.state !== WebSocketState.Open)
      throw new InvalidStateError("The WebSocket is closing: it sends no more. Look at its state before sending.");
  }

  private sendControl(opcode: Opcode, payload: Uint8Array): void {
    const frame = encodeFrame(this.reader.role, opcode, true, payload);
    if (this.queue === undefined) this.transmit(frame);
    else this.queue.pushControl(frame);
  }

  private enqueue(frame: Uint8Array): void {
    if (this.queue === undefined) this.transmit(frame);
    else this.queue.push(frame);
  }

  private transmit(frame: Uint8Array): void {
    if (this.owner.sendFrame(frame)) return;
    this.queue = new FrameQueue(this.time, this.owner.bufferedAmount);
    this.owner.deadlineMoved();
  }

  /** When a peer is given up that takes nothing of what is sent to it. */
  private get blockedDeadline(): number {
    const { serverTimeout } = this.settings;
    return this.queue === undefined || serverTimeout === 0 ? Infinity : this.queue.blockedAt + serverTimeout;
  }

  /** When the message that comes in pieces has to be whole. */
  private get messageDeadline(): number {
    return this.messages.current?.deadline ?? Infinity;
  }

  /** Gives a message that has begun its time limit. */
  private startMessageTime(): void {
    const { current } = this.messages;
    const { messageTimeoutMs } = this.settings;
    if (current === undefined || current.deadline !== undefined) return;
    current.deadline = messageTimeoutMs === 0 ? Infinity : this.time + messageTimeoutMs;
    this.owner.deadlineMoved();
  }

  private closingIsDue(closing: Closing): void {
    if (!closing.isLingering)
      return this.giveUp(`The closing handshake took more than ${this.settings.closeTimeoutMs} ms (closeTimeoutMs).`);
    closing.endLingering();
    this.endTransport(closing);
  }

  private giveUp(message: string): void {
    this.stop(new TimeoutError(message), this.time);
    this.owner.destroyTransport();
  }
}

interface PartialControl {
  readonly opcode: Opcode;
  readonly payload: Uint8Array;
}

/** Never written to, so it may be shared. */
const NO_BYTES = new Uint8Array(0);
