/** The methods of a hub, and how many of one client's calls run at the same time. */

import { logError } from "../log.js";
import { OptionError } from "../protocol/errors.js";
import { CallQueue, type CallQueueLimits } from "./callqueue.js";
import { HubException } from "./errors.js";
import type { HubLink } from "./hublink.js";
import { MessageType, type InvocationMessage, type StreamInvocationMessage } from "./hubprotocol.js";
import { isAsyncIterable, type HubStream, type StreamPump } from "./streams.js";

/**
 * A method of a hub: takes the caller's context, the arguments, and then the caller's streams as async iterables. What it
 * returns, or what its promise resolves with, is the result; an async iterable (an async generator) is a stream.
 */
export type HubMethod<Context> = (context: Context, ...values: never[]) => unknown;

/** The methods of a hub, by name; letter case does not matter. */
export class HubMethods<Context> {
  private readonly methods = new Map<string, HubMethod<Context>>();
  private readonly areErrorsDetailed: boolean;

  /** @throws OptionError where one is not a function, or two differ by letter case only */
  constructor(methods: Readonly<Record<string, HubMethod<Context>>>, areErrorsDetailed: boolean) {
    this.areErrorsDetailed = areErrorsDetailed;
    if (typeof methods !== "object") throw new OptionError("methods is an object of functions, by their names.");
    for (const [name, method] of Object.entries(methods)) {
      if (typeof method !== "function") throw new OptionError(`The method ${name} is not a function.`);
      if (this.methods.has(name.toLowerCase())) throw new OptionError(`There are two methods ${name}.`);
      this.methods.set(name.toLowerCase(), method);
    }
  }

  find(target: string): HubMethod<Context> | undefined {
    return this.methods.get(target.toLowerCase());
  }

  /** What a caller is told of an error; what it is not is logged. */
  describe(target: string, error: unknown): string {
    if (error instanceof HubException) return error.message;
    logError(`The hub's method "${target}" threw.`, error);
    const text = `An unexpected error occurred invoking '${target}' on the server.`;
    return this.areErrorsDetailed ? `${text} ${String(error)}` : text;
  }
}

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
export interface HubCallLimits extends CallQueueLimits {
  /** Calls that run at the same time. */
  readonly running: number;
  /** Streams in each direction. */
  readonly streams: number;
}

/** The calls of one client. */
export class HubCalls<Context> {
  private readonly methods: HubMethods<Context>;
  private readonly context: Context;
  private readonly link: HubLink;
  private readonly limits: HubCallLimits;
  private readonly streams = new Map<string, { readonly pump: StreamPump; readonly call: Call }>();
  /** Of calls that are not over; some of them may have come whole. */
  private readonly uploads = new Set<HubStream>();
  private readonly waiting: CallQueue<Call>;
  private readonly running = new Set<Call>();
  private isStarted = false;
  private isEnded = false;

  constructor(methods: HubMethods<Context>, context: Context, link: HubLink, limits: HubCallLimits) {
    this.methods = methods;
    this.context = context;
    this.link = link;
    this.limits = limits;
    this.waiting = new CallQueue(limits, link);
  }

  /**
   * Runs a call, now or in its turn.
   *
   * @returns false where too many wait already, and the caller cannot be told
   */
  add(message: Message, length: number): boolean {
    if (this.isEnded) return true;
    const isNext = this.isStarted && this.running.size < this.limits.running;
    if (!isNext && !this.waiting.mayWait(length)) {
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
    if (stream !== undefined) this.link.stopPump(stream.pump);
    this.closeUploads(call.uploads);
    this.complete(invocationId, {});
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
      for (const id of streamIds) uploads.push(this.link.openStream(id, () => undefined));
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
      return this.complete(invocationId, {});
    }
    if (this.link.pumpCount >= this.limits.streams || this.streams.has(invocationId)) {
      this.discard(call, items);
      throw new HubException("Too many streams are read (maximumStreams), or two have one id.");
    }
    const pump = this.link.startPump(invocationId, items, (error) => {
      this.streams.delete(invocationId);
      this.closeUploads(call.uploads);
      this.complete(invocationId, error === undefined ? {} : { error: this.methods.describe(target, error) });
    });
    this.streams.set(invocationId, { pump, call });
  }

  private refuse({ invocationId }: Message, error: string): void {
    if (invocationId !== undefined) this.complete(invocationId, { error });
  }

  private complete(invocationId: string, outcome: { readonly error?: string }): void {
    // The connection may be over: then nobody waits.
    this.link.send({ type: MessageType.Completion, invocationId, ...outcome }).catch(() => undefined);
  }

  /** Ends a stream that nobody reads, so that a generator runs its clean-up. */
  private discard({ uploads }: Call, items: AsyncIterable<unknown>): void {
    this.closeUploads(uploads);
    const cleanUp = async (): Promise<unknown> => items[Symbol.asyncIterator]().return?.();
    cleanUp().catch(() => undefined);
  }
}
