/** HubConnection with a server that follows a script: every record on the wire, and every way to end. */

import {
  HubConnection,
  HubConnectionState,
  type HubConnectionOptions,
  type Wait,
} from "../../modules/signalr/client.js";
import { ScriptedServer, type ScriptedClient } from "./script.js";

let server: ScriptedServer;
const connections: HubConnection[] = [];

beforeEach(async () => {
  jest.spyOn(console, "log").mockImplementation(() => undefined);
  server = await ScriptedServer.start();
});
afterEach(async () => {
  for (const connection of connections.splice(0)) await connection.stop();
  await server.stop();
  jest.restoreAllMocks();
});

function create(options: HubConnectionOptions = {}): HubConnection {
  const connection = new HubConnection(server.url, { closeTimeoutMs: 300, ...options });
  connections.push(connection);
  return connection;
}

async function start(options?: HubConnectionOptions): Promise<[HubConnection, ScriptedClient]> {
  const connection = create(options);
  const started = connection.start();
  const client = await (await server.accept()).shakeHands();
  await started;
  return [connection, client];
}

/** Waits that a test ends by hand. */
function manualWait(): { wait: Wait; delays: number[]; elapse(): void; cancelled: number } {
  const manual = {
    delays: [] as number[],
    cancelled: 0,
    elapse: (): void => undefined,
    wait: ((delayMs, elapsed) => {
      manual.delays.push(delayMs);
      manual.elapse = elapsed;
      return () => void manual.cancelled++;
    }) as Wait,
  };
  return manual;
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 1));
}

describe("on the wire", () => {
  test("every message that a client sends", async () => {
    const connection = create({ keepAliveInterval: 40 });
    const started = connection.start();
    const client = await server.accept();
    expect(await client.take()).toBe('{"protocol":"json","version":1}\x1e');
    client.send("{}");
    await started;

    await connection.send("Tell", 1, "a", null, undefined);
    expect(await client.take()).toBe('{"type":1,"target":"Tell","arguments":[1,"a",null,null]}\x1e');

    const result = connection.invoke("Add", 1, 2);
    expect(await client.take()).toBe('{"type":1,"invocationId":"0","target":"Add","arguments":[1,2]}\x1e');
    client.send('{"type":3,"invocationId":"0","result":3}');
    expect(await result).toBe(3);

    const stream = connection.stream("Count", 10);
    expect(await client.take()).toBe('{"type":4,"invocationId":"1","target":"Count","arguments":[10]}\x1e');
    client.send('{"type":2,"invocationId":"1","item":7}');
    expect(await stream.next()).toEqual({ done: false, value: 7 });
    stream.cancel();
    expect(await client.take()).toBe('{"type":5,"invocationId":"1"}\x1e');

    async function* items(): AsyncGenerator<number> {
      await Promise.resolve();
      yield 5;
    }
    await connection.send("Upload", "x", items());
    expect(await client.take()).toBe('{"type":1,"target":"Upload","arguments":["x"],"streamIds":["2"]}\x1e');
    expect(await client.take()).toBe('{"type":2,"invocationId":"2","item":5}\x1e');
    expect(await client.take()).toBe('{"type":3,"invocationId":"2"}\x1e');

    connection.on("Name", () => "me");
    client.send('{"type":1,"invocationId":"s1","target":"name","arguments":[]}');
    expect(await client.take()).toBe('{"type":3,"invocationId":"s1","result":"me"}\x1e');
    client.send('{"type":1,"invocationId":"s2","target":"Other","arguments":[]}');
    expect(await client.take()).toBe('{"type":3,"invocationId":"s2","error":"Client didn\'t provide a result."}\x1e');

    expect(await client.take()).toBe('{"type":6}\x1e');
    const stopped = connection.stop("good-bye");
    let last = await client.take();
    while (last === '{"type":6}\x1e') last = await client.take();
    expect(last).toBe('{"type":7,"error":"good-bye"}\x1e');
    await stopped;
    expect(await client.closed).toBe(1_000);
  });

  test("records that are joined to the handshake's, and split anywhere", async () => {
    const heard: unknown[] = [];
    const connection = create();
    connection.on("Tell", (...values: unknown[]) => heard.push(values));
    const started = connection.start();
    const client = await server.accept();
    await client.take();
    const record = '{"type":1,"target":"Tell","arguments":["ä€"]}\x1e';
    client.sendRaw(`{}\x1e${record}${record.slice(0, 20)}`);
    for (const character of record.slice(20)) client.sendRaw(character);
    await started;
    await until(() => heard.length === 2);
    expect(heard).toEqual([["ä€"], ["ä€"]]);
  });

  test("headers, token and query of the upgrade", async () => {
    const connection = new HubConnection(`${server.url}?a=b`, {
      headers: { "X-Light": "red" },
      accessTokenFactory: () => "abc",
    });
    connections.push(connection);
    const started = connection.start();
    await (await server.accept()).shakeHands();
    await started;
    expect(server.requests).toMatchObject([
      { url: "/hub?a=b", headers: { "x-light": "red", authorization: "Bearer abc" } },
    ]);
  });
});

describe("a start that fails", () => {
  const failure = async (act: (client: ScriptedClient) => void, options?: HubConnectionOptions): Promise<unknown> => {
    const connection = create(options);
    const started = connection.start();
    started.catch(() => undefined);
    act(await server.accept());
    const error: unknown = await started.catch((reason: unknown) => reason);
    expect(connection.state).toBe(HubConnectionState.Disconnected);
    return error;
  };

  test("the server refuses the handshake", async () => {
    const error = await failure((client) => client.send('{"error":"The protocol \'json\' is not supported."}'));
    expect(error).toMatchObject({ code: "ERR_HUB_HANDSHAKE", message: expect.stringContaining("is not supported") });
  });

  test("the server says something else, is silent, or closes", async () => {
    expect(await failure((client) => client.send("hello"))).toMatchObject({ code: "ERR_HUB_PROTOCOL" });
    expect(await failure((client) => client.send('{"type":6}'))).toMatchObject({ code: "ERR_HUB_PROTOCOL" });
    expect(await failure(() => undefined, { handshakeTimeout: 50 })).toMatchObject({ code: "ERR_TIMEOUT" });
    expect(await failure((client) => client.close(1_011))).toMatchObject({ code: "ERR_HUB_CLOSED" });
    expect(await failure((client) => client.terminate())).toMatchObject({ name: "NetworkError" });
  });

  test("nobody listens", async () => {
    const connection = create();
    await server.stop();
    await expect(connection.start()).rejects.toMatchObject({ code: "ECONNREFUSED" });
    server = await ScriptedServer.start();
  });

  test("it is stopped meanwhile: while it connects, negotiates, shakes hands", async () => {
    for (const negotiate of [false, true]) {
      const connection = create({ negotiate });
      const started = connection.start();
      const stopped = connection.stop();
      await expect(started).rejects.toMatchObject({ code: "ERR_ABORTED" });
      await stopped;
      expect(connection.state).toBe(HubConnectionState.Disconnected);
    }
    const connection = create();
    const started = connection.start();
    started.catch(() => undefined);
    const client = await server.accept();
    await client.take();
    await connection.stop();
    await expect(started).rejects.toMatchObject({ code: "ERR_ABORTED" });
  });

  test("calls want a connection", async () => {
    const connection = create();
    await expect(connection.send("a")).rejects.toMatchObject({ code: "ERR_INVALID_STATE" });
    await expect(connection.invoke("a")).rejects.toMatchObject({ code: "ERR_INVALID_STATE" });
    expect(() => connection.stream("a")).toThrow("not connected");
    await connection.stop();
  });

  test("options and URL are checked at once", () => {
    expect(() => new HubConnection("ftp://a/hub")).toThrow("scheme");
    expect(() => create({ serverTimeout: -1 })).toThrow("serverTimeout");
    expect(() => create({ maximumReceiveMessageSize: 1 })).toThrow("maximumReceiveMessageSize");
    expect(() => create({ headers: { Host: "x" } })).toThrow("Host");
    expect(() => create({ unknown: 1 } as HubConnectionOptions)).toThrow("unknown");
    expect(connections.length).toBe(0);
  });
});

describe("a connection that ends", () => {
  const end = async (
    act: (client: ScriptedClient) => void,
    options?: HubConnectionOptions,
  ): Promise<{ errors: (Error | undefined)[]; waiting: unknown }> => {
    const errors: (Error | undefined)[] = [];
    const [connection, client] = await start({ ...options, onclose: (error) => errors.push(error) });
    const waiting = connection.invoke("Wait").catch((error: unknown) => error);
    await client.take();
    act(client);
    await until(() => connection.state === HubConnectionState.Disconnected);
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
    const { errors, waiting } = await end(() => undefined, { serverTimeout: 80 });
    expect(errors).toMatchObject([{ code: "ERR_TIMEOUT" }]);
    expect(waiting).toMatchObject({ code: "ERR_TIMEOUT" });
  });

  test.each([
    ["no JSON", "hello"],
    ["half an Invocation", '{"type":1}'],
    ["what a server does not send", '{"type":4,"invocationId":"1","target":"a","arguments":[]}'],
    ["a cancellation", '{"type":5,"invocationId":"1"}'],
    ["an Ack that was not agreed on", '{"type":8,"sequenceId":1}'],
    ["a Sequence that was not agreed on", '{"type":9,"sequenceId":1}'],
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
    const [connection, client] = await start();
    client.send('{"type":99}', '{"type":3,"invocationId":"77"}', '{"type":2,"invocationId":"77","item":1}');
    client.send('{"type":1,"target":"nobody","arguments":[]}', '{"type":6}');
    const result = connection.invoke("a");
    await client.take();
    client.send('{"type":3,"invocationId":"0","error":"no"}');
    await expect(result).rejects.toMatchObject({ code: "ERR_HUB", message: "no" });
  });

  test("a handler that throws is no reason", async () => {
    const [connection, client] = await start({
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

describe("limits", () => {
  test("invocations, streams and what waits for room are bounded", async () => {
    const [connection] = await start({ maximumPendingInvocations: 1, maximumStreams: 1, maximumWaitingSends: 1 });
    connection.invoke("a").catch(() => undefined);
    await expect(connection.invoke("b")).rejects.toThrow("maximumPendingInvocations");
    connection.stream("c");
    expect(() => connection.stream("d")).toThrow("maximumStreams");
    await expect(connection.send("e", "x".repeat(30_000))).rejects.toMatchObject({ code: "ERR_OPTION" });
    await expect(connection.send("f", 1n)).rejects.toMatchObject({ code: "ERR_OPTION" });
    await connection.send("g");
  });

  test("what is more than the queue holds waits, in its order", async () => {
    const [connection, client] = await start({ maximumWaitingSends: 600 });
    const sends = Array.from({ length: 600 }, (_, at) => connection.send("a", at, "x".repeat(10_000)));
    await Promise.all(sends);
    for (let at = 0; at < 600; at++) expect(await client.take()).toContain(`"arguments":[${at},`);
  });
});

describe("reconnecting", () => {
  test("the delays, the events, and a new id", async () => {
    const manual = manualWait();
    const events: unknown[] = [];
    server.negotiate = () => ({ connectionId: `id${server.requests.length}`, negotiateVersion: 0 });
    const [connection, client] = await start({
      negotiate: true,
      automaticReconnect: [10, 20, 30],
      wait: manual.wait,
      onreconnecting: (error) => events.push(["reconnecting", error?.name]),
      onreconnected: (id) => events.push(["reconnected", id, connection.state]),
      onclose: (error) => events.push(["close", error]),
    });
    expect(connection.connectionId).toBe("id1");
    const waiting = connection.invoke("a");
    client.terminate();
    await expect(waiting).rejects.toMatchObject({ code: "ERR_HUB_CLOSED" });
    expect(connection.state).toBe(HubConnectionState.Reconnecting);
    await expect(connection.send("a")).rejects.toMatchObject({ code: "ERR_INVALID_STATE" });
    manual.elapse();
    (await server.accept()).terminate();
    await until(() => manual.delays.length === 2);
    manual.elapse();
    await (await server.accept()).shakeHands();
    await until(() => connection.state === HubConnectionState.Connected);
    expect(manual.delays).toEqual([10, 20]);
    expect(events).toEqual([
      ["reconnecting", "NetworkError"],
      ["reconnected", "id5", "Connected"],
    ]);
    await connection.stop();
    expect(events.at(-1)).toEqual(["close", undefined]);
  });

  test("ends with the last delay", async () => {
    const errors: unknown[] = [];
    const [connection, client] = await start({
      automaticReconnect: [0, 1],
      onclose: (error) => errors.push(error),
    });
    client.terminate();
    for (let attempt = 0; attempt < 2; attempt++) (await server.accept()).close(1_011);
    await until(() => connection.state === HubConnectionState.Disconnected);
    expect(errors).toMatchObject([{ code: "ERR_HUB_CLOSED" }]);
  });

  test("only where the server's Close allows it", async () => {
    const manual = manualWait();
    for (const [close, state] of [
      ['{"type":7}', HubConnectionState.Disconnected],
      ['{"type":7,"allowReconnect":false}', HubConnectionState.Disconnected],
      ['{"type":7,"allowReconnect":true}', HubConnectionState.Reconnecting],
    ] as const) {
      const [connection, client] = await start({ automaticReconnect: true, wait: manual.wait });
      client.send(close);
      await until(() => connection.state !== HubConnectionState.Connected);
      expect(connection.state).toBe(state);
    }
  });

  test("is given up by stop: in a pause, in an attempt, and from the event", async () => {
    const closed = jest.fn();
    const manual = manualWait();
    const options = { automaticReconnect: true, wait: manual.wait, onclose: closed };
    const [pausing, first] = await start(options);
    first.terminate();
    await until(() => manual.delays.length === 1);
    await pausing.stop();
    expect([pausing.state, manual.cancelled]).toEqual([HubConnectionState.Disconnected, 1]);

    const [trying, second] = await start(options);
    second.terminate();
    await until(() => manual.delays.length === 2);
    manual.elapse();
    await (await server.accept()).take();
    await trying.stop();
    expect(trying.state).toBe(HubConnectionState.Disconnected);

    const [leaving, third] = await start({ ...options, onreconnecting: () => void leaving.stop() });
    third.terminate();
    await until(() => leaving.state === HubConnectionState.Disconnected);
    expect(closed.mock.calls).toEqual([[undefined], [undefined], [undefined]]);
    expect(manual.delays).toEqual([0, 0]);
  });

  test("covers the first attempt when asked", async () => {
    const manual = manualWait();
    const connection = create({ automaticReconnect: [5, 6], reconnectOnStart: true, wait: manual.wait });
    const started = connection.start();
    (await server.accept()).terminate();
    await until(() => manual.delays.length === 1);
    expect(connection.state).toBe(HubConnectionState.Connecting);
    manual.elapse();
    await (await server.accept()).shakeHands();
    await started;
    expect(manual.delays).toEqual([5]);

    const other = create({ automaticReconnect: true, reconnectOnStart: true, wait: manual.wait });
    const stopped = expect(other.start()).rejects.toMatchObject({ code: "ERR_ABORTED" });
    (await server.accept()).terminate();
    await until(() => manual.delays.length === 2);
    await other.stop();
    await stopped;
    expect(other.state).toBe(HubConnectionState.Disconnected);
  });
});

describe("negotiation", () => {
  const target = { connectionId: "i", connectionToken: "t+", negotiateVersion: 1 };
  const transports = [{ transport: "WebSockets", transferFormats: ["Text"] }];

  test("names the token, and keeps the id", async () => {
    server.negotiate = () => ({ ...target, availableTransports: transports });
    const [connection] = await start({ negotiate: true, headers: { "X-Light": "red" } });
    expect(connection.connectionId).toBe("i");
    expect(server.requests).toMatchObject([
      { url: "POST /hub/negotiate?negotiateVersion=1", headers: { "x-light": "red", "content-length": "0" } },
      { url: "/hub?id=t%2B" },
    ]);
  });

  test("is passed on, with another token", async () => {
    server.negotiate = (url) =>
      url.startsWith("/hub") ? { url: server.url.replace("/hub", "/other?x=1"), accessToken: "new" } : target;
    await start({ negotiate: true, accessTokenFactory: () => "old" });
    expect(server.requests.map(({ url, headers }) => [url, headers["authorization"]])).toEqual([
      ["POST /hub/negotiate?negotiateVersion=1", "Bearer old"],
      ["POST /other/negotiate?x=1&negotiateVersion=1", "Bearer new"],
      ["/other?x=1&id=t%2B", "Bearer new"],
    ]);
  });

  test.each<[string, object | string, string]>([
    ["an error", { error: "no seat" }, "no seat"],
    ["no JSON", "<html>", "not that of a SignalR server"],
    ["an endless circle", { url: "SELF" }, "more than 5 times"],
    ["no id", { negotiateVersion: 1 }, "no connectionId"],
    ["no token", { negotiateVersion: 1, connectionId: "i" }, "no connectionToken"],
    ["other transports", { ...target, availableTransports: [{ transport: "LongPolling" }] }, "WebSockets"],
    ["too much", "x".repeat(9_000), "more than 8192 bytes"],
  ])("that fails: %s", async (_name, answer, message) => {
    server.negotiate = () => (JSON.stringify(answer).includes("SELF") ? { url: server.url } : answer);
    const failed = { code: "ERR_NEGOTIATION", message: expect.stringContaining(message) as string };
    await expect(create({ negotiate: true }).start()).rejects.toMatchObject(failed);
  });
});
