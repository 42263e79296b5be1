/** Joins one protocol to one socket and one timer. Made anew for each connection; leaves nothing behind. */

import type { NetworkFailure, Socket, SocketHandlers } from "#network";
import { clearTimer, now, setTimer, type TimerHandle } from "#platform";
import { formatEndPoint } from "../common/text.js";
import { CLOSED_HANDLER_FAILED, whenRejected } from "../common/handlers.js";
import { logError } from "../common/log.js";
import type { CloseOutcome } from "../protocol/closing.js";
import { WebSocketCloseStatus, WebSocketState } from "../common/constants.js";
import type { Role } from "../common/constants.js";
import { networkError, ProtocolError } from "../common/errors.js";
import type { MessageListener } from "../protocol/message.js";
import type { ConnectionSettings } from "../common/options.js";
import { Protocol, type ProtocolOwner } from "../protocol/protocol.js";

/**
 * Steps of promises from the end of the opening handshake to what follows `await connect()`, within a function or two
 * of the caller's. A timer alone may come before it: XS takes a turn of its main loop for each step.
 */
const PROMISE_STEPS = 5;

/** Whom a connection tells. What these throw is logged and never reaches the host. */
export interface ConnectionEvents extends MessageListener {
  /** A Ping came. `payload` is only lent. */
  pingReceived(payload: Uint8Array): void;
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

  /**
   * Takes the socket over. One that is paused has the first frames unread: they are told when whoever waits for the
   * connection has set its handlers.
   */
  constructor(role: Role, socket: Socket, settings: ConnectionSettings, events: ConnectionEvents) {
    this.socket = socket;
    this.events = events;
    this.protocol = new Protocol(role, settings, this, events, now());
    socket.handlers = this;
    this.arm();
    if (socket.isPaused) void this.resumeLater();
  }

  /** Open to Aborted. */
  get state(): WebSocketState {
    return this.protocol.state;
  }

  get bufferedAmount(): number {
    return this.socket.bufferedAmount;
  }

  /** The peer, as "address:port". */
  get remoteEndPoint(): string {
    return formatEndPoint(this.socket.remoteAddress, this.socket.remotePort);
  }

  /** Whether `pause` was called. */
  get isPaused(): boolean {
    return this.protocol.isPaused;
  }

  /** Ends the connection at once, without a Close frame. */
  abort(): void {
    if (this.isOver) return;
    this.protocol.stop(undefined, now());
    this.socket.destroy();
    this.finish(WebSocketState.Aborted);
  }

  /** Tells of no message until `resume`; what the peer sends stays in the network. While it closes that is not to be. */
  pause(): void {
    if (this.state !== WebSocketState.Open || this.isPaused) return;
    this.protocol.pause();
    this.socket.pause();
  }

  /** Tells of messages again, in a turn of their own. */
  resume(): void {
    if (!this.isPaused) return;
    this.protocol.resume(now());
    this.socket.resume();
  }

  received(bytes: Uint8Array): void {
    try {
      const rest = this.protocol.receive(bytes, now());
      if (rest !== undefined) this.socket.unread(rest);
    } catch (cause) {
      this.handlerFailed(cause);
    }
  }

  drained(): void {
    try {
      this.protocol.drained(now());
    } catch (cause) {
      this.handlerFailed(cause);
    }
  }

  closed(failure?: NetworkFailure): void {
    const error = networkError("The connection was lost.", failure);
    this.protocol.stop(error, now());
    this.finish(WebSocketState.Closed);
  }

  sendFrame(frame: Uint8Array): boolean {
    return this.socket.write(frame) === "taken";
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

  pingReceived(payload: Uint8Array): void {
    this.events.pingReceived(payload);
  }

  pongReceived(payload: Uint8Array): void {
    this.events.pongReceived(payload);
  }

  queueDrained(): void {
    this.events.queueDrained();
  }

  /** A handler has returned: where that is a promise, its rejection is what an exception is. */
  handlerReturned(returned: unknown): void {
    whenRejected(returned, (cause) => {
      this.handlerFailed(cause);
    });
  }

  /** The timer has rung. */
  timeCame(): void {
    this.timer = undefined;
    this.protocol.tick(now());
    this.arm();
  }

  private get isOver(): boolean {
    return this.state === WebSocketState.Closed || this.state === WebSocketState.Aborted;
  }

  private async resumeLater(): Promise<void> {
    for (let step = 0; step < PROMISE_STEPS; step++) await Promise.resolve();
    if (!this.isOver && !this.isPaused) this.socket.resume();
  }

  /** RFC 6455, 7.4.1: 1011 tells that an "unexpected condition" kept the request from being fulfilled. */
  private handlerFailed(cause: unknown): void {
    logError("An event handler threw; the connection is closed with 1011.", cause);
    if (this.isOver) return;
    const error = new ProtocolError(WebSocketCloseStatus.InternalServerError, "An event handler failed.", { cause });
    const wasPaused = this.isPaused;
    this.protocol.fail(error, now());
    // How the peer answers is to be seen.
    if (wasPaused) this.socket.resume();
  }

  private finish(endState: WebSocketState): void {
    if (this.isOver) return;
    this.protocol.state = endState;
    clearTimer(this.timer);
    this.timer = undefined;
    try {
      this.events.connectionClosed(this.protocol.outcome);
    } catch (cause) {
      logError(CLOSED_HANDLER_FAILED, cause);
    }
  }

  /** Sets the timer for the protocol's deadline, unless it rings before: it then looks again. */
  private arm(): void {
    const { deadline } = this.protocol;
    if (this.isOver || deadline === Infinity || (this.timer !== undefined && this.timerDeadline <= deadline)) return;
    clearTimer(this.timer);
    this.armFor(deadline);
  }

  private armFor(deadline: number): void {
    this.timerDeadline = deadline;
    this.timer = setTimer(tick, Math.max(1, Math.ceil(deadline - now())), this);
  }
}

function tick(connection: Connection): void {
  connection.timeCame();
}
