/** The streams that a peer sends over one connection. While one of them is full, nothing is read from the connection. */

import { clearTimer, now, setTimer, type TimerHandle } from "#platform";
import { InvalidStateError, TimeoutError } from "../../common/errors.js";

/** A stream of the peer's. For one reader: `for await (const item of stream)`; leaving the loop cancels it. */
export interface HubStream<Item = unknown> extends AsyncIterableIterator<Item, undefined, undefined> {
  /**
   * Waits for the next item.
   *
   * @returns it; `done` behind the last
   * @throws (rejects) what ended the stream: HubException, HubClosedError
   */
  next(): Promise<IteratorResult<Item, undefined>>;
  /**
   * Ends the stream: `for await` calls it where its loop is left early.
   *
   * @returns resolves at once
   */
  return(): Promise<IteratorResult<Item, undefined>>;
  /** Asks the peer to end the stream, and reads no more of it. */
  cancel(): void;
  /** Itself, for `for await`. @returns this */
  [Symbol.asyncIterator](): this;
}

/** How much may come. */
export interface IncomingStreamSettings {
  readonly maximumStreams: number;
  readonly streamBufferSize: number;
  readonly streamStallTimeout: number;
}

/** Told when a stream is over, but for the end of the connection: whether by the peer, which needs no CancelInvocation. */
export type StreamOver = (isByPeer: boolean) => void;

/** The way in, which all streams of a connection share. */
export interface StreamGate {
  /** A stream is full: nothing is to be read. */
  hold(): void;
  /** None is full any more. */
  release(): void;
}

interface Buffered {
  readonly item: unknown;
  readonly length: number;
}

interface Reader {
  readonly resolve: (result: IteratorResult<unknown, undefined>) => void;
  readonly reject: (error: Error) => void;
}

const DONE: IteratorResult<never, undefined> = Object.freeze({ done: true, value: undefined });

/** One stream, and what came of it and is not read. */
class IncomingStream implements HubStream {
  /** Where it is full: when it was filled, or last read. Else Infinity. */
  unreadSince = Infinity;
  readonly over: StreamOver;
  private readonly owner: IncomingStreams;
  private readonly id: string;
  private buffer: Buffered[] = [];
  private buffered = 0;
  private readers: Reader[] = [];
  private isEnded = false;
  private error: Error | undefined = undefined;

  constructor(owner: IncomingStreams, id: string, over: StreamOver) {
    this.owner = owner;
    this.id = id;
    this.over = over;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<unknown, undefined>> {
    const first = this.buffer.shift();
    if (first !== undefined) {
      this.taken(first.length);
      return { done: false, value: first.item };
    }
    const { error } = this;
    this.error = undefined;
    if (error !== undefined) throw error;
    if (this.isEnded) return DONE;
    return new Promise((resolve, reject) => {
      this.readers.push({ resolve, reject });
    });
  }

  return(): Promise<IteratorResult<unknown, undefined>> {
    this.cancel();
    return Promise.resolve(DONE);
  }

  cancel(): void {
    this.buffer = [];
    this.error = undefined;
    if (this.isEnded) return;
    this.end();
    this.owner.remove(this.id);
    this.over(false);
  }

  push(item: unknown, length: number): void {
    if (this.isEnded) return;
    const reader = this.readers.shift();
    if (reader !== undefined) return reader.resolve({ done: false, value: item });
    this.buffer.push({ item, length });
    this.buffered += length;
    if (this.isFull || this.buffered <= this.owner.settings.streamBufferSize) return;
    this.unreadSince = now();
    this.owner.filled();
  }

  /** Nothing more comes of it. */
  end(error?: Error): void {
    if (this.isEnded) return;
    this.isEnded = true;
    const { readers } = this;
    this.readers = [];
    if (readers.length === 0) this.error = error;
    for (const { resolve, reject } of readers) {
      if (error === undefined) resolve(DONE);
      else reject(error);
    }
    this.emptied();
  }

  private taken(length: number): void {
    this.buffered -= length;
    if (!this.isFull) return;
    // Not at each item: the network is slow to stop and to go on.
    if (this.buffered > this.owner.settings.streamBufferSize / 2) this.unreadSince = now();
    else this.emptied();
  }

  private emptied(): void {
    if (!this.isFull) return;
    this.unreadSince = Infinity;
    this.owner.drained();
  }

  private get isFull(): boolean {
    return this.unreadSince !== Infinity;
  }
}

/** The streams of one connection. */
export class IncomingStreams {
  readonly settings: IncomingStreamSettings;
  private readonly gate: StreamGate;
  private readonly streams = new Map<string, IncomingStream>();
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
    const { maximumStreams } = this.settings;
    if (this.streams.size >= maximumStreams || this.streams.has(id))
      throw new InvalidStateError(`There are ${maximumStreams} streams already (maximumStreams).`);
    const stream = new IncomingStream(this, id, over);
    this.streams.set(id, stream);
    return stream;
  }

  /** An item came. That of a stream which is not known is late: its reader has left. */
  receive(id: string, item: unknown, length: number): void {
    this.streams.get(id)?.push(item, length);
  }

  /** The peer has ended a stream. @returns whether it was known */
  complete(id: string, error?: Error): boolean {
    const stream = this.fail(id, error);
    stream?.over(true);
    return stream !== undefined;
  }

  /** A stream could not even be asked for, or is over for another reason than the peer's. @returns it, if it was known */
  fail(id: string, error: Error | undefined): IncomingStream | undefined {
    const stream = this.streams.get(id);
    this.remove(id);
    stream?.end(error);
    return stream;
  }

  /** The connection is over. */
  end(error: Error): void {
    this.isOver = true;
    clearTimer(this.timer);
    for (const id of [...this.streams.keys()]) this.fail(id, error);
  }

  /** A stream expects nothing more. */
  remove(id: string): void {
    this.streams.delete(id);
  }

  /** A stream is full. */
  filled(): void {
    if (++this.fullCount > 1 || this.isOver) return;
    this.gate.hold();
    this.watch();
  }

  /** A stream was full, and is no more. */
  drained(): void {
    if (--this.fullCount === 0 && !this.isOver) this.gate.release();
  }

  /**
   * Looks at the full streams when the one that was not read for longest may have had its time. A timer that is set
   * stays: streams are full and not in turn, up to a thousand times a second.
   */
  private watch(): void {
    const { streamStallTimeout } = this.settings;
    if (streamStallTimeout === 0 || this.fullCount === 0 || this.timer !== undefined) return;
    let readAt = Infinity;
    for (const { unreadSince } of this.streams.values()) readAt = Math.min(readAt, unreadSince);
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
    for (const [id, { unreadSince, over }] of [...this.streams]) {
      if (unreadSince > readBefore) continue;
      const message = `A full stream was not read for ${streamStallTimeout} ms (streamStallTimeout, streamBufferSize).`;
      this.fail(id, new TimeoutError(message));
      over(false);
    }
  }
}
