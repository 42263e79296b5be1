/** HubServer with a client that says what a test tells it to, record by record. */

import { once } from "node:events";
import { WebSocket as WsClient } from "ws";
import {
  HubException,
  OptionError,
  type HubCallerContext,
  type HubServerOptions,
} from "../../modules/signalr/server.js";
import { startNodeHub, type NodeHub } from "./nodehub.js";
import { ScriptedPeer } from "./script.js";
import { RawPeer } from "../support/rawpeer.js";
import { upgradeRequest } from "../support/upgrades.js";
import { eventually, letTimePass } from "../support/waiting.js";

/** A client without a protocol of its own, whose messages are taken record by record, without the Pings. */
class RawHubClient extends ScriptedPeer {
  readonly records: string[] = [];

  private constructor(socket: WsClient) {
    super(socket);
    socket.on("message", (data: Buffer) => {
      const records = data.toString().split("\x1e").slice(0, -1);
      this.records.push(...records.filter((record) => record !== '{"type":6}'));
    });
  }

  /** One that has shaken hands. */
  static async connect(url: string): Promise<RawHubClient> {
    const socket = new WsClient(url.replace("http", "ws"));
    const client = new RawHubClient(socket);
    await once(socket, "open");
    client.send('{"protocol":"json","version":1}');
    expect(await client.take()).toBe("{}");
    return client;
  }

  override async take(): Promise<string> {
    await eventually(() => this.records.length > 0);
    return this.records.shift() ?? "";
  }
}

let node: NodeHub;
const clients: RawHubClient[] = [];

async function start(options: HubServerOptions = {}): Promise<RawHubClient> {
  node = await startNodeHub(options);
  return connect();
}

async function connect(): Promise<RawHubClient> {
  const client = await RawHubClient.connect(node.url);
  clients.push(client);
  return client;
}

beforeEach(() => jest.spyOn(console, "log").mockImplementation(() => undefined));
afterEach(async () => {
  for (const client of clients.splice(0)) client.terminate();
  await node.stop();
  jest.restoreAllMocks();
});

describe("on the wire", () => {
  test("every message that a hub sends", async () => {
    const client = await start();
    client.send('{"type":1,"invocationId":"a","target":"Add","arguments":[1,2]}');
    expect(await client.take()).toBe('{"type":3,"invocationId":"a","result":3}');
    client.send('{"type":1,"invocationId":"b","target":"Nothing","arguments":[]}');
    expect(await client.take()).toBe('{"type":3,"invocationId":"b"}');
    client.send('{"type":1,"invocationId":"c","target":"Fail","arguments":["no"]}');
    expect(await client.take()).toBe('{"type":3,"invocationId":"c","error":"no"}');
    client.send('{"type":4,"invocationId":"d","target":"Count","arguments":[1,0]}');
    expect(await client.take()).toBe('{"type":2,"invocationId":"d","item":0}');
    expect(await client.take()).toBe('{"type":3,"invocationId":"d"}');
    client.send('{"type":1,"target":"TellAll","arguments":["x"]}');
    expect(await client.take()).toBe('{"type":1,"target":"Told","arguments":["x"]}');
    client.send('{"type":1,"invocationId":"e","target":"AskName","arguments":[]}');
    expect(await client.take()).toBe('{"type":1,"invocationId":"s0","target":"GetName","arguments":[]}');
    client.send('{"type":3,"invocationId":"s0","result":"me"}');
    expect(await client.take()).toBe('{"type":3,"invocationId":"e","result":"me"}');
    client.send('{"type":1,"invocationId":"f","target":"Sum","arguments":[],"streamIds":["s"]}');
    client.send('{"type":2,"invocationId":"s","item":3}', '{"type":2,"invocationId":"s","item":4}');
    client.send('{"type":3,"invocationId":"s"}');
    expect(await client.take()).toBe('{"type":3,"invocationId":"f","result":7}');
    client.send('{"type":1,"target":"Lose","arguments":[]}');
    expect(await client.take()).toBe('{"type":7,"allowReconnect":true}');
    expect(await client.closed).toBe(1_000);
  });

  test.each([
    ["is not JSON", "hello"],
    ["is no message", "[]"],
    ["has no target", '{"type":1,"arguments":[]}'],
    ["is nested too deep", `{"type":1,"target":"Echo","arguments":${"[".repeat(30)}${"]".repeat(30)}}`],
  ])("a record that %s closes with an error", async (_name, record) => {
    const client = await start();
    client.send(record);
    expect(await client.take()).toBe('{"type":7,"error":"Connection closed with an error.","allowReconnect":true}');
    await client.closed;
    await eventually(() => node.hub.clientsCount === 0);
  });
});

test("a call to a client is not taken for a stream of the client's, whose ids are the client's own", async () => {
  const client = await start({
    methods: {
      async SumNamed({ clients }, items: AsyncIterable<number>) {
        const name = await clients.caller.invoke("GetName");
        let sum = 0;
        for await (const item of items) sum += item;
        return [name, sum];
      },
    },
  });
  // As JavaScript's client numbers them: from 0 on, the stream first.
  client.send('{"type":1,"invocationId":"1","target":"SumNamed","arguments":[],"streamIds":["0"]}');
  const { invocationId } = JSON.parse(await client.take()) as { invocationId: string };
  client.send(`{"type":3,"invocationId":"${invocationId}","result":"me"}`);
  client.send('{"type":2,"invocationId":"0","item":3}', '{"type":2,"invocationId":"0","item":4}');
  client.send('{"type":3,"invocationId":"0"}');
  expect(await client.take()).toBe('{"type":3,"invocationId":"1","result":["me",7]}');
});

test("clients that come at the same time with one token have two ids", async () => {
  const both: RawHubClient[] = [];
  let [asked, isOpen] = [0, false];
  // Each is asked for before one of them is in.
  const authorize = async (): Promise<boolean> => {
    asked++;
    await eventually(() => isOpen);
    return true;
  };
  node = await startNodeHub({ authorize });
  isOpen = true;
  const answer = await fetch(`${node.url}/negotiate?negotiateVersion=1`, { method: "POST" });
  const { connectionId, connectionToken } = (await answer.json()) as Record<string, string>;
  const url = `${node.url}?id=${encodeURIComponent(connectionToken ?? "")}`;
  [asked, isOpen] = [0, false];
  const connecting = [0, 1].map(() => RawHubClient.connect(url).then((client) => both.push(client)));
  await eventually(() => asked === 2);
  isOpen = true;
  await Promise.all(connecting);
  clients.push(...both);
  const ids = new Set<string>();
  for (const client of both) {
    client.send('{"type":1,"invocationId":"a","target":"MyId","arguments":[]}');
    ids.add((JSON.parse(await client.take()) as { result: string }).result);
  }
  expect(ids.has(connectionId ?? "")).toBe(true);
  expect(new Set(node.hub.connectionIds)).toEqual(ids);
  expect(node.hub.clientsCount).toBe(2);
  await expect(RawHubClient.connect(url)).rejects.toThrow("409");
});

test("a client that breaks the WebSocket protocol, and then says nothing, is given up", async () => {
  node = await startNodeHub({ handshakeTimeout: 50, closeTimeoutMs: 500 });
  const peer = RawPeer.connect(node.listener.port).send(upgradeRequest({}, "/hub"));
  await peer.head();
  // RFC 6455, 5.2: an opcode that is reserved. The hub says Close, and waits for the client's.
  peer.sendFrame(0x83);
  await peer.closed;
  // RFC 6455, 7.4.1.
  expect(await peer.frames(1)).toEqual(["close:1002"]);
  expect(peer.size).toBe(0);
});

test("the request is whole until onConnected is done, and then has no query and no header fields", async () => {
  const seen: unknown[] = [];
  const describeRequest = ({ request }: HubCallerContext): unknown[] => [
    request.rawUrl,
    request.path,
    request.headers.get("upgrade"),
    request.headers.isComplete,
  ];
  const client = await start({
    onConnected: async (context) => {
      await letTimePass(10);
      seen.push(describeRequest(context));
    },
    methods: { Describe: (context) => describeRequest(context) },
  });
  client.send('{"type":1,"invocationId":"a","target":"Describe","arguments":[]}');
  expect(await client.take()).toBe('{"type":3,"invocationId":"a","result":["/hub","/hub",null,false]}');
  expect(seen).toEqual([[expect.stringMatching("^/hub"), "/hub", "websocket", true]]);
});

describe("a stream that is cancelled", () => {
  const answer = '{"type":3,"invocationId":"1"}';

  /** A stream that never ends by itself, and begins when it is told to. */
  function endless(): { options: HubServerOptions; begin: () => void; state: { begun: boolean; ended: boolean } } {
    const state = { begun: false, ended: false };
    let begin = (): void => undefined;
    const turn = new Promise<void>((resolve) => (begin = resolve));
    async function* items(): AsyncGenerator<number, void, undefined> {
      state.begun = true;
      try {
        for (let item = 0; ; item++) {
          yield item;
          await letTimePass(5);
        }
      } finally {
        state.ended = true;
      }
    }
    return { options: { methods: { Endless: () => items(), Late: () => turn.then(() => items()) } }, begin, state };
  }

  test("in the same message as it is asked for", async () => {
    const { options, state } = endless();
    const client = await start(options);
    client.send('{"type":4,"invocationId":"1","target":"Endless","arguments":[]}', '{"type":5,"invocationId":"1"}');
    expect(await client.take()).toBe(answer);
    await letTimePass(50);
    expect([state.begun, client.records]).toEqual([false, []]);
  });

  test("while its method is at work", async () => {
    const { options, begin, state } = endless();
    const client = await start(options);
    client.send('{"type":4,"invocationId":"1","target":"Late","arguments":[]}');
    await client.heard();
    client.send('{"type":5,"invocationId":"1"}');
    await client.heard();
    begin();
    expect(await client.take()).toBe(answer);
    expect(state.begun).toBe(false);
  });

  test("while it runs, and where its client is gone", async () => {
    const cancel = (client: RawHubClient): void => client.send('{"type":5,"invocationId":"1"}');
    for (const end of [cancel, (client: RawHubClient): void => client.terminate()]) {
      const { options, state } = endless();
      const client = await start(options);
      client.send('{"type":4,"invocationId":"1","target":"Endless","arguments":[]}');
      await eventually(() => state.begun);
      end(client);
      await eventually(() => state.ended);
      await node.stop();
    }
  });
});

describe("limits", () => {
  test("a message may be longer than a record", async () => {
    const client = await start({ maximumReceiveMessageSize: 500, maximumParallelInvocationsPerClient: 20 });
    const record = `{"type":1,"target":"TellAll","arguments":["${"x".repeat(300)}"]}\x1e`;
    client.sendFragments(...Array.from({ length: 20 }, () => record));
    for (let count = 0; count < 20; count++) expect(await client.take()).toContain("Told");
    client.sendFragments(record.slice(0, 300), "x".repeat(300));
    expect(await client.take()).toContain('{"type":7,"error":"Connection closed with an error');
  });

  const waitCall = (delayMs: number): string =>
    `{"type":1,"invocationId":"w","target":"Wait","arguments":[${delayMs}]}`;
  const echo = (id: number, length = 1): string =>
    `{"type":1,"invocationId":"${id}","target":"Echo","arguments":["${"x".repeat(length)}"]}`;
  const range = (count: number): number[] => Array.from({ length: count }, (_, at) => at);

  test("more calls than may wait stop the connection, and all are run in their order", async () => {
    const client = await start({ maximumReceiveMessageSize: 1_000, clientTimeoutInterval: 1_000 });
    client.send(waitCall(1_500));
    for (const id of range(500)) client.send(echo(id, id % 2 === 0 ? 1 : 700));
    expect(await client.take()).toContain('"invocationId":"w"');
    for (const id of range(500)) expect(await client.take()).toContain(`{"type":3,"invocationId":"${id}","result"`);
  });

  test("where an answer of the client is waited for, they are refused instead", async () => {
    const client = await start({ maximumWaitingInvocations: 2 });
    client.send('{"type":1,"invocationId":"a","target":"AskName","arguments":[]}');
    expect(await client.take()).toContain("GetName");
    for (const id of range(4)) client.send(echo(id));
    const refused = '"error":"Too many invocations wait (maximumWaitingInvocations)."}';
    for (const id of [2, 3]) expect(await client.take()).toBe(`{"type":3,"invocationId":"${id}",${refused}`);
    client.send('{"type":3,"invocationId":"s0","result":"me"}');
    expect(await client.take()).toBe('{"type":3,"invocationId":"a","result":"me"}');
    for (const id of range(2)) expect(await client.take()).toBe(`{"type":3,"invocationId":"${id}","result":"x"}`);
  });

  test("a method that calls its caller while the connection is stopped gets its answer", async () => {
    let goOn = (): void => undefined;
    const turn = new Promise<void>((resolve) => (goOn = resolve));
    const client = await start({
      maximumWaitingInvocations: 2,
      methods: { AskLater: ({ clients }) => turn.then(() => clients.caller.invoke("GetName")) },
    });
    client.send('{"type":1,"invocationId":"a","target":"AskLater","arguments":[]}');
    for (const id of range(5)) client.send(echo(id));
    await letTimePass(50);
    expect(client.records).toEqual([]);
    goOn();
    expect(await client.take()).toContain("GetName");
    client.send('{"type":3,"invocationId":"s0","result":"me"}');
    await eventually(() => client.records.some((record) => record.includes('"result":"me"')));
  });

  test("a method that never ends does not keep the place of a client that is gone", async () => {
    const client = await start({
      maximumWaitingInvocations: 2,
      streamStallTimeout: 200,
      methods: { Never: () => new Promise(() => undefined) },
    });
    client.send('{"type":1,"invocationId":"a","target":"Never","arguments":[]}');
    for (const id of range(5)) client.send(echo(id));
    await letTimePass(50);
    client.terminate();
    await eventually(() => node.hub.clientsCount === 0);
  });

  /** A client whose network takes nothing more. */
  async function startFull(options: HubServerOptions): Promise<RawHubClient> {
    let taken = 0;
    const client = await start({
      ...options,
      methods: {
        async *Fill() {
          for (const text = "x".repeat(5_000); ; taken++) {
            await Promise.resolve();
            yield text;
          }
        },
        Never: () => new Promise(() => undefined),
      },
    });
    client.send('{"type":4,"invocationId":"f","target":"Fill","arguments":[]}');
    await client.take();
    client.hold(true);
    for (let before = -1; before !== taken;) {
      before = taken;
      await letTimePass(200);
    }
    return client;
  }

  test.each<[what: string, records: (id: number) => readonly string[]]>([
    [
      "refused calls",
      (id) => [`{"type":1,"invocationId":"${id}","target":"Sum","arguments":[],"streamIds":["s","s"]}`],
    ],
    ["cancelled ones", (id) => [echo(id), `{"type":5,"invocationId":"${id}"}`]],
  ])("answers that are not read stop the connection, and none is lost: those of %s", async (_what, records) => {
    const client = await startFull({ maximumWaitingSends: 2 });
    client.send('{"type":1,"target":"Never","arguments":[]}');
    for (const id of range(100)) client.send(...records(id));
    await letTimePass(200);
    client.send('{"type":5,"invocationId":"f"}');
    client.hold(false);
    const answers = (): readonly string[] =>
      client.records.filter((record) => /"type":3,"invocationId":"\d/.test(record));
    await eventually(() => answers().length === 100);
    for (const id of range(100)) expect(answers()[id]).toContain(`"invocationId":"${id}"`);
  });

  test("who does not read answers may do so for as long as a client may be silent", async () => {
    const client = await startFull({ clientTimeoutInterval: 3_000, closeTimeoutMs: 100 });
    const pings = setInterval(() => client.send('{"type":6}'), 100);
    void client.closed.then(() => clearInterval(pings));
    await letTimePass(4_000);
    expect(node.hub.clientsCount).toBe(1);
    const id = "x".repeat(3_000);
    client.send(`{"type":1,"invocationId":"${id}","target":"Sum","arguments":[],"streamIds":["s","s"]}`);
    await eventually(() => node.hub.clientsCount === 0);
  });

  test("what cannot be sent is the caller's mistake", async () => {
    const client = await start({
      methods: {
        Bad: () => 1n,
        async *BadItems() {
          await Promise.resolve();
          yield 1n;
        },
        Both: () => Promise.reject(new HubException("as it is")),
        Long: () => Promise.reject(new HubException("x".repeat(100_000))),
      },
    });
    expect(() => node.hub.clients.all.send("Told", 1n)).toThrow(OptionError);
    expect(() => node.hub.clients.all.send("Told", "x".repeat(100_000))).toThrow(OptionError);
    client.send('{"type":1,"invocationId":"1","target":"Bad","arguments":[]}');
    expect(await client.take()).toContain("An unexpected error occurred invoking 'Bad' on the server.");
    client.send('{"type":4,"invocationId":"2","target":"BadItems","arguments":[]}');
    expect(await client.take()).toContain("An unexpected error occurred invoking 'BadItems' on the server.");
    client.send('{"type":1,"invocationId":"3","target":"Both","arguments":[]}');
    expect(await client.take()).toBe('{"type":3,"invocationId":"3","error":"as it is"}');
    const tooLong = '"error":"It failed, and the error is too long to be told."}';
    client.send('{"type":1,"invocationId":"4","target":"Long","arguments":[]}');
    expect(await client.take()).toBe(`{"type":3,"invocationId":"4",${tooLong}`);
    client.send(`{"type":1,"invocationId":"5","target":"${"€".repeat(5_000)}","arguments":[]}`);
    expect(await client.take()).toBe(`{"type":3,"invocationId":"5",${tooLong}`);
  });
});
