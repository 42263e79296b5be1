/** Joins one protocol to one socket and one timer. Made anew for each connection; leaves nothing behind. */

import type { Socket, SocketHandlers } from "#network";
import { clearTimer, log, now, setTimer, type TimerHandle } from "#platform";
import type { CloseOutcome } from "./protocol/closing.js";
import { WebSocketCloseStatus, WebSocketState } from "./protocol/constants.js";
import type { FragmentationType, Role, WebSocketMessageType } from "./protocol/constants.js";
import { networkError, ProtocolError } from "./protocol/errors.js";
import type { MessageSink } from "./protocol/message.js";
import type { ConnectionSettings } from "./protocol/options.js";
import { Protocol, type ProtocolOwner } from "./protocol/protocol.js";

/**
 * Steps of promises from the end of the opening handshake to what follows `await connect()`, within a function or two
 * of the caller's. A timer alone may come before it: XS takes a turn of its main loop for each step.
 */
const PROMISE_STEPS = 5;

/** Whom a connection tells. What these throw is logged and never reaches the host. */
export interface ConnectionEvents extends MessageSink {
  /** A Pong came. */
  pongReceived(payload: Uint8Array): void;
  /** There is room in the queue again. */
  queueDrained(): void;
  /** The connection is over. Called once. */
  connectionClosed(outcome: CloseOutcome): void;
}

/** A connection whose opening handshake is done. As a socket's handlers, it ends with the socket. */
export class Connection implements ProtocolOwner, SocketHandlers {
  readonly protocol: Protocol;
  private readonly socket: Socket;
  private readonly events: ConnectionEvents;
  private timer: TimerHandle | undefined = undefined;
  private timerDeadline = Infinity;
  private endState: WebSocketState = WebSocketState.None;

  /** Takes the socket over. */
  constructor(role: Role, socket: Socket, settings: ConnectionSettings, events: ConnectionEvents) {
    this.socket = socket;
    this.events = events;
    this.protocol = new Protocol(role, settings, this, now());
    socket.handlers = this;
    this.arm();
  }

  /** Open to Aborted. */
  get state(): WebSocketState {
    return this.endState === WebSocketState.None ? this.protocol.state : this.endState;
  }

  get bufferedAmount(): number {
    return this.socket.bufferedAmount;
  }

  /** Ends the connection at once, without a Close frame. */
  abort(): void {
    if (this.isOver) return;
    this.protocol.stop(undefined, now());
    this.socket.destroy();
    this.finish(WebSocketState.Aborted);
  }

  /**
   * Takes the bytes that came behind the head of the opening handshake, in a turn of their own: whoever waits for the
   * connection can set its handlers before, and the stack of XS is too short for a message within an HTTP request.
   */
  receiveEarly(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.socket.pause();
    void this.deliverLater(bytes);
  }

  data(bytes: Uint8Array): void {
    this.protocol.receive(bytes, now());
  }

  drain(): void {
    this.protocol.drained(now());
  }

  close(cause?: Error): void {
    const error = networkError("The connection was lost.", cause);
    this.protocol.stop(error, now());
    this.finish(WebSocketState.Closed);
  }

  sendFrame(frame: Uint8Array): boolean {
    return this.socket.write(frame);
  }

  endTransport(): void {
    this.socket.end();
  }

  destroyTransport(): void {
    this.socket.destroy();
    this.finish(WebSocketState.Closed);
  }

  deadlineMoved(): void {
    this.arm();
  }

  messageReceived(
    type: WebSocketMessageType,
    bytes: Uint8Array | undefined,
    text: string | undefined,
    fragmentation: FragmentationType,
  ): void {
    try {
      this.events.messageReceived(type, bytes, text, fragmentation);
    } catch (cause) {
      this.handlerFailed(cause);
    }
  }

  pongReceived(payload: Uint8Array): void {
    try {
      this.events.pongReceived(payload);
    } catch (cause) {
      this.handlerFailed(cause);
    }
  }

  queueDrained(): void {
    try {
      this.events.queueDrained();
    } catch (cause) {
      this.handlerFailed(cause);
    }
  }

  private get isOver(): boolean {
    return this.endState !== WebSocketState.None;
  }

  private async deliverLater(bytes: Uint8Array): Promise<void> {
    for (let step = 0; step < PROMISE_STEPS; step++) await Promise.resolve();
    setTimer(() => {
      this.data(bytes);
      if (!this.isOver) this.socket.resume();
    }, 0);
  }

  /** RFC 6455, 7.4.1: 1011 tells that an "unexpected condition" kept the request from being fulfilled. */
  private handlerFailed(cause: unknown): void {
    logError("An event handler threw; the connection is closed with 1011.", cause);
    if (this.isOver) return;
    const error = new ProtocolError(WebSocketCloseStatus.InternalServerError, "An event handler failed.", { cause });
    this.protocol.fail(error, now());
  }

  private finish(endState: WebSocketState): void {
    if (this.isOver) return;
    this.endState = endState;
    if (this.timer !== undefined) clearTimer(this.timer);
    this.timer = undefined;
    try {
      this.events.connectionClosed(this.protocol.outcome);
    } catch (cause) {
      logError("A handler of the closed event threw.", cause);
    }
  }

  /** Sets the timer for the protocol's deadline, unless it rings before: it then looks again. */
  private arm(): void {
    const { deadline } = this.protocol;
    if (this.isOver || deadline === Infinity || (this.timer !== undefined && this.timerDeadline <= deadline)) return;
    if (this.timer !== undefined) clearTimer(this.timer);
    this.armFor(deadline);
  }

  private armFor(deadline: number): void {
    this.timerDeadline = deadline;
    this.timer = setTimer(
      () => {
        this.timer = undefined;
        this.protocol.tick(now());
        this.arm();
      },
      Math.max(1, Math.ceil(deadline - now())),
    );
  }
}

/** Logs an error that a user's code threw, with where it came from. */
export function logError(message: string, cause: unknown): void {
  log(`${message} ${cause instanceof Error ? (cause.stack ?? String(cause)) : String(cause)}`);
}
