/** HubConnection with a server that follows a script: every record on the wire, and every way to end. */

import { HubConnection, HubConnectionState, type HubConnectionOptions } from "../../modules/signalr/client.js";
import { ScriptedServer, type ScriptedPeer } from "./script.js";
import { setUpScript } from "./scripttest.js";
import { eventually, letTimePass } from "../support/waiting.js";

const script = setUpScript();
const PING = '{"type":6}\x1e';

describe("on the wire", () => {
  test("every message that a client sends", async () => {
    const connection = script.create({ keepAliveInterval: 40 });
    const started = connection.start();
    const client = await script.server.accept();
    const take = async (): Promise<string> => {
      let record = await client.take();
      while (record === PING) record = await client.take();
      return record;
    };
    expect(await take()).toBe('{"protocol":"json","version":1}\x1e');
    client.send("{}");
    await started;

    await connection.send("Tell", 1, "a", null, undefined);
    expect(await take()).toBe('{"type":1,"target":"Tell","arguments":[1,"a",null,null]}\x1e');

    const result = connection.invoke("Add", 1, 2);
    expect(await take()).toBe('{"type":1,"invocationId":"0","target":"Add","arguments":[1,2]}\x1e');
    client.send('{"type":3,"invocationId":"0","result":3}');
    expect(await result).toBe(3);

    const stream = connection.stream("Count", 10);
    expect(await take()).toBe('{"type":4,"invocationId":"1","target":"Count","arguments":[10]}\x1e');
    client.send('{"type":2,"invocationId":"1","item":7}');
    expect(await stream.next()).toEqual({ done: false, value: 7 });
    stream.cancel();
    expect(await take()).toBe('{"type":5,"invocationId":"1"}\x1e');

    async function* items(): AsyncGenerator<number> {
      await Promise.resolve();
      yield 5;
    }
    await connection.send("Upload", "x", items());
    expect(await take()).toBe('{"type":1,"target":"Upload","arguments":["x"],"streamIds":["2"]}\x1e');
    expect(await take()).toBe('{"type":2,"invocationId":"2","item":5}\x1e');
    expect(await take()).toBe('{"type":3,"invocationId":"2"}\x1e');

    connection.on("Name", () => "me");
    client.send('{"type":1,"invocationId":"s1","target":"name","arguments":[]}');
    expect(await take()).toBe('{"type":3,"invocationId":"s1","result":"me"}\x1e');
    client.send('{"type":1,"invocationId":"s2","target":"Other","arguments":[]}');
    expect(await take()).toBe('{"type":3,"invocationId":"s2","error":"Client didn\'t provide a result."}\x1e');

    expect(await client.take()).toBe(PING);
    const stopped = connection.stop("good-bye");
    expect(await take()).toBe('{"type":7,"error":"good-bye"}\x1e');
    await stopped;
    expect(await client.closed).toBe(1_000);
  });

  test("records that are joined to the handshake's, and split anywhere", async () => {
    const heard: unknown[] = [];
    const connection = script.create();
    connection.on("Tell", (...values: unknown[]) => heard.push(values));
    const started = connection.start();
    const client = await script.server.accept();
    await client.take();
    const record = '{"type":1,"target":"Tell","arguments":["ä€"]}\x1e';
    client.sendRaw(`{}\x1e${record}${record.slice(0, 20)}`);
    for (const character of record.slice(20)) client.sendRaw(character);
    await started;
    await eventually(() => heard.length === 2);
    expect(heard).toEqual([["ä€"], ["ä€"]]);
  });

  test("a message of many records that is longer than any of them may be", async () => {
    const heard: unknown[] = [];
    const [connection, client] = await script.start({ maximumReceiveMessageSize: 1_000 });
    connection.on("Tell", (at: unknown) => heard.push(at));
    const records = Array.from({ length: 500 }, (_, at) => `{"type":1,"target":"Tell","arguments":[${at},"ä€"]}\x1e`);
    const text = records.join("");
    const pieces = Array.from({ length: Math.ceil(text.length / 701) }, (_, at) =>
      text.slice(701 * at, 701 * at + 701),
    );
    client.sendFragments(...pieces);
    await eventually(() => heard.length === 500);
    expect(heard).toEqual(records.map((_, at) => at));
    const lost = new Promise((resolve) => (connection.onclose = resolve));
    client.sendFragments("x".repeat(700), "x".repeat(700));
    expect(await lost).toMatchObject({ code: "ERR_HUB_PROTOCOL", message: expect.stringContaining("1000") as string });
  });

  test("headers, token and query of the upgrade", async () => {
    const connection = new HubConnection(`${script.server.url}?a=b`, {
      headers: { "X-Light": "red" },
      accessTokenFactory: () => "abc",
    });
    const started = connection.start();
    await (await script.server.accept()).shakeHands();
    await started;
    await connection.stop();
    expect(script.server.requests).toMatchObject([
      { url: "/hub?a=b", headers: { "x-light": "red", authorization: "Bearer abc" } },
    ]);
  });
});

describe("a start that fails", () => {
  const failure = async (act: (client: ScriptedPeer) => void, options?: HubConnectionOptions): Promise<unknown> => {
    const connection = script.create(options);
    const started = connection.start();
    started.catch(() => undefined);
    act(await script.server.accept());
    const error: unknown = await started.catch((reason: unknown) => reason);
    expect(connection.state).toBe(HubConnectionState.Disconnected);
    return error;
  };

  test("the server refuses the handshake", async () => {
    const error = await failure((client) => client.send('{"error":"The protocol \'json\' is not supported."}'));
    expect(error).toMatchObject({
      code: "ERR_HUB_HANDSHAKE",
      message: expect.stringContaining("is not supported") as string,
    });
  });

  test("the server says something else, is silent, or closes", async () => {
    expect(await failure((client) => client.send("hello"))).toMatchObject({ code: "ERR_HUB_PROTOCOL" });
    expect(await failure((client) => client.send('{"type":6}'))).toMatchObject({ code: "ERR_HUB_PROTOCOL" });
    expect(await failure((client) => client.send('{"type":7}'))).toMatchObject({ code: "ERR_HUB_HANDSHAKE" });
    expect(await failure(() => undefined, { handshakeTimeout: 50 })).toMatchObject({ code: "ERR_TIMEOUT" });
    expect(await failure((client) => client.close(1_011))).toMatchObject({ code: "ERR_HUB_CLOSED" });
    expect(await failure((client) => client.terminate())).toMatchObject({ name: "NetworkError" });
  });

  test("nobody listens", async () => {
    const connection = script.create();
    await script.server.stop();
    await expect(connection.start()).rejects.toMatchObject({ code: "ECONNREFUSED" });
    script.server = await ScriptedServer.start();
  });

  test("it is stopped meanwhile: while it connects, negotiates, shakes hands", async () => {
    for (const negotiate of [false, true]) {
      const connection = script.create({ negotiate });
      const started = connection.start();
      const stopped = connection.stop();
      await expect(started).rejects.toMatchObject({ code: "ERR_ABORTED" });
      await stopped;
      expect(connection.state).toBe(HubConnectionState.Disconnected);
    }
    const connection = script.create();
    const started = connection.start();
    started.catch(() => undefined);
    const client = await script.server.accept();
    await client.take();
    await connection.stop();
    await expect(started).rejects.toMatchObject({ code: "ERR_ABORTED" });
  });

  test("it is stopped while its token is waited for", async () => {
    const connection = script.create({ accessTokenFactory: () => new Promise(() => undefined) });
    const started = connection.start();
    started.catch(() => undefined);
    await connection.stop();
    await expect(started).rejects.toMatchObject({ code: "ERR_ABORTED" });
    expect(connection.state).toBe(HubConnectionState.Disconnected);
  });

  test("its token cannot be had", async () => {
    const broken = (): string => {
      throw new Error("no token");
    };
    await expect(script.create({ accessTokenFactory: broken }).start()).rejects.toThrow("no token");
  });

  test("calls want a connection", async () => {
    const connection = script.create();
    await expect(connection.send("a")).rejects.toMatchObject({ code: "ERR_INVALID_STATE" });
    await expect(connection.invoke("a")).rejects.toMatchObject({ code: "ERR_INVALID_STATE" });
    expect(() => connection.stream("a")).toThrow("not connected");
    await connection.stop();
  });

  test("options and URL are checked at once", () => {
    expect(() => new HubConnection("ftp://a/hub")).toThrow("scheme");
    expect(() => script.create({ serverTimeout: -1 })).toThrow("serverTimeout");
    expect(() => script.create({ maximumReceiveMessageSize: 1 })).toThrow("maximumReceiveMessageSize");
    expect(() => script.create({ headers: { Host: "x y" } })).toThrow("Host");
    expect(() => script.create({ headers: { Upgrade: "x" } })).toThrow("Upgrade");
    expect(() => script.create({ unknown: 1 } as HubConnectionOptions)).toThrow("unknown");
  });
});

describe("a connection that ends", () => {
  const end = async (
    act: (client: ScriptedPeer) => void,
    options?: HubConnectionOptions,
  ): Promise<{ errors: (Error | undefined)[]; waiting: unknown }> => {
    const errors: (Error | undefined)[] = [];
    const [connection, client] = await script.start({ ...options, onclose: (error) => errors.push(error) });
    const waiting = connection.invoke("Wait").catch((error: unknown) => error);
    await client.take();
    act(client);
    await eventually(() => connection.state === HubConnectionState.Disconnected);
    return { errors, waiting: await waiting };
  };

  test("by the server's Close", async () => {
    expect(await end((client) => client.send('{"type":7}'))).toMatchObject({
      errors: [undefined],
      waiting: { code: "ERR_HUB_CLOSED", allowReconnect: false },
    });
    const { errors } = await end((client) => client.send('{"type":7,"error":"too hot"}', "not even JSON"));
    expect(errors).toMatchObject([{ code: "ERR_HUB_CLOSED", message: "The server closed: too hot" }]);
  });

  test("by the end of the WebSocket, clean or not", async () => {
    expect((await end((client) => client.close(1_001))).errors).toMatchObject([{ code: "ERR_HUB_CLOSED" }]);
    expect((await end((client) => client.terminate())).errors).toMatchObject([{ name: "NetworkError" }]);
  });

  test("by silence", async () => {
    const { errors, waiting } = await end(() => undefined, { serverTimeout: 500 });
    expect(errors).toMatchObject([{ code: "ERR_TIMEOUT" }]);
    expect(waiting).toMatchObject({ code: "ERR_TIMEOUT" });
  });

  test.each([
    ["no JSON", "hello"],
    ["half an Invocation", '{"type":1}'],
    ["what a server does not send", '{"type":4,"invocationId":"1","target":"a","arguments":[]}'],
    ["a cancellation", '{"type":5,"invocationId":"1"}'],
    ["a record that is too long", "x".repeat(150)],
  ])("by a bad record: %s", async (_name, record) => {
    const { errors } = await end((client) => client.send(record), { maximumReceiveMessageSize: 100 });
    expect(errors).toMatchObject([{ code: "ERR_HUB_PROTOCOL" }]);
  });

  test("by bytes, where JSON is text", async () => {
    const { errors } = await end((client) => client.sendRaw(Uint8Array.of(1)));
    expect(errors).toMatchObject([{ code: "ERR_HUB_PROTOCOL" }]);
  });

  test("what is unknown, late or of the future is passed over", async () => {
    const [connection, client] = await script.start();
    client.send('{"type":8,"sequenceId":1}', '{"type":9,"sequenceId":1}');
    client.send('{"type":99}', '{"type":3,"invocationId":"77"}', '{"type":2,"invocationId":"77","item":1}');
    client.send('{"type":1,"target":"nobody","arguments":[]}', '{"type":6}');
    const result = connection.invoke("a");
    await client.take();
    client.send('{"type":3,"invocationId":"0","error":"no"}');
    await expect(result).rejects.toMatchObject({ code: "ERR_HUB", message: "no" });
  });

  test("a handler that throws is no reason", async () => {
    const [connection, client] = await script.start({
      onclose: () => {
        throw new Error("bad");
      },
    });
    connection.on("Tell", () => {
      throw new Error("bad");
    });
    client.send('{"type":1,"target":"Tell","arguments":[]}');
    await connection.send("a");
    await client.take();
    await connection.stop();
  });
});

describe("a stream of ours", () => {
  /** Never ends by itself. */
  class Endless {
    taken = 0;
    isEnded = false;

    async *read(): AsyncGenerator<number, void, undefined> {
      try {
        for (;;) {
          await letTimePass(1);
          yield this.taken++;
        }
      } finally {
        this.isEnded = true;
      }
    }
  }

  test("ends with the call that it belongs to, whichever kind that is and whoever ends it", async () => {
    const [connection, client] = await script.start({ maximumStreams: 1 });
    const items = Array.from({ length: 4 }, () => new Endless());
    const isSent = async (at: number): Promise<void> => {
      await eventually(() => (items[at]?.taken ?? 0) > 2);
    };
    const result = connection.invoke("a", items[0]?.read());
    await isSent(0);
    client.send('{"type":3,"invocationId":"1","result":1}');
    await result;
    await eventually(() => items[0]?.isEnded === true);

    const late = connection.invokeCore("a", [items[1]?.read()], 30);
    await expect(late).rejects.toMatchObject({ code: "ERR_TIMEOUT" });
    await eventually(() => items[1]?.isEnded === true);

    const completed = connection.stream("b", items[2]?.read());
    await isSent(2);
    client.send('{"type":3,"invocationId":"5"}');
    expect(await completed.next()).toEqual({ done: true, value: undefined });
    await eventually(() => items[2]?.isEnded === true);

    const cancelled = connection.stream("b", items[3]?.read());
    await isSent(3);
    cancelled.cancel();
    await eventually(() => items[3]?.isEnded === true);
  });

  test("does not begin where its call has failed before it was sent", async () => {
    const [connection, client] = await script.start({ maximumWaitingSends: 65_535 });
    client.hold(true);
    // More than the network takes.
    const sends = Array.from({ length: 1_500 }, () => connection.send("fill", "x".repeat(15_000)));
    const items = new Endless();
    await expect(connection.invokeCore("a", [items.read()], 20)).rejects.toMatchObject({ code: "ERR_TIMEOUT" });
    client.hold(false);
    await Promise.all(sends);
    while (!(await client.take()).includes('"target":"a"'));
    await letTimePass(20);
    expect(items.taken).toBe(0);
  });
});

describe("limits", () => {
  test("invocations, streams and what waits for room are bounded", async () => {
    const [connection] = await script.start({
      maximumPendingInvocations: 1,
      maximumStreams: 1,
      maximumWaitingSends: 1,
    });
    connection.invoke("a").catch(() => undefined);
    await expect(connection.invoke("b")).rejects.toThrow("maximumPendingInvocations");
    connection.stream("c");
    expect(() => connection.stream("d")).toThrow("maximumStreams");
    await expect(connection.send("e", "x".repeat(30_000))).rejects.toMatchObject({ code: "ERR_OPTION" });
    await expect(connection.send("f", 1n)).rejects.toMatchObject({ code: "ERR_OPTION" });
    await connection.send("g");
  });

  test("what is more than the queue holds waits, in its order", async () => {
    const [connection, client] = await script.start({ maximumWaitingSends: 600 });
    const sends = Array.from({ length: 600 }, (_, at) => connection.send("a", at, "x".repeat(10_000)));
    await Promise.all(sends);
    for (let at = 0; at < 600; at++) expect(await client.take()).toContain(`"arguments":[${at},`);
  });
});
