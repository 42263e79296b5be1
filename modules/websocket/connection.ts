/** Joins one protocol to one socket and one timer. Made anew for each connection; leaves nothing behind. */

import type { NetworkFailure, Socket, SocketHandlers } from "#network";
import { clearTimer, log, now, setTimer, type TimerHandle } from "#platform";
import { tellClosed, whenRejected } from "../common/handlers.js";
import { WebSocketCloseStatus, type FragmentationType, type Role } from "../common/constants.js";
import { ProtocolError } from "../common/errors.js";
import type { AgreedSettings, ConnectionSettings } from "../common/options.js";
import type { CloseOutcome } from "../protocol/closing.js";
import { Protocol, type ProtocolListener } from "../protocol/protocol.js";
import { MessageReceivedFrame, type ConnectionClosedEventArgs, type WebSocket } from "./websocket.js";

/**
 * Steps of promises from the end of the opening handshake to what follows `await connect()`, within a function or two
 * of the caller's. A timer alone may come before it: XS takes a turn of its main loop for each step.
 */
const PROMISE_STEPS = 5;

/**
 * A connection whose opening handshake is done: what is between a protocol, its socket and the WebSocket whose handlers it
 * calls. What these throw never reaches the host. It ends with the socket.
 */
export class Connection implements ProtocolListener, SocketHandlers {
  readonly protocol: Protocol;
  protected readonly webSocket: WebSocket;
  private timer: TimerHandle | undefined = undefined;
  private timerDeadline = Infinity;

  /**
   * Takes the socket over. Where it is paused, the first frames are told when whoever waits for the connection has set
   * its handlers.
   *
   * @param deflater where messages may be compressed
   */
  constructor(
    webSocket: WebSocket,
    role: Role,
    socket: Socket,
    settings: ConnectionSettings,
    deflater?: AgreedSettings["deflater"],
  ) {
    const agreed = deflater === undefined ? settings : { ...settings, deflater };
    this.protocol = new Protocol(role, agreed, socket, this, now());
    this.webSocket = webSocket;
    socket.handlers = this;
    this.deadlineMoved();
    if (socket.isPaused) void this.resumeLater(socket);
  }

  received(bytes: Uint8Array): void {
    try {
      this.protocol.receive(bytes, now());
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
    this.protocol.transportClosed(failure, now());
  }

  messageReceived(payload: Uint8Array | string, fragmentation: FragmentationType, textBytes?: Uint8Array): void {
    const { webSocket } = this;
    const e = new MessageReceivedFrame(webSocket, payload, fragmentation, textBytes);
    const returned = webSocket.onMessageReceived?.(webSocket, e);
    if (returned !== undefined) this.handlerReturned(returned);
  }

  pingReceived(payload: Uint8Array): void {
    const { webSocket } = this;
    this.handlerReturned(webSocket.onPingReceived?.(webSocket, payload));
  }

  pongReceived(payload: Uint8Array): void {
    const { webSocket } = this;
    this.handlerReturned(webSocket.onPongReceived?.(webSocket, payload));
  }

  queueDrained(): void {
    const { webSocket } = this;
    this.handlerReturned(webSocket.onDrained?.(webSocket));
  }

  connectionClosed(outcome: CloseOutcome): void {
    clearTimer(this.timer);
    this.timer = undefined;
    tellConnectionClosed(this.webSocket, outcome);
  }

  /** Sets the timer for the protocol's deadline, unless it rings before: it then looks again. */
  deadlineMoved(): void {
    const { isOver, deadline } = this.protocol;
    if (isOver || deadline === Infinity || (this.timer !== undefined && this.timerDeadline <= deadline)) return;
    clearTimer(this.timer);
    this.timerDeadline = deadline;
    this.timer = setTimer(tick, Math.max(1, Math.ceil(deadline - now())), this);
  }

  /** The timer has rung. */
  timeCame(): void {
    this.timer = undefined;
    this.protocol.tick(now());
    this.deadlineMoved();
  }

  /** A handler has returned: where that is a promise, its rejection is what an exception is. */
  protected handlerReturned(returned: unknown): void {
    whenRejected(returned, (cause) => {
      this.handlerFailed(cause);
    });
  }

  private async resumeLater(socket: Socket): Promise<void> {
    for (let step = 0; step < PROMISE_STEPS; step++) await Promise.resolve();
    if (!this.protocol.isOver && !this.protocol.isPaused) socket.resume();
  }

  /** RFC 6455, 7.4.1: 1011 tells that an "unexpected condition" kept the request from being fulfilled. */
  private handlerFailed(cause: unknown): void {
    log("An event handler threw; the connection is closed with 1011.", cause);
    const error = new ProtocolError(WebSocketCloseStatus.InternalServerError, "An event handler failed.", { cause });
    this.protocol.fail(error, now());
  }
}

function tick(connection: Connection): void {
  connection.timeCame();
}

/** Tells the handler of a connection how it ended. */
export function tellConnectionClosed(webSocket: WebSocket, outcome: CloseOutcome): void {
  tellClosed(() => webSocket.onConnectionClosed?.(webSocket, closedEventArgs(outcome)));
}

/** What is told of how a connection ended. */
export function closedEventArgs({ status, description, wasClean, error }: CloseOutcome): ConnectionClosedEventArgs {
  return { closeStatus: status, closeStatusDescription: description, wasClean, error };
}
