/** One open connection, without I/O: bytes and time in, events and frames out (RFC 6455, 5 to 7). */

import { encodeUtf8, makeFrame } from "#platform";
import { Closing, CloseWatcher, encodeCloseBody, encodeFailure, ENDED_WITHOUT_CLOSE } from "./closing.js";
import { parseCloseBody, type CloseOutcome } from "./closing.js";
import { FIN_BIT, MAX_CONTROL_PAYLOAD, Opcode, Role, WebSocketState } from "../common/constants.js";
import type { WebSocketCloseStatus } from "../common/constants.js";
import { networkError, notOpen, OptionError, ProtocolError, TimeoutError } from "../common/errors.js";
import type { Failure, WebSocketError } from "../common/errors.js";
import { FrameQueue, MAX_FRAME_COST, type Transport } from "./framequeue.js";
import { FrameReader } from "./framereader.js";
import { encodeFrame, encodeMessage } from "./framewriter.js";
import type { EncodedMessage } from "./framewriter.js";
import { KeepAlive, KeepAliveAction } from "./keepalive.js";
import { MessageReader, messageTimeout, type FrameOwner, type MessageListener } from "./messages.js";
import type { AgreedSettings } from "../common/options.js";

export type { Transport } from "./framequeue.js";

/** The listener of a protocol. */
export interface ProtocolListener extends MessageListener {
  /** A Ping came, and was answered. `payload` is only lent. */
  pingReceived(payload: Uint8Array): void;
  /** A Pong came. `payload` is only lent. */
  pongReceived(payload: Uint8Array): void;
  /** All that waited has left. */
  queueDrained(): void;
  /** `deadline` may have come nearer: the closing handshake began, or the transport is full. */
  deadlineMoved(): void;
  /** The connection is over. Called once, and never to throw. */
  connectionClosed(outcome: CloseOutcome): void;
}

/** The state machine of one connection, from the end of the opening handshake to the end of TCP. */
export class Protocol implements FrameOwner {
  private currentState: WebSocketState = WebSocketState.Open;
  private time: number;
  private readonly reader: FrameReader;
  private readonly messages: MessageReader;
  private readonly queue: FrameQueue;
  private readonly keepAlive: KeepAlive;
  readonly listener: ProtocolListener;
  /** The longest payload, in bytes, of a message that is sent in one frame, as it is; -1 where messages are compressed. */
  private readonly maxWholeBytes: number;
  // Declared, so that it takes no memory of an idle connection.
  declare private closing?: Closing;

  /**
   * @param listener an error that it throws ends the call in which it was told, `receive` or `drained`: the connection is to be
   *   failed then
   * @param now the present time, in milliseconds of a clock that only goes forward, as everywhere in this class
   */
  constructor(role: Role, settings: AgreedSettings, transport: Transport, listener: ProtocolListener, now: number) {
    this.time = now;
    this.messages = new MessageReader(role, settings, this);
    this.reader = new FrameReader(role, this.messages);
    this.queue = new FrameQueue(transport);
    this.keepAlive = new KeepAlive(now);
    this.listener = listener;
    const { deflater, maxFragmentSize, maxQueueBytes } = settings;
    const maxLength = Math.min(maxFragmentSize || Infinity, maxQueueBytes - MAX_FRAME_COST);
    this.maxWholeBytes = deflater === undefined ? maxLength : -1;
  }

  /** Open, CloseSent or CloseReceived; then Closed or Aborted. */
  get state(): WebSocketState {
    return this.currentState;
  }

  /** Whether the connection is over. */
  get isOver(): boolean {
    return this.currentState > WebSocketState.CloseReceived;
  }

  /** What both sides have agreed on, and the options of this one. */
  get settings(): AgreedSettings {
    return this.messages.settings;
  }

  /** What it sends through. */
  get transport(): Transport {
    return this.queue.transport;
  }

  /** Bytes that wait here and in the transport. */
  get bufferedAmount(): number {
    return this.queue.bufferedAmount;
  }

  /** Whether frames wait: `queueDrained` will be told. */
  get isBusy(): boolean {
    return this.queue.waiting !== undefined;
  }

  /** Bytes of the longest message that `send` takes now. */
  get room(): number {
    const { maxFragmentSize, maxQueueBytes } = this.settings;
    return this.queue.roomFor(maxFragmentSize, maxQueueBytes);
  }

  /** How the connection ended: final once the transport has ended. */
  get outcome(): CloseOutcome {
    return this.closing ?? ENDED_WITHOUT_CLOSE;
  }

  /** Whether `pause` was called, and the connection may still receive. */
  get isPaused(): boolean {
    return this.reader.isPaused;
  }

  /** Bytes came from the peer. They are unmasked in place. Those that come behind a call of `pause` are given back. */
  receive(chunk: Uint8Array, now: number): void {
    this.time = now;
    this.keepAlive.lastSignAt = now;
    const count = this.reader.read(chunk);
    if (this.messages.current !== undefined && this.messages.startTime(now)) this.listener.deadlineMoved();
    if (count < chunk.length && this.isPaused) this.transport.unread(chunk.subarray(count));
  }

  /**
   * Receives no more until `resume`. The peer, which is not heard meanwhile, is not given up. Does nothing while the
   * connection closes.
   */
  pause(): void {
    if (this.currentState !== WebSocketState.Open || this.isPaused) return;
    this.reader.pause();
    this.transport.pause();
  }

  /** Receives again. The peer has all of its times once more. */
  resume(now: number): void {
    if (!this.isPaused) return;
    this.reader.resume();
    this.transport.resume();
    this.keepAlive.lastSignAt = now;
    this.time = now;
    this.messages.startTime(now, true);
    this.listener.deadlineMoved();
  }

  /** The transport has room again. */
  drained(now: number): void {
    this.time = now;
    if (this.queue.waiting === undefined) return;
    this.keepAlive.lastSignAt = now;
    if (!this.queue.drained(now)) this.listener.deadlineMoved();
    else if (this.closing === undefined) this.listener.queueDrained();
    else if (this.closing.isEndWanted) this.endTransport(this.closing);
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
    if (this.currentState !== WebSocketState.Open) throw notOpen();
    this.time = now;
    const { queue } = this;
    // Nothing waits, and one frame will do: with as few calls as can be, since these are what a message costs on XS.
    if (queue.waiting === undefined && fragmentSize === undefined) {
      const frame = makeFrame(FIN_BIT | opcode, this.messages.role === Role.Client, payload, this.maxWholeBytes);
      if (frame !== undefined) {
        if (queue.transport.write(frame) === "taken") return true;
        queue.filled(now);
        this.listener.deadlineMoved();
        return true;
      }
    }
    return this.sendParts(opcode, payload, fragmentSize ?? this.settings.maxFragmentSize);
  }

  /** As `send`. The frames are sent unless messages are compressed here. */
  sendEncoded({ opcode, payload, frames }: EncodedMessage, fragmentSize: number, now: number): boolean {
    const { deflater, maxQueueBytes } = this.settings;
    if (deflater !== undefined) return this.send(opcode, payload, fragmentSize, now);
    if (this.currentState !== WebSocketState.Open) throw notOpen();
    this.time = now;
    if (!this.queue.hasRoomFor(payload.length, fragmentSize, maxQueueBytes)) return false;
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
    if (this.currentState !== WebSocketState.Open) throw notOpen();
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
    if (this.currentState !== WebSocketState.Open) return;
    this.time = now;
    this.startClosing(WebSocketState.CloseSent);
    this.enqueue(encodeFrame(this.messages.role, Opcode.Close, true, body));
    this.listener.deadlineMoved();
  }

  /** Fails the connection (RFC 6455, 7.1.7): sends a Close frame with the error's status, reads no more, ends. */
  fail(error: ProtocolError, now: number): void {
    if (this.isOver) return;
    this.time = now;
    this.failNow(error);
  }

  /** Ends the connection at once, without a Close frame. */
  abort(now: number): void {
    if (!this.isOver) this.finish(WebSocketState.Aborted, undefined, now);
  }

  /** The transport has ended; `failure` where that was no good end. */
  transportClosed(failure: Failure | undefined, now: number): void {
    if (this.isOver) return;
    // An error is made, which takes its time, only where it is told.
    const isClean = this.closing?.wasClean === true && this.queue.waiting === undefined;
    const error = isClean ? undefined : networkError("The connection was lost.", failure);
    this.finish(WebSocketState.Closed, error, now);
  }

  /** The time at which `tick` has to be called next; Infinity for never. */
  get deadline(): number {
    if (this.closing !== undefined) return this.closing.deadline;
    const { settings } = this;
    const blockedDeadline = this.queue.deadline(settings.serverTimeout);
    if (this.isPaused) return blockedDeadline;
    return Math.min(blockedDeadline, this.messages.deadline, this.keepAlive.deadline(this.time, settings));
  }

  /** Does what is due. */
  tick(now: number): void {
    this.time = now;
    if (this.queue.hasProgressed(now)) this.keepAlive.lastSignAt = now;
    if (now < this.deadline) return;
    const { closing, settings } = this;
    if (closing !== undefined) return this.closingIsDue(closing);
    if (!this.isPaused && now >= this.messages.deadline) return this.failNow(messageTimeout(settings));
    const isBlocked = now >= this.queue.deadline(settings.serverTimeout);
    const action = isBlocked ? KeepAliveAction.GiveUp : this.keepAlive.check(now, settings);
    if (action === KeepAliveAction.Ping) this.sendControl(Opcode.Ping, NO_BYTES);
    else if (action === KeepAliveAction.GiveUp)
      this.giveUp(`The peer gave no sign of life for ${settings.serverTimeout} ms (serverTimeout).`);
  }

  controlReceived(opcode: Opcode, payload: Uint8Array): void {
    if (opcode === Opcode.Close) return this.closeReceived(payload);
    if (opcode === Opcode.Pong) return this.listener.pongReceived(payload);
    // RFC 6455, 5.5.2: a Ping is answered "unless it already received a Close frame"; after our own, nothing is sent.
    if (this.currentState === WebSocketState.Open) this.sendControl(Opcode.Pong, payload);
    this.listener.pingReceived(payload);
  }

  private closeReceived(payload: Uint8Array): void {
    this.reader.stop();
    const body = parseCloseBody(payload);
    if (body instanceof ProtocolError) {
      this.failNow(body);
      return this.failureAnswered();
    }
    const wasOpen = this.currentState === WebSocketState.Open;
    const closing = this.startClosing(WebSocketState.CloseReceived);
    closing.complete(body);
    // RFC 6455, 5.5.1: the answer "typically echos the status code it received".
    if (wasOpen) this.enqueue(encodeFrame(this.messages.role, Opcode.Close, true, payload.subarray(0, 2)));
    // RFC 6455, 7.1.1: the server ends the TCP connection first.
    if (this.messages.role === Role.Server) this.endTransport(closing);
    this.listener.deadlineMoved();
  }

  failNow(error: ProtocolError): void {
    if (this.closing?.wasClean === true || this.closing?.error !== undefined) return this.reader.stop();
    const { isPaused } = this;
    const wasOpen = this.currentState === WebSocketState.Open;
    if (wasOpen) this.queue.clear();
    this.startClosing(WebSocketState.CloseSent).fail(error, this.time);
    this.messages.clear();
    this.reader.discard(
      new CloseWatcher(() => {
        this.failureAnswered();
      }),
    );
    if (wasOpen) this.enqueue(encodeFrame(this.messages.role, Opcode.Close, true, encodeFailure(error)));
    // How the peer answers is to be seen.
    if (isPaused) this.transport.resume();
    this.listener.deadlineMoved();
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
    this.currentState = state;
    this.closing ??= new Closing(this.time, this.settings.closeTimeoutMs);
    return this.closing;
  }

  private endTransport(closing: Closing): void {
    // Also where only the transport has bytes left: it is known then that our Close frame has gone.
    closing.isEndWanted = this.queue.waiting !== undefined;
    if (!closing.isEndWanted) this.transport.end();
  }

  /** Sends a message compressed, in fragments, or behind what waits. As `send`. */
  private sendParts(opcode: Opcode, payload: Uint8Array | string, fragmentSize: number): boolean {
    const deflated = this.settings.deflater?.deflate(opcode, payload);
    if (deflated !== undefined)
      return this.sendFragments(deflated.opcode as Opcode, deflated.bytes, fragmentSize) && deflated.sent();
    return this.sendFragments(opcode, typeof payload === "string" ? encodeUtf8(payload) : payload, fragmentSize);
  }

  private sendFragments(opcode: Opcode, payload: Uint8Array, fragmentSize: number): boolean {
    const { role, settings } = this.messages;
    if (!this.queue.hasRoomFor(payload.length, fragmentSize, settings.maxQueueBytes)) return false;
    for (const frame of encodeMessage(role, opcode, payload, fragmentSize)) this.enqueue(frame);
    return true;
  }

  private sendControl(opcode: Opcode, payload: Uint8Array): void {
    const frame = encodeFrame(this.messages.role, opcode, true, payload);
    if (this.queue.pushControl(frame, this.time)) this.listener.deadlineMoved();
  }

  private enqueue(frame: Uint8Array): void {
    if (this.queue.push(frame, this.time)) this.listener.deadlineMoved();
  }

  private closingIsDue(closing: Closing): void {
    if (!closing.isLingering)
      return this.giveUp(`The closing handshake took more than ${this.settings.closeTimeoutMs} ms (closeTimeoutMs).`);
    closing.endLingering();
    this.endTransport(closing);
  }

  private giveUp(message: string): void {
    this.finish(WebSocketState.Closed, new TimeoutError(message), this.time);
  }

  /** Frees the transport, and tells of the end. @param error why it came, unless both sides have said Close */
  private finish(state: WebSocketState, error: WebSocketError | undefined, now: number): void {
    const closing = (this.closing ??= new Closing(now, 0));
    this.currentState = state;
    this.reader.stop();
    this.messages.clear();
    // Our Close frame, or what is before it, still waited to be sent.
    if (this.queue.waiting !== undefined) closing.wasClean = false;
    this.queue.stop();
    this.settings.deflater?.stop();
    if (!closing.wasClean) closing.error ??= error;
    this.transport.destroy();
    this.listener.connectionClosed(closing);
  }
}

/** Never written to, so it may be shared. */
const NO_BYTES = new Uint8Array(0);
