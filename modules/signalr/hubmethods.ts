/** The methods of a hub, and how many of one client's calls run at the same time. */

import { logError } from "../connection.js";
import { OptionError } from "../protocol/errors.js";
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

type Call = InvocationMessage | StreamInvocationMessage;

/** The calls of one client. */
export class HubCalls<Context> {
  private readonly methods: HubMethods<Context>;
  private readonly context: Context;
  private readonly link: HubLink;
  private readonly limits: { readonly running: number; readonly waiting: number; readonly streams: number };
  private readonly streams = new Map<string, StreamPump>();
  private waiting: Call[] = [];
  private running = 0;
  private isStarted = false;
  private isEnded = false;

  constructor(
    methods: HubMethods<Context>,
    context: Context,
    link: HubLink,
    limits: { readonly running: number; readonly waiting: number; readonly streams: number },
  ) {
    this.methods = methods;
    this.context = context;
    this.link = link;
    this.limits = limits;
  }

  /**
   * Runs a call, now or in its turn.
   *
   * @returns false where too many wait already, and the caller cannot be told
   */
  add(call: Call): boolean {
    if (this.isEnded) return true;
    if (this.isStarted && this.running < this.limits.running) void this.run(call);
    else if (this.waiting.length < this.limits.waiting) this.waiting.push(call);
    else if (call.invocationId === undefined) return false;
    else this.refuse(call, "Too many invocations wait (maximumWaitingInvocations).");
    return true;
  }

  /** Runs calls from now on, those that have waited first. */
  start(): void {
    this.isStarted = !this.isEnded;
    while (this.running < this.limits.running) {
      const next = this.waiting.shift();
      if (next === undefined) return;
      void this.run(next);
    }
  }

  /** The client wants no more of a stream. "The server sends a Completion" all the same. */
  cancel(invocationId: string): void {
    const pump = this.streams.get(invocationId);
    this.waiting = this.waiting.filter((call) => call.invocationId !== invocationId);
    if (pump === undefined) return;
    this.streams.delete(invocationId);
    this.link.stopPump(pump);
    this.complete(invocationId, {});
  }

  /** The connection is over. */
  end(): void {
    this.isEnded = true;
    this.waiting = [];
    this.streams.clear();
  }

  private async run(call: Call): Promise<void> {
    this.running++;
    try {
      await this.answer(call);
    } catch (error) {
      // Without its connection, a call may fail as it likes.
      if (!this.isEnded) this.refuse(call, this.methods.describe(call.target, error));
    }
    this.running--;
    const next = this.waiting.shift();
    if (next !== undefined) void this.run(next);
  }

  private async answer(call: Call): Promise<void> {
    const { target, invocationId } = call;
    const method = this.methods.find(target);
    if (method === undefined)
      throw new HubException(`Failed to invoke '${target}' due to an error on the server. Method does not exist.`);
    const uploads = this.openUploads(call);
    let isStream = false;
    try {
      const result = await method(this.context, ...([...call.arguments, ...uploads] as never[]));
      isStream = isAsyncIterable(result);
      if (isStream) this.startStream(call, result as AsyncIterable<unknown>, uploads);
      else if (call.type === MessageType.StreamInvocation)
        throw new HubException(`The client attempted to invoke the non-streaming '${target}' method as a stream.`);
      else if (invocationId !== undefined) await this.sendResult(invocationId, result);
    } finally {
      if (!isStream) for (const upload of uploads) upload.cancel();
    }
  }

  private async sendResult(invocationId: string, result: unknown): Promise<void> {
    const message = { type: MessageType.Completion, invocationId } as const;
    await this.link.send(result === undefined ? message : { ...message, result });
  }

  private openUploads({ streamIds = [] }: Call): HubStream[] {
    const uploads: HubStream[] = [];
    try {
      // What a client still sends of a stream that nobody reads any more is passed over.
      for (const id of streamIds) uploads.push(this.link.openStream(id, () => undefined));
    } catch {
      for (const upload of uploads) upload.cancel();
      throw new HubException("Too many streams are sent (maximumStreams), or two have one id.");
    }
    return uploads;
  }

  private startStream(call: Call, items: AsyncIterable<unknown>, uploads: readonly HubStream[]): void {
    const { target, invocationId } = call;
    if (call.type === MessageType.Invocation || invocationId === undefined) {
      void Promise.resolve(items[Symbol.asyncIterator]().return?.()).catch(() => undefined);
      for (const upload of uploads) upload.cancel();
      throw new HubException(`The client attempted to invoke the streaming '${target}' method without a stream.`);
    }
    if (this.link.pumpCount >= this.limits.streams || this.streams.has(invocationId))
      throw new HubException("Too many streams are read (maximumStreams), or two have one id.");
    const pump = this.link.startPump(invocationId, items, (error) => {
      this.streams.delete(invocationId);
      for (const upload of uploads) upload.cancel();
      this.complete(invocationId, error === undefined ? {} : { error: this.methods.describe(target, error) });
    });
    this.streams.set(invocationId, pump);
  }

  private refuse({ invocationId }: Call, error: string): void {
    if (invocationId !== undefined) this.complete(invocationId, { error });
  }

  private complete(invocationId: string, outcome: { readonly error?: string }): void {
    // The connection may be over: then nobody waits.
    this.link.send({ type: MessageType.Completion, invocationId, ...outcome }).catch(() => undefined);
  }
}
