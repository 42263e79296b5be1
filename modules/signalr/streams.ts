/** Streams in both directions: what comes is read as an async iterable, and an async iterable is sent. */

import { now } from "#platform";

interface Buffered<Item> {
  readonly item: Item;
  readonly length: number;
}

interface Reader<Item> {
  readonly resolve: (result: IteratorResult<Item, undefined>) => void;
  readonly reject: (error: Error) => void;
}

const DONE: IteratorResult<never, undefined> = Object.freeze({ done: true, value: undefined });

/** Whom a stream tells. */
export interface HubStreamEvents {
  /** Its reader ends it. Called once, and not where it has ended before. */
  cancelled(): void;
  /** More waits to be read than should. */
  filled(): void;
  /** It was full, and is no more. */
  drained(): void;
}

/** A stream of the peer's. For one reader: `for await (const item of stream)`; leaving the loop cancels it. */
export class HubStream<Item = unknown> implements AsyncIterableIterator<Item, undefined, undefined> {
  private readonly maximumBuffered: number;
  private readonly events: HubStreamEvents;
  private buffer: Buffered<Item>[] = [];
  private buffered = 0;
  private readers: Reader<Item>[] = [];
  private lastReadAt = Infinity;
  private isEnded = false;
  private error: Error | undefined = undefined;

  /**
   * @internal
   * @param maximumBuffered characters of items that wait to be read before it is full
   */
  constructor(maximumBuffered: number, events: HubStreamEvents) {
    this.maximumBuffered = maximumBuffered;
    this.events = events;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** The next item. Rejects with what ended the stream. */
  async next(): Promise<IteratorResult<Item, undefined>> {
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

  /** Ends the stream: `for await` calls it where its loop is left early. */
  return(): Promise<IteratorResult<Item, undefined>> {
    this.cancel();
    return Promise.resolve(DONE);
  }

  /** Asks the peer to end the stream, and reads no more of it. */
  cancel(): void {
    this.buffer = [];
    this.error = undefined;
    if (this.isEnded) return;
    this.end();
    this.events.cancelled();
  }

  /**
   * Where it is full: when it was filled, or last read. Else Infinity.
   *
   * @internal
   */
  get unreadSince(): number {
    return this.lastReadAt;
  }

  /** @internal */
  push(item: Item, length: number): void {
    if (this.isEnded) return;
    const reader = this.readers.shift();
    if (reader !== undefined) return reader.resolve({ done: false, value: item });
    this.buffer.push({ item, length });
    this.buffered += length;
    if (this.isFull || this.buffered <= this.maximumBuffered) return;
    this.lastReadAt = now();
    this.events.filled();
  }

  /** @internal */
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
    // Nothing more comes of it.
    this.emptied();
  }

  private taken(length: number): void {
    this.buffered -= length;
    if (!this.isFull) return;
    // Not at each item: the network is slow to stop and to go on.
    if (this.buffered > this.maximumBuffered / 2) this.lastReadAt = now();
    else this.emptied();
  }

  private emptied(): void {
    if (!this.isFull) return;
    this.lastReadAt = Infinity;
    this.events.drained();
  }

  private get isFull(): boolean {
    return this.lastReadAt !== Infinity;
  }
}

/** What a pump tells. */
export interface PumpSink {
  /** Sends an item. Resolves when the next may come. */
  item(value: unknown): Promise<void>;
  /** The stream is over. Not called after `stop`. */
  done(error?: unknown): void;
}

/** Sends the items of an async iterable. */
export class StreamPump {
  private readonly iterator: AsyncIterator<unknown>;
  private isStopped = false;

  constructor(iterable: AsyncIterable<unknown>, sink: PumpSink) {
    this.iterator = iterable[Symbol.asyncIterator]();
    void this.run(sink);
  }

  /** Asks for no more items. */
  stop(): void {
    if (this.isStopped) return;
    this.isStopped = true;
    this.finish();
  }

  private async run(sink: PumpSink): Promise<void> {
    try {
      for (;;) {
        const result: IteratorResult<unknown, unknown> = await this.iterator.next();
        if (this.isOver || result.done === true) break;
        await this.pass(sink, result.value);
      }
      if (!this.isOver) sink.done();
    } catch (error) {
      if (!this.isOver) sink.done(error);
    }
    this.isStopped = true;
  }

  private async pass(sink: PumpSink, value: unknown): Promise<void> {
    try {
      await sink.item(value);
    } catch (error) {
      this.finish();
      throw error;
    }
  }

  /** It may have been stopped during an await, which a look at the field would not tell the compiler. */
  private get isOver(): boolean {
    return this.isStopped;
  }

  /** Runs the iterable's own clean-up, which may wait for as long as it likes. */
  private finish(): void {
    // It is not wanted any more: nobody is left to be told what its clean-up throws.
    const cleanUp = async (): Promise<unknown> => this.iterator.return?.();
    cleanUp().catch(() => undefined);
  }
}

/** Whether a value can be sent as a stream. */
export function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === "object" && value !== null && Symbol.asyncIterator in value;
}
