/** The calls of one client: how many run at the same time, what waits, and the streams in both directions. */

import { HubException } from "../errors.js";
import type { HubStream } from "../link/incoming.js";
import type { HubLink } from "../link/link.js";
import { isAsyncIterable, Pump } from "../link/outgoing.js";
import { MessageType, type InvocationMessage, type StreamInvocationMessage } from "../wire/messages.js";
import type { HubCallerContext } from "./context.js";
import type { HubMethods } from "./methods.js";
import { WaitingCalls, type WaitingLimits } from "./waiting.js";

type Message = InvocationMessage | StreamInvocationMessage;

/** A call, and the streams that its caller sends to it: they may come before its turn does. */
interface Call {
  message: Message;
  /** Characters of its record. */
  readonly length: number;
  readonly uploads: readonly HubStream[];
  /** The caller wants nothing of it any more. */
  isCancelled: boolean;
}

/** How much one client may ask for. */
export interface CallLimits extends WaitingLimits {
  /** Calls that run at the same time. */
  readonly running: number;
  /** Streams in each direction. */
  readonly streams: number;
}

/** The calls of one client. */
export class Calls {
  private readonly methods: HubMethods;
  private readonly context: HubCallerContext;
  private readonly link: HubLink;
  private readonly limits: CallLimits;
  private readonly streams = new Map<string, { readonly pump: Pump; readonly call: Call }>();
  /** Of calls that are not over; some of them may have come whole. */
  private readonly uploads = new Set<HubStream>();
  private readonly waiting: WaitingCalls<Call>;
  private readonly running = new Set<Call>();
  private isStarted = false;
  private isEnded = false;

  constructor(methods: HubMethods, context: HubCallerContext, link: HubLink, limits: CallLimits) {
    this.methods = methods;
    this.context = context;
    this.link = link;
    this.limits = limits;
    this.waiting = new WaitingCalls(limits, link);
  }

  /**
   * Runs a call, now or in its turn.
   *
   * @returns false where too many wait already, and the caller cannot be told
   */
  add(message: Message, length: number): boolean {
    if (this.isEnded) return true;
    const isNext = this.isStarted && this.running.size < this.limits.running;
    if (!isNext && !this.waiting.hasRoomFor(length)) {
      this.refuse(message, "Too many invocations wait (maximumWaitingInvocations).");
      return message.invocationId !== undefined;
    }
    const uploads = this.openUploads(message);
    if (uploads === undefined) this.refuse(message, "Too many streams are sent (maximumStreams), or two have one id.");
    else {
      const call = { message, length, uploads, isCancelled: false };
      if (isNext) void this.run(call);
      else this.waiting.push(call);
    }
    return true;
  }

  /** Runs calls from now on, those that have waited first. */
  start(): void {
    this.isStarted = !this.isEnded;
    while (this.running.size < this.limits.running) {
      const next = this.waiting.shift();
      if (next === undefined) return;
      void this.run(next);
    }
  }

  /** The client wants no more of a stream. "The server sends a Completion" all the same. */
  cancel(invocationId: string): void {
    const stream = this.streams.get(invocationId);
    const isIt = ({ message }: Call): boolean => message.invocationId === invocationId;
    const call = stream?.call ?? this.waiting.find(isIt);
    if (call === undefined) return this.cancelRunning([...this.running].find(isIt));
    this.waiting.remove(call);
    this.streams.delete(invocationId);
    stream?.pump.stop();
    this.closeUploads(call.uploads);
    this.link.complete(invocationId, {});
  }

  /** A call to the client has begun, or is over: its answer has to be read, whatever waits. */
  answerAwaited(): void {
    if (!this.isEnded) this.waiting.adjust();
  }

  /** The connection is over: its streams end with it. */
  end(): void {
    this.isEnded = true;
    this.waiting.end();
    this.streams.clear();
  }

  /** Its method is at work: the stream that it returns will not be begun. */
  private cancelRunning(call: Call | undefined): void {
    if (call?.message.type === MessageType.StreamInvocation) call.isCancelled = true;
  }

  private async run(call: Call): Promise<void> {
    this.running.add(call);
    try {
      // The method begins on a stack of its own: that of XS is small, and we are deep in what reads the socket.
      await Promise.resolve();
      const answer = await this.answer(call);
      if (answer !== undefined) await this.link.sendData(answer);
    } catch (error) {
      // Without its connection, a call may fail as it likes.
      if (!this.isEnded) this.refuse(call.message, this.methods.describe(call.message.target, error));
    }
    this.running.delete(call);
    const next = this.waiting.shift();
    if (next !== undefined) void this.run(next);
  }

  /** @returns its answer, formatted; undefined where there is none, or a stream */
  private async answer(call: Call): Promise<string | Uint8Array | undefined> {
    const { message, uploads } = call;
    const { target, invocationId } = message;
    // When the answer waits to be sent, nothing else of the call is to take memory.
    call.message = { ...message, arguments: [] };
    let isStream = false;
    try {
      const method = this.methods.find(target);
      if (method === undefined)
        throw new HubException(
          `Failed to invoke '${target}' due to an error on the server. HubException: Method does not exist.`,
        );
      const result = await method(this.context, ...([...message.arguments, ...uploads] as never[]));
      isStream = isAsyncIterable(result);
      if (isStream) this.startStream(call, result as AsyncIterable<unknown>);
      else if (message.type === MessageType.StreamInvocation)
        throw new HubException(
          `The client attempted to invoke the non-streaming '${target}' method with a streaming invocation.`,
        );
      else if (invocationId !== undefined) return this.formatResult(invocationId, result);
      return undefined;
    } finally {
      if (!isStream) this.closeUploads(uploads);
    }
  }

  private formatResult(invocationId: string, result: unknown): string | Uint8Array {
    const message = { type: MessageType.Completion, invocationId } as const;
    return this.link.format(result === undefined ? message : { ...message, result });
  }

  /** @returns undefined where there are too many */
  private openUploads({ streamIds = [] }: Message): HubStream[] | undefined {
    // Those that wait for their call to be run take memory, too, even when the client has ended them.
    if (this.uploads.size + streamIds.length > this.limits.streams) return undefined;
    const uploads: HubStream[] = [];
    try {
      // What a client still sends of a stream that nobody reads any more is passed over.
      for (const id of streamIds) uploads.push(this.link.incoming.open(id, () => undefined));
    } catch {
      this.closeUploads(uploads);
      return undefined;
    }
    for (const upload of uploads) this.uploads.add(upload);
    return uploads;
  }

  private closeUploads(uploads: readonly HubStream[]): void {
    for (const upload of uploads) {
      this.uploads.delete(upload);
      upload.cancel();
    }
  }

  private startStream(call: Call, items: AsyncIterable<unknown>): void {
    const { message } = call;
    const { target } = message;
    if (message.type === MessageType.Invocation) {
      this.discard(call, items);
      throw new HubException(
        `The client attempted to invoke the streaming '${target}' method with a non-streaming invocation.`,
      );
    }
    const { invocationId } = message;
    if (call.isCancelled || this.isEnded) {
      this.discard(call, items);
      return this.link.complete(invocationId, {});
    }
    if (!this.link.outgoing.hasRoomFor(1) || this.streams.has(invocationId)) {
      this.discard(call, items);
      throw new HubException("Too many streams are read (maximumStreams), or two have one id.");
    }
    const pump = new Pump(this.link.outgoing, { id: invocationId, items }, (error) => {
      this.streams.delete(invocationId);
      this.closeUploads(call.uploads);
      this.link.complete(invocationId, error === undefined ? {} : { error: this.methods.describe(target, error) });
    });
    this.streams.set(invocationId, { pump, call });
  }

  private refuse({ invocationId }: Message, error: string): void {
    if (invocationId !== undefined) this.link.complete(invocationId, { error });
  }

  /** Ends a stream that nobody reads, so that a generator runs its clean-up. */
  private discard({ uploads }: Call, items: AsyncIterable<unknown>): void {
    this.closeUploads(uploads);
    const cleanUp = async (): Promise<unknown> => items[Symbol.asyncIterator]().return?.();
    cleanUp().catch(() => undefined);
  }
}
