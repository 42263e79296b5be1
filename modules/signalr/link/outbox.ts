/** What waits until the WebSocket's queue has room: few messages, in their order. */

import { log } from "#platform";
import { InvalidStateError, WebSocketError } from "../../common/errors.js";
import type { WebSocket } from "../../websocket/websocket.js";

/** A message that waits; without `resolve` an answer, for which nobody waits. */
interface Waiting {
  readonly data: string | Uint8Array;
  readonly resolve?: () => void;
  readonly reject?: (error: WebSocketError) => void;
}

/** How much may wait. */
export interface OutboxLimits {
  /** Messages for which somebody waits. */
  readonly maximumWaitingSends: number;
  /** A quarter of it is what answers may take. */
  readonly maximumReceiveMessageSize: number;
}

/** Told of answers that the peer does not read. */
export interface OutboxListener {
  /** Too many wait: the peer is to ask for nothing more. */
  answersWait(): void;
  /** Few wait any more. */
  answersSent(): void;
}

/** What an answer that waits takes in memory beside its text: its objects on a 32-bit XS. */
const ANSWER_COST = 64;

/** The way out of one connection. */
export class Outbox {
  private readonly webSocket: WebSocket;
  private readonly limits: OutboxLimits;
  private readonly listener: OutboxListener;
  private waiting: Waiting[] = [];
  /** How many of those that wait are answers. */
  private answers = 0;
  /** What those take. */
  private answersCost = 0;
  private isHolding = false;
  private readonly idlers: (() => void)[] = [];
  private endError: WebSocketError | undefined = undefined;

  /** Takes over the `onDrained` of the WebSocket. */
  constructor(webSocket: WebSocket, limits: OutboxLimits, listener: OutboxListener) {
    this.webSocket = webSocket;
    this.limits = limits;
    this.listener = listener;
    webSocket.onDrained = () => this.drained();
  }

  /** Whether something waits, here or in the WebSocket. */
  get isBusy(): boolean {
    return this.waiting.length > 0 || this.webSocket.isBusy;
  }

  /** Where it is busy, or there was no room: resolves when nothing waits any more, or the connection is over. */
  idle(): Promise<void> {
    return new Promise((resolve) => {
      this.idlers.push(resolve);
    });
  }

  /**
   * Sends now.
   *
   * @returns false where there is no room
   * @throws InvalidStateError where the connection is over, OptionError for a message that the queue can never hold
   */
  trySend(data: string | Uint8Array): boolean {
    if (this.endError !== undefined) throw this.endError;
    return this.waiting.length === 0 && this.pass(data);
  }

  /** Sends, as soon as there is room. Rejects as `trySend` throws, and where too many wait already. */
  send(data: string | Uint8Array): Promise<void> {
    // Not an async function: on XS, what one keeps while it waits takes more than many a message.
    return new Promise((resolve, reject) => {
      if (this.trySend(data)) return resolve();
      const { maximumWaitingSends: most } = this.limits;
      if (this.waiting.length - this.answers >= most)
        throw new InvalidStateError(`${most} messages wait already (maximumWaitingSends): await send().`);
      this.waiting.push({ data, resolve, reject });
    });
  }

  /**
   * Sends an answer, as soon as there is room. None is lost, however many wait: who tells the peer to wait bounds them. Where
   * the connection is over, nobody waits for it.
   *
   * @throws OptionError for a message that the queue can never hold
   */
  answer(data: string | Uint8Array): void {
    if (this.endError !== undefined || this.trySend(data)) return;
    this.waiting.push({ data });
    this.answers++;
    this.answersCost += data.length + ANSWER_COST;
    this.adjust();
  }

  /** The connection is over. */
  end(error: WebSocketError): void {
    this.endError ??= error;
    const { waiting } = this;
    this.waiting = [];
    for (const { reject } of waiting) reject?.(error);
    this.tellIdle();
  }

  private drained(): void {
    for (let first = this.waiting[0]; first !== undefined; first = this.waiting[0]) {
      if (!this.passWaiting(first)) return;
      this.waiting.shift();
      if (first.resolve === undefined) this.answerSent(first);
    }
    this.tellIdle();
  }

  private answerSent({ data }: Waiting): void {
    this.answers--;
    this.answersCost -= data.length + ANSWER_COST;
    this.adjust();
  }

  /** Stops the peer, or lets it go on. */
  private adjust(): void {
    const most = this.limits.maximumReceiveMessageSize / 4;
    const isWanted = this.answersCost > (this.isHolding ? most / 2 : most);
    if (isWanted === this.isHolding) return;
    this.isHolding = isWanted;
    if (isWanted) this.listener.answersWait();
    else this.listener.answersSent();
  }

  private tellIdle(): void {
    for (const resolve of this.idlers.splice(0)) resolve();
  }

  private passWaiting({ data, resolve, reject }: Waiting): boolean {
    try {
      if (!this.pass(data)) return false;
      resolve?.();
    } catch (error) {
      if (reject === undefined) logUnsent(error);
      else reject(error instanceof WebSocketError ? error : new InvalidStateError(String(error)));
    }
    return true;
  }

  private pass(data: string | Uint8Array): boolean {
    return typeof data === "string" ? this.webSocket.sendString(data) : this.webSocket.sendBytes(data);
  }
}

/** What could not be sent because the connection is over has nobody to tell. */
export function logUnsent(error: unknown): void {
  if (!(error instanceof WebSocketError)) log("A message could not be sent.", error);
}
