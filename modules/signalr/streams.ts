/** Streams in both directions: what comes is read as an async iterable, and an async iterable is sent. */

import { HubProtocolError } from "./errors.js";

interface Buffered<Item> {
  readonly item: Item;
  readonly length: number;
}

interface Reader<Item> {
  readonly resolve: (result: IteratorResult<Item, undefined>) => void;
  readonly reject: (error: Error) => void;
}

const DONE: IteratorResult<never, undefined> = Object.freeze({ done: true, value: undefined });

/** A stream of the peer's. For one reader: `for await (const item of stream)`; leaving the loop cancels it. */
export class HubStream<Item = unknown> implements AsyncIterableIterator<Item, undefined, undefined> {
  private readonly maximumBuffered: number;
  private readonly cancelled: () => void;
  private buffer: Buffered<Item>[] = [];
  private buffered = 0;
  private readers: Reader<Item>[] = [];
  private isEnded = false;
  private error: Error | undefined = undefined;

  /**
   * @internal
   * @param maximumBuffered characters of items that wait to be read
   * @param cancelled called once where the reader, or an overflow, ends the stream
   */
  constructor(maximumBuffered: number, cancelled: () => void) {
    this.maximumBuffered = maximumBuffered;
    this.cancelled = cancelled;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** The next item. Rejects with what ended the stream. */
  async next(): Promise<IteratorResult<Item, undefined>> {
    const first = this.buffer.shift();
    if (first !== undefined) {
      this.buffered -= first.length;
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
    this.cancelled();
  }

  /** @internal */
  push(item: Item, length: number): void {
    if (this.isEnded) return;
    const reader = this.readers.shift();
    if (reader !== undefined) return reader.resolve({ done: false, value: item });
    this.buffered += length;
    if (this.buffered > this.maximumBuffered) {
      this.end(new HubProtocolError("The items of a stream come faster than they are read: raise streamBufferSize."));
      this.cancelled();
    } else this.buffer.push({ item, length });
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
