/** The streams that one side of a connection sends: async iterables. */

import { InvalidStateError } from "../../common/errors.js";
import { MessageType, type HubMessage } from "../wire/messages.js";

/** Where they go. */
export interface Sender {
  /** Sends a message, as soon as there is room. */
  send(message: HubMessage): Promise<void>;
}

/** A stream that is sent. */
export interface OutgoingStream {
  readonly id: string;
  readonly items: AsyncIterable<unknown>;
}

/** Sends one stream. */
export class Pump {
  private readonly owner: OutgoingStreams;
  private iterator: AsyncIterator<unknown> | undefined = undefined;
  private isStopped = false;

  /** @param over told when it is over, unless it was stopped: with what it failed */
  constructor(owner: OutgoingStreams, stream: OutgoingStream, over: (error?: unknown) => void) {
    this.owner = owner;
    owner.pumps.add(this);
    void this.run(stream, over);
  }

  /** Asks for no more items. */
  stop(): void {
    if (this.isStopped) return;
    this.ended();
    this.finish();
  }

  private async run({ id, items }: OutgoingStream, over: (error?: unknown) => void): Promise<void> {
    let failure: unknown;
    try {
      // Not before whoever has begun it knows of it.
      await Promise.resolve();
      while (!this.isOver()) {
        this.iterator ??= items[Symbol.asyncIterator]();
        const result: IteratorResult<unknown, unknown> = await this.iterator.next();
        if (this.isOver() || result.done === true) break;
        await this.pass(id, result.value);
      }
    } catch (error) {
      failure = error ?? new Error("Unknown error.");
    }
    if (this.isOver()) return;
    this.ended();
    over(failure);
  }

  private async pass(invocationId: string, item: unknown): Promise<void> {
    try {
      await this.owner.sender.send({ type: MessageType.StreamItem, invocationId, item: item ?? null });
    } catch (error) {
      this.finish();
      throw error;
    }
  }

  /** It may have been stopped during an await, which a look at the field would not tell the compiler. */
  private isOver(): boolean {
    return this.isStopped;
  }

  private ended(): void {
    this.isStopped = true;
    this.owner.pumps.delete(this);
  }

  /** Runs the iterable's own clean-up, which may wait for as long as it likes. */
  private finish(): void {
    // It is not wanted any more: nobody is left to be told what its clean-up throws.
    const cleanUp = async (): Promise<unknown> => this.iterator?.return?.();
    cleanUp().catch(() => undefined);
  }
}

/** The streams of one connection. */
export class OutgoingStreams {
  readonly sender: Sender;
  readonly pumps = new Set<Pump>();
  private readonly maximum: number;

  constructor(sender: Sender, maximum: number) {
    this.sender = sender;
    this.maximum = maximum;
  }

  /** Whether so many more may be sent. */
  hasRoomFor(count: number): boolean {
    return count + this.pumps.size <= this.maximum;
  }

  /** @throws InvalidStateError where so many more are too many */
  check(count: number): void {
    if (!this.hasRoomFor(count))
      throw new InvalidStateError(`There are ${this.maximum} streams already (maximumStreams).`);
  }

  /** The connection is over. */
  end(): void {
    for (const pump of [...this.pumps]) pump.stop();
  }
}

/** Whether a value can be sent as a stream. */
export function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === "object" && value !== null && Symbol.asyncIterator in value;
}
