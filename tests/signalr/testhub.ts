/** The hub that all clients are tested with. tests/interop/dotnet/SignalRServer has the same methods. Runs on XS too. */

import { HubException, type HubServerOptions } from "xs-websockets/signalr/server";
import { letTimePass } from "../support/waiting.js";

/** What streams that were cut off count. */
export interface HubCounters {
  cancelledStreams: number;
}

async function* count(counters: HubCounters, limit: number, delayMs: number): AsyncGenerator<number, void, undefined> {
  let isDone = false;
  try {
    for (let item = 0; item < limit; item++) {
      if (delayMs > 0) await letTimePass(delayMs);
      yield item;
    }
    isDone = true;
  } finally {
    if (!isDone) counters.cancelledStreams++;
  }
}

/** Takes as many items as there are, then fails. */
async function* failAfter(limit: number): AsyncGenerator<number, void, undefined> {
  for (let item = 0; item < limit; item++) {
    await Promise.resolve();
    yield item;
  }
  throw new HubException("stream failed");
}

async function* doubled(items: AsyncIterable<number>): AsyncGenerator<number, void, undefined> {
  for await (const item of items) yield 2 * item;
}

async function* texts(count: number, length: number): AsyncGenerator<string, void, undefined> {
  const text = "x".repeat(length);
  for (let item = 0; item < count; item++) {
    await Promise.resolve();
    yield text;
  }
}

/** Takes a pause at every 50th item. */
async function sumSlowly(delayMs: number, items: AsyncIterable<number>): Promise<number> {
  let sum = 0;
  for await (const item of items) {
    if (item % 50 === 0) await letTimePass(delayMs);
    sum += item;
  }
  return sum;
}

/** The methods of the hub. @param lose closes a client's connection, and lets it connect again */
export function createTestHub(counters: HubCounters, lose: (connectionId: string) => void): HubServerOptions {
  return {
    // Little, so that streams are slowed down at every opportunity.
    streamBufferSize: 1_000,
    // More than the defaults: texts of 4 KB, 100 calls at once, and several streams come.
    maxClients: 8,
    maximumReceiveMessageSize: 8_192,
    maximumReceiveValues: 1_000,
    maximumStreams: 8,
    maximumWaitingSends: 32,
    maximumPendingInvocations: 32,
    methods: {
      Add: (_context, one: number, other: number) => one + other,
      Echo: (_context, value: unknown) => value,
      Nothing: () => undefined,
      Fail: (_context, message: string) => {
        throw new HubException(message);
      },
      FailHidden: () => {
        throw new RangeError("secret");
      },
      Wait: (_context, delayMs: number) => letTimePass(delayMs),
      MyId: ({ connectionId }) => connectionId,
      Count: (_context, limit: number, delayMs: number) => count(counters, limit, delayMs),
      CancelledStreams: () => counters.cancelledStreams,
      FailingStream: (_context, limit: number) => failAfter(limit),
      Sum: async (_context, items: AsyncIterable<number>) => {
        let sum = 0;
        for await (const item of items) sum += item;
        return sum;
      },
      SlowSum: (_context, delayMs: number, items: AsyncIterable<number>) => sumSlowly(delayMs, items),
      Texts: (_context, limit: number, length: number) => texts(limit, length),
      Doubled: (_context, items: AsyncIterable<number>) => doubled(items),
      AskName: ({ clients }) => clients.caller.invoke("GetName"),
      Join: ({ groups, connectionId }, name: string) => void groups.add(connectionId, name),
      Leave: ({ groups, connectionId }, name: string) => void groups.remove(connectionId, name),
      TellGroup: ({ clients }, name: string, text: string) => void clients.group(name).send("Told", text),
      TellAll: ({ clients }, text: string) => void clients.all.send("Told", text),
      TellOthers: ({ clients }, text: string) => void clients.others.send("Told", text),
      TellClient: ({ clients }, id: string, text: string) => void clients.client(id).send("Told", text),
      Abort: (context) => context.abort(),
      Lose: ({ connectionId }) => lose(connectionId),
    },
  };
}
