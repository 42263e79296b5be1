/** One open connection, without I/O: bytes and time in, events and frames out (RFC 6455, 5 to 7). */

import { BytesAssembly } from "./assembly.js";
import { Closing, CloseWatcher, encodeCloseBody, encodeFailure, ENDED_WITHOUT_CLOSE } from "./closing.js";
import { parseCloseBody, type CloseOutcome } from "./closing.js";
import {
  CONTROL_BIT,
  FIN_BIT,
  MAX_CONTROL_PAYLOAD,
  Opcode,
  Role,
  type WebSocketCloseStatus,
  WebSocketState,
} from "../common/constants.js";
import { notOpen, OptionError, ProtocolError, TimeoutError, type WebSocketError } from "../common/errors.js";
import { FrameReader, type FrameListener } from "./framereader.js";
import {
  blockedDeadline,
  type EncodedMessage,
  encodedCost,
  encodeFrame,
  encodeMessage,
  finishFrame,
  FrameQueue,
  headerLength,
  MAX_FRAME_COST,
  placePayload,
} from "./framewriter.js";
import { KeepAlive, KeepAliveAction } from "./keepalive.js";
import { MessageReader, type MessageListener } from "./message.js";
import type { AgreedSettings } from "../common/options.js";
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
  /** A Ping came. `payload` is only lent. */
  pingReceived(payload: Uint8Array): void;
  /** A Pong came. `payload` is only lent. */
  pongReceived(payload: Uint8Array): void;
  /** All that waited has left. */
  queueDrained(): void;
  /** `deadline` may have come nearer: the closing handshake began, or the transport is full. */
  deadlineMoved(): void;
}

/** The state machine of one connection, from the end of the opening handshake to the end of the closing one. */
export class Protocol implements FrameListener {
  /** Open, CloseSent or CloseReceived; then what the owner sets, Closed or Aborted. */
  state: WebSocketState = WebSocketState.Open;
  private readonly reader: FrameReader;
  private readonly messages: MessageReader;
  private readonly keepAlive: KeepAlive;
  readonly settings: AgreedSettings;
  private readonly owner: ProtocolOwner;
  private time: number;
  /** Only while the transport is full. */
  private queue: FrameQueue | undefined = undefined;
  // Declared, so that they take no memory of an idle connection.
  /** The control frame that comes in pieces. */
  declare private control?: { readonly opcode: Opcode; readonly payload: BytesAssembly } | undefined;
  declare private closing?: Closing;

  /**
   * @param listener is told of messages. An error that it or the owner throws ends the call in which it was told, `receive`
   *   or `drained`: the connection is to be failed then
   * @param now the present time, in milliseconds of a clock that only goes forward, as everywhere in this class
   */
  constructor(role: Role, settings: AgreedSettings, owner: ProtocolOwner, listener: MessageListener, now: number) {
    this.settings = settings;
    this.owner = owner;
    this.time = now;
    this.messages = new MessageReader(role, settings, listener);
    this.reader = new FrameReader(role, this, this.messages);
    this.keepAlive = new KeepAlive(now);
  }

  /** Bytes that wait here and in the transport. */
  get bufferedAmount(): number {
    return this.owner.bufferedAmount + (this.queue?.byteLength ?? 0);
  }

  /** How the connection ended: final once the transport has ended. */
  get outcome(): CloseOutcome {
    return this.closing ?? ENDED_WITHOUT_CLOSE;
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
    if (this.messages.current !== undefined && this.messages.startTime(now)) this.owner.deadlineMoved();
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
    this.messages.startTime(now, true);
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
   * @param payload bytes, or a text
   * @param fragmentSize largest payload of a frame, in bytes; 0: the whole message in one; undefined: as the settings say
   * @returns false where the queue has no room for it now: nothing was sent
   * @throws InvalidStateError unless the connection is open
   * @throws OptionError for a message that is longer than the whole queue
   */
  send(opcode: Opcode, payload: Uint8Array | string, fragmentSize: number | undefined, now: number): boolean {
    if (this.state !== WebSocketState.Open) throw notOpen();
    this.time = now;
    const { settings } = this;
    const { role } = this.messages;
    const size = fragmentSize ?? settings.maxFragmentSize;
    const deflated = settings.deflater?.deflate(opcode, payload);
    if (deflated !== undefined)
      return this.sendFragments(deflated.opcode as Opcode, deflated.bytes, size) && deflated.sent();
    // Of a text the length is known when it is encoded. Bytes that find no room are not copied before.
    if (typeof payload !== "string" && (this.queue !== undefined || (size !== 0 && payload.length > size)))
      return this.sendFragments(opcode, payload, size);
    const frame = placePayload(role, payload);
    const start = headerLength(role, frame);
    const length = frame.length - start;
    if (size !== 0 && length > size) return this.sendFragments(opcode, frame.subarray(start), size);
    // While nothing waits, there is room for all that the queue can hold.
    const isSmall = this.queue === undefined && length < settings.maxQueueBytes - MAX_FRAME_COST;
    if (!isSmall && !this.hasRoomFor(length, 0)) return false;
    finishFrame(role, FIN_BIT | opcode, frame, start);
    this.enqueue(frame);
    return true;
  }

  /** As `send`. The frames are sent unless messages are compressed here. */
  sendEncoded({ opcode, payload, frames }: EncodedMessage, fragmentSize: number, now: number): boolean {
    if (this.settings.deflater !== undefined) return this.send(opcode, payload, fragmentSize, now);
    if (this.state !== WebSocketState.Open) throw notOpen();
    this.time = now;
    if (!this.hasRoomFor(payload.length, fragmentSize)) return false;
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
    if (this.state !== WebSocketState.Open) throw notOpen();
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
    this.enqueue(encodeFrame(this.messages.role, Opcode.Close, true, body));
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
    if (this.isPaused) return blockedDeadline(this.queue, this.settings);
    return Math.min(
      blockedDeadline(this.queue, this.settings),
      this.messages.deadline,
      this.keepAlive.deadline(this.time, this.settings),
    );
  }

  /** Does what is due. */
  tick(now: number): void {
    this.time = now;
    if (this.queue?.hasProgressed(this.owner.bufferedAmount, now) === true) this.keepAlive.lastSignAt = now;
    if (now < this.deadline) return;
    if (this.closing !== undefined) return this.closingIsDue(this.closing);
    if (!this.isPaused && now >= this.messages.deadline) return this.failNow(messageTimeout(this.settings));
    const isBlocked = now >= blockedDeadline(this.queue, this.settings);
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
      this.control = { opcode, payload: new BytesAssembly(length) };
      return;
    }
    const error = this.messages.startFrame(opcode, isFinal, length);
    if (error !== undefined) this.failNow(error);
  }

  payloadReceived(bytes: Uint8Array, isEnd: boolean): void {
    const { control } = this;
    if (control !== undefined) {
      control.payload.append(bytes);
      if (!isEnd) return;
      this.control = undefined;
      return this.controlReceived(control.opcode, control.payload.take());
    }
    const error = this.messages.payloadReceived(bytes, isEnd);
    if (error !== undefined) this.failNow(error);
  }

  frameRefused(error: ProtocolError): void {
    this.failNow(error);
  }

  private controlReceived(opcode: Opcode, payload: Uint8Array): void {
    if (opcode === Opcode.Close) return this.closeReceived(payload);
    if (opcode === Opcode.Pong) return this.owner.pongReceived(payload);
    // RFC 6455, 5.5.2: a Ping is answered "unless it already received a Close frame"; after our own, nothing is sent.
    if (this.state === WebSocketState.Open) this.sendControl(Opcode.Pong, payload);
    this.owner.pingReceived(payload);
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
    if (wasOpen) this.enqueue(encodeFrame(this.messages.role, Opcode.Close, true, payload.subarray(0, 2)));
    // RFC 6455, 7.1.1: the server ends the TCP connection first.
    if (this.messages.role === Role.Server) this.endTransport(closing);
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
    if (wasOpen) this.enqueue(encodeFrame(this.messages.role, Opcode.Close, true, encodeFailure(error)));
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

  private sendFragments(opcode: Opcode, payload: Uint8Array, fragmentSize: number): boolean {
    if (!this.hasRoomFor(payload.length, fragmentSize)) return false;
    for (const frame of encodeMessage(this.messages.role, opcode, payload, fragmentSize)) this.enqueue(frame);
    return true;
  }

  private hasRoomFor(length: number, fragmentSize: number): boolean {
    const cost = encodedCost(length, fragmentSize, this.settings.maxQueueBytes);
    return this.owner.bufferedAmount + (this.queue?.cost ?? 0) + cost <= this.settings.maxQueueBytes;
  }

  private sendControl(opcode: Opcode, payload: Uint8Array): void {
    const frame = encodeFrame(this.messages.role, opcode, true, payload);
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

/** Never written to, so it may be shared. */
const NO_BYTES = new Uint8Array(0);
