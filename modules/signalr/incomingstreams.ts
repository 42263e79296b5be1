/** The streams that a peer sends over one connection. While one of them is full, nothing is read from the connection. */

import { clearTimer, now, setTimer, type TimerHandle } from "#platform";
import { InvalidStateError, TimeoutError } from "../protocol/errors.js";
import { HubStream } from "./streams.js";

/** How much may come. */
export interface IncomingStreamSettings {
  readonly maximumStreams: number;
  readonly streamBufferSize: number;
  readonly streamStallTimeout: number;
}

/** The way in, which all streams of a connection share. */
export interface StreamGate {
  /** A stream is full: read nothing. */
  pause(): void;
  /** None is full any more. */
  resume(): void;
}

/** Told when a stream is over, but for the end of the connection: whether by the peer, which needs no CancelInvocation. */
export type StreamOver = (isByPeer: boolean) => void;

interface Incoming {
  readonly stream: HubStream;
  readonly over: StreamOver;
}

/** The streams of one connection. */
export class IncomingStreams {
  private readonly settings: IncomingStreamSettings;
  private readonly gate: StreamGate;
  private readonly streams = new Map<string, Incoming>();
  /** How many of them are full. */
  private fullCount = 0;
  private timer: TimerHandle | undefined = undefined;
  private isOver = false;

  constructor(settings: IncomingStreamSettings, gate: StreamGate) {
    this.settings = settings;
    this.gate = gate;
  }

  /**
   * Expects a stream.
   *
   * @throws InvalidStateError where there are too many
   */
  open(id: string, over: StreamOver): HubStream {
    const { maximumStreams, streamBufferSize } = this.settings;
    if (this.streams.size >= maximumStreams || this.streams.has(id))
      throw new InvalidStateError(`There are ${maximumStreams} streams already (maximumStreams).`);
    const stream = new HubStream(streamBufferSize, {
      cancelled: () => {
        this.streams.delete(id);
        over(false);
      },
      filled: () => this.filled(),
      drained: () => this.drained(),
    });
    this.streams.set(id, { stream, over });
    return stream;
  }

  /** An item came. That of a stream which is not known is late: its reader has left. */
  receive(id: string, item: unknown, length: number): void {
    this.streams.get(id)?.stream.push(item, length);
  }

  /** The peer has ended a stream. @returns whether it was known */
  complete(id: string, error?: Error): boolean {
    const incoming = this.take(id);
    incoming?.stream.end(error);
    incoming?.over(true);
    return incoming !== undefined;
  }

  /** A stream could not even be asked for. */
  fail(id: string, error: Error): void {
    this.take(id)?.stream.end(error);
  }

  /** The connection is over. */
  end(error: Error): void {
    this.isOver = true;
    if (this.timer !== undefined) clearTimer(this.timer);
    for (const id of [...this.streams.keys()]) this.fail(id, error);
  }

  private take(id: string): Incoming | undefined {
    const incoming = this.streams.get(id);
    this.streams.delete(id);
    return incoming;
  }

  private filled(): void {
    if (++this.fullCount > 1 || this.isOver) return;
    this.gate.pause();
    this.watch();
  }

  private drained(): void {
    if (--this.fullCount === 0 && !this.isOver) this.gate.resume();
  }

  /**
   * Looks at the full streams when the one that was not read for longest may have had its time. A timer that is set
   * stays: streams are full and not in turn, up to a thousand times a second.
   */
  private watch(): void {
    const { streamStallTimeout } = this.settings;
    if (streamStallTimeout === 0 || this.fullCount === 0 || this.timer !== undefined) return;
    let readAt = Infinity;
    for (const { stream } of this.streams.values()) readAt = Math.min(readAt, stream.unreadSince);
    const remainingMs = Math.max(1, Math.ceil(readAt + streamStallTimeout - now()));
    this.timer = setTimer(() => {
      this.timer = undefined;
      this.failStalled(now() - streamStallTimeout);
      if (!this.isOver) this.watch();
    }, remainingMs);
  }

  /** What nobody reads must not hold the others up for ever. */
  private failStalled(readBefore: number): void {
    const { streamStallTimeout } = this.settings;
    for (const [id, { stream, over }] of [...this.streams]) {
      if (stream.unreadSince > readBefore) continue;
      const message = `A full stream was not read for ${streamStallTimeout} ms (streamStallTimeout, streamBufferSize).`;
      this.fail(id, new TimeoutError(message));
      over(false);
    }
  }
}
