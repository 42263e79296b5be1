/** The streams that one side of a connection sends: async iterables. */

import { InvalidStateError } from "../../common/errors.js";
import { MessageType, type HubMessage } from "../wire/messages.js";

/** Where they go. */
export interface Sender {
  /** Whether something waits to be sent. */
  readonly isBusy: boolean;
  /** Where it is busy, or there was no room: resolves when nothing waits any more, or the connection is over. */
  idle(): Promise<void>;
  /**
   * Sends a message now.
   *
   * @returns false where there is no room
   * @throws InvalidStateError where the connection is over, OptionError for what cannot be sent
   */
  offer(message: HubMessage): boolean;
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
        // What is not asked for takes no memory: an item beside those that wait already would.
        if (this.owner.sender.isBusy) {
          await this.owner.sender.idle();
          continue;
        }
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
    const { sender } = this.owner;
    try {
      while (!this.isOver() && !sender.offer({ type: MessageType.StreamItem, invocationId, item: item ?? null }))
        await sender.idle();
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
