/** What a HubConnection does with the hub of testhub.ts, whoever hosts it. Runs on XS too. */

import { HubConnection, HubConnectionState, type HubConnectionOptions } from "xs-websockets/signalr/client";
import { assert, assertEqual, type Tests } from "../support/assertions.js";
import { eventually, letTimePass } from "../support/waiting.js";

/** Where the hub is, and what it does otherwise. */
export interface ClientSuite {
  readonly url: string;
  readonly options?: HubConnectionOptions;
}

async function* numbers(count: number): AsyncGenerator<number, void, undefined> {
  for (let item = 0; item < count; item++) {
    await Promise.resolve();
    yield item;
  }
}

/** What a promise rejects with. */
export async function failureOf(promise: Promise<unknown>): Promise<Error> {
  try {
    await promise;
  } catch (error) {
    assert(error instanceof Error, "what is thrown is an Error");
    return error;
  }
  throw new Error("it did not fail");
}

/** Runs `use` with connections that are started, and stops them. */
async function connected(
  { url, options }: ClientSuite,
  count: number,
  use: (...connections: HubConnection[]) => Promise<void>,
): Promise<void> {
  const connections = Array.from({ length: count }, () => new HubConnection(url, options));
  try {
    for (const connection of connections) await connection.start();
    await use(...connections);
  } finally {
    for (const connection of connections) await connection.stop();
  }
  for (const { state } of connections) assertEqual(state, HubConnectionState.Disconnected, "the state after stop");
}

function one(
  suite: ClientSuite,
  use: (connection: HubConnection) => Promise<void>,
  options: HubConnectionOptions = {},
): () => Promise<void> {
  // The suite learns its URL late.
  return () => connected({ ...suite, options: { ...suite.options, ...options } }, 1, (connection) => use(connection));
}

function two(
  suite: ClientSuite,
  use: (first: HubConnection, second: HubConnection) => Promise<void>,
): () => Promise<void> {
  return () => connected(suite, 2, (first, second) => use(first, second));
}

function calls(suite: ClientSuite): Tests {
  return {
    "invoke gives the result": one(suite, async (connection) => {
      assertEqual(await connection.invoke("Add", 1, 2), 3, "the sum");
      assertEqual(await connection.invokeCore("add", [3, 4]), 7, "the sum by another letter case");
      // ASP.NET Core sends a result of null for none.
      assertEqual((await connection.invoke("Nothing")) ?? undefined, undefined, "no result");
    }),
    "values come back as they went": one(suite, async (connection) => {
      for (const value of [null, true, 1.5, 'ä\u001e€"\\', [1, [2]], { a: { b: null } }, "x".repeat(4_096)]) {
        const back = await connection.invoke("Echo", value);
        assertEqual(JSON.stringify(back), JSON.stringify(value), "the value");
      }
    }),
    "many calls at the same time each get their own result": one(suite, async (connection) => {
      const sums = await Promise.all(Array.from({ length: 20 }, (_, at) => connection.invoke("Add", at, 1)));
      assertEqual(sums.join(" "), Array.from({ length: 20 }, (_, at) => at + 1).join(" "), "the sums");
    }),
    "a failing method tells what it means to, and nothing else": one(suite, async (connection) => {
      const error = await failureOf(connection.invoke("Fail", "wrong colour"));
      assertEqual(error.name, "HubException", "the error's name");
      assert(error.message.includes("wrong colour"), `the message has the text: ${error.message}`);
      const hidden = await failureOf(connection.invoke("FailHidden"));
      assert(!hidden.message.includes("secret"), `the message hides the text: ${hidden.message}`);
      assert((await failureOf(connection.invoke("NoSuchMethod"))).message !== "", "an unknown method fails");
      assertEqual(await connection.invoke("Add", 1, 1), 2, "the connection lives");
    }),
    "a call has its own time limit": one(suite, async (connection) => {
      const error = await failureOf(connection.invokeCore("Wait", [600], 50));
      assertEqual(error.name, "TimeoutError", "the error's name");
      await connection.invoke("Add", 1, 1);
    }),
    "the server gets a result from a handler": one(suite, async (connection) => {
      connection.on("getname", async () => {
        await letTimePass(1);
        return "XS";
      });
      assertEqual(await connection.invoke("AskName"), "XS", "the name");
      connection.off("GetName");
      assert((await failureOf(connection.invoke("AskName"))).message !== "", "without a handler the call fails");
    }),
  };
}

function streams(suite: ClientSuite): Tests {
  return {
    "a stream of the hub is read to its end": one(suite, async (connection) => {
      const items: unknown[] = [];
      for await (const item of connection.stream("Count", 5, 0)) items.push(item);
      assertEqual(items.join(" "), "0 1 2 3 4", "the items");
    }),
    "a stream is cancelled by leaving its loop": one(suite, async (connection) => {
      const before = (await connection.invoke<number>("CancelledStreams")) + 0;
      for await (const item of connection.stream<number>("Count", 1_000_000, 5)) if (item === 2) break;
      const isCancelled = async (): Promise<boolean> => (await connection.invoke("CancelledStreams")) === before + 1;
      await eventually(isCancelled, "the hub's generator has ended");
    }),
    "a failing stream gives its items, then its error": one(suite, async (connection) => {
      const items: unknown[] = [];
      const read = async (): Promise<void> => {
        for await (const item of connection.stream("FailingStream", 2)) items.push(item);
      };
      assert((await failureOf(read())).message.includes("stream failed"), "the error");
      assertEqual(items.join(" "), "0 1", "the items");
    }),
    "a stream is sent to the hub": one(suite, async (connection) => {
      assertEqual(await connection.invoke("Sum", numbers(100)), 4_950, "the sum");
    }),
    "a stream that comes faster than it is read loses nothing, and its server is not taken for silent": one(
      suite,
      async (connection) => {
        const items: number[] = [];
        for await (const item of connection.stream<number>("Count", 500, 0)) {
          if (item % 50 === 0) await letTimePass(item === 100 ? 3_000 : 20);
          items.push(item);
        }
        assertEqual(items.join(" "), Array.from({ length: 500 }, (_, at) => at).join(" "), "the items");
        assertEqual(await connection.invoke("Add", 1, 1), 2, "the connection lives");
      },
      { streamBufferSize: 1_000, serverTimeout: 2_500, keepAliveInterval: 500 },
    ),
    "a stream that goes faster than the hub reads it loses nothing": one(suite, async (connection) => {
      assertEqual(await connection.invoke("SlowSum", 20, numbers(500)), 124_750, "the sum");
    }),
    "a stream that nobody reads fails, and the connection goes on": one(
      suite,
      async (connection) => {
        const before = await connection.invoke<number>("CancelledStreams");
        const stream = connection.stream<number>("Count", 1_000_000, 1);
        assertEqual((await stream.next()).value, 0, "the first item");
        const isCancelled = async (): Promise<boolean> => (await connection.invoke("CancelledStreams")) === before + 1;
        await eventually(isCancelled, "the hub's generator has ended");
        const read = async (): Promise<void> => {
          for await (const item of stream) assert(item > 0, "an item");
        };
        assertEqual((await failureOf(read())).name, "TimeoutError", "the error behind the items");
      },
      { streamBufferSize: 1_000, streamStallTimeout: 300 },
    ),
    "streams go both ways at once": one(suite, async (connection) => {
      const items: unknown[] = [];
      for await (const item of connection.stream("Doubled", numbers(4))) items.push(item);
      assertEqual(items.join(" "), "0 2 4 6", "the items");
    }),
  };
}

function others(suite: ClientSuite): Tests {
  return {
    "all, others, groups and one client are called": two(suite, async (first, second) => {
      const heard: string[] = [];
      first.on("Told", (text: string) => heard.push(`1 ${text}`));
      second.on("Told", (text: string) => heard.push(`2 ${text}`));
      const expect = async (method: string, values: readonly string[], expected: string): Promise<void> => {
        heard.length = 0;
        await first.invokeCore(method, values);
        await eventually(() => heard.length >= expected.split(", ").length, `${method}: ${heard.join(", ")}`);
        assertEqual(heard.sort().join(", "), expected, method);
      };
      await expect("TellAll", ["a"], "1 a, 2 a");
      await expect("TellOthers", ["b"], "2 b");
      await expect("TellClient", [await second.invoke("MyId"), "c"], "2 c");
      await second.invoke("Join", "lights");
      await expect("TellGroup", ["lights", "d"], "2 d");
      await first.invoke("Join", "lights");
      await second.invoke("Leave", "lights");
      await expect("TellGroup", ["lights", "e"], "1 e");
    }),
    "send resolves without an answer": two(suite, async (first, second) => {
      const heard: string[] = [];
      second.on("Told", (text: string) => heard.push(text));
      await first.send("TellOthers", "f");
      await first.sendCore("TellOthers", ["g"]);
      await eventually(() => heard.length === 2, "both have come");
      assertEqual(heard.join(" "), "f g", "the texts");
    }),
    "the negotiated id is the one that the hub knows": async () => {
      const connection = new HubConnection(suite.url, { ...suite.options, negotiate: true });
      await connection.start();
      assertEqual(await connection.invoke("MyId"), connection.connectionId, "the id");
      await connection.stop();
      assertEqual(connection.connectionId, undefined, "the id after stop");
    },
    "stop fails what waits, and tells once": async () => {
      const closed: (Error | undefined)[] = [];
      const connection = new HubConnection(suite.url, { ...suite.options, onclose: (error) => closed.push(error) });
      await connection.start();
      const waiting = failureOf(connection.invoke("Wait", 200));
      await connection.stop();
      assertEqual((await waiting).name, "HubClosedError", "the error of what waits");
      assertEqual(closed.length, 1, "how often onclose was called");
      assertEqual(closed[0], undefined, "the error of a stop");
    },
    "a connection that the hub aborts ends its streams, tells once, and is not tried again": async () => {
      let closed = 0;
      const connection = new HubConnection(suite.url, {
        ...suite.options,
        automaticReconnect: [0],
        onreconnecting: () => (closed += 100),
        onclose: () => closed++,
      });
      await connection.start();
      const stream = connection.stream("Count", 1_000_000, 20);
      await stream.next();
      await connection.send("Abort");
      const read = async (): Promise<void> => {
        for await (const item of stream) assert(typeof item === "number", "an item");
      };
      assertEqual((await failureOf(read())).name, "HubClosedError", "the error of the stream");
      await eventually(() => connection.state === HubConnectionState.Disconnected, "it is disconnected");
      assertEqual(closed, 1, "how often onclose was called");
    },
    // On XS, a rejection that nobody handles ends the program of the tests.
    "handlers that reject harm nothing": async () => {
      let called = 0;
      const fail = (): Promise<void> => {
        called++;
        return Promise.reject(new Error("bad"));
      };
      const connection = new HubConnection(suite.url, { ...suite.options, onclose: fail });
      connection.on("Told", fail);
      await connection.start();
      await connection.invoke("TellAll", "x");
      await eventually(() => called === 1, "the handler was called");
      await connection.stop();
      assertEqual(called, 2, "how often handlers were called");
      await letTimePass(50);
    },
    "it is started and stopped ten times": async () => {
      const connection = new HubConnection(suite.url, suite.options);
      for (let round = 0; round < 10; round++) {
        await connection.start();
        assertEqual(await connection.invoke("Add", round, 1), round + 1, "the sum");
        await connection.stop();
      }
    },
  };
}

/** The tests. */
export function clientTests(suite: ClientSuite): Tests {
  return { ...calls(suite), ...streams(suite), ...others(suite) };
}
