/** What the app does wrong: its mistakes are told at once, and what its handlers throw or reject with is logged. */

import { HttpListener } from "../../modules/http.js";
import { HubConnection, type HubConnectionOptions } from "../../modules/signalr/client.js";
import { HubServer, OptionError, type HubServerOptions } from "../../modules/signalr/server.js";
import { startNodeHub, type NodeHub } from "./nodehub.js";
import { eventually } from "../support/waiting.js";

const unhandled: unknown[] = [];
const note = (reason: unknown): void => void unhandled.push(reason);
let log: jest.SpyInstance;

beforeAll(() => process.on("unhandledRejection", note));
afterAll(() => process.off("unhandledRejection", note));
beforeEach(() => (log = jest.spyOn(console, "log").mockImplementation(() => undefined)));
afterEach(async () => {
  await new Promise(setImmediate);
  expect(unhandled).toEqual([]);
  jest.restoreAllMocks();
});

function logged(text: string): boolean {
  return log.mock.calls.some(([line]) => String(line).includes(text));
}

/** Handlers that fail, each in a way of its own. */
const FAILING: Readonly<Record<string, () => never | Promise<never>>> = {
  throws: () => {
    throw new Error("bad");
  },
  rejects: () => Promise.reject(new Error("bad")),
  "gives what acts as a promise": () =>
    ({ then: (_: unknown, failed: (error: Error) => void) => failed(new Error("bad")) }) as never,
};

describe.each(Object.entries(FAILING))("a handler that %s", (_name, fail) => {
  let node: NodeHub;
  afterEach(() => node.stop());

  test("of a HubConnection's state is logged, and harms nothing", async () => {
    node = await startNodeHub();
    const heard: string[] = [];
    const failing = (name: string) => () => {
      heard.push(name);
      return fail();
    };
    const connection = new HubConnection(node.url, {
      automaticReconnect: [0],
      onreconnecting: failing("reconnecting"),
      onreconnected: failing("reconnected"),
      onclose: failing("close"),
    });
    await connection.start();
    await connection.send("Lose");
    await eventually(() => heard.length === 2);
    expect(await connection.invoke("Add", 1, 2)).toBe(3);
    await connection.stop();
    expect(heard).toEqual(["reconnecting", "reconnected", "close"]);
    await eventually(() => log.mock.calls.length >= 3);
    expect(logged("A handler of the HubConnection's state threw. Error: bad")).toBe(true);
  });

  test("of a hub's method at the client is logged", async () => {
    node = await startNodeHub();
    const connection = new HubConnection(node.url);
    connection.on("Told", fail);
    await connection.start();
    await connection.invoke("TellAll", "x");
    await eventually(() => logged('A handler of "Told" threw. Error: bad'));
    connection.on("GetName", fail);
    await expect(connection.invoke("AskName")).rejects.toThrow();
    await connection.stop();
  });

  test("of a hub's connected event closes the connection; of its disconnected event it is logged", async () => {
    node = await startNodeHub({ onConnected: fail, onDisconnected: fail });
    const connection = new HubConnection(node.url);
    const closed = new Promise((resolve) => (connection.onclose = resolve));
    await connection.start();
    expect(await closed).toMatchObject({ code: "ERR_HUB_CLOSED" });
    await eventually(() => logged("A handler of the hub's disconnected event threw. Error: bad"));
    expect(logged("A handler of the hub's connected event threw; the connection is closed. Error: bad")).toBe(true);
  });

  test("that authorizes is answered 500, whoever asks", async () => {
    node = await startNodeHub({ authorize: fail });
    for (const negotiate of [true, false])
      await expect(new HubConnection(node.url, { negotiate }).start()).rejects.toMatchObject({ statusCode: 500 });
  });
});

test("hooks may return anything", async () => {
  const node = await startNodeHub({ onConnected: (() => true) as never, onDisconnected: (() => 5) as never });
  const connection = new HubConnection(node.url, { onclose: (() => "x") as never });
  await connection.start();
  await connection.stop();
  await eventually(() => node.hub.clientsCount === 0);
  expect(log).not.toHaveBeenCalled();
  await node.stop();
});

test.each<[what: string, answer: unknown, message: string]>([
  ["forgets to answer", undefined, "authorize answers true, false or a refusal; it answered undefined"],
  ["refuses with a status that is none", { statusCode: 200 }, "The statusCode of a refusal must be a whole number"],
])("an authorize that %s lets nobody in, nor negotiate", async (_what, answer, message) => {
  const node = await startNodeHub({ authorize: (() => answer) as never });
  for (const negotiate of [true, false])
    await expect(new HubConnection(node.url, { negotiate }).start()).rejects.toMatchObject({ statusCode: 500 });
  expect(logged(message)).toBe(true);
  await node.stop();
});

test.each<[name: string, options: HubConnectionOptions, text: string]>([
  [
    "policy that is async",
    { automaticReconnect: { nextRetryDelayInMilliseconds: (() => Promise.resolve(1)) as never } },
    "gives milliseconds, or null; it gave ",
  ],
  [
    "policy that rejects",
    { automaticReconnect: { nextRetryDelayInMilliseconds: (() => Promise.reject(new Error("bad"))) as never } },
    "The retry policy threw. Error: bad",
  ],
  [
    "wait that throws",
    { automaticReconnect: [0], wait: FAILING["throws"] as never },
    "What was to wait for a reconnect threw",
  ],
])("a %s is logged, and the connection is closed", async (_name, options, text) => {
  const node = await startNodeHub();
  const connection = new HubConnection(node.url, options);
  const closed = new Promise((resolve) => (connection.onclose = resolve));
  await connection.start();
  await connection.send("Lose");
  expect(await closed).toMatchObject({ code: "ERR_HUB_CLOSED" });
  await eventually(() => logged(text));
  await node.stop();
});

describe("mistakes are told at once", () => {
  const listener = new HttpListener({ port: 0 });
  const connect = (options: unknown): HubConnection =>
    new HubConnection("http://a/hub", options as HubConnectionOptions);
  const serve = (options: unknown): HubServer => new HubServer(listener, "/hub", options as HubServerOptions);

  test.each<[name: string, act: () => unknown, text: string]>([
    [
      "a near miss",
      () => connect({ automaticreconnect: true }),
      'There is no option "automaticreconnect". Did you mean automaticReconnect?',
    ],
    ["a near miss of the WebSocket's", () => connect({ maxMessageByte: 1 }), "Did you mean maxMessageBytes?"],
    ["another name", () => connect({ colour: 1 }), "The options are: serverTimeout,"],
    ["what follows from a hub", () => connect({ deliverFragments: false }), 'There is no option "deliverFragments"'],
    ["no object", () => connect("reconnect"), "HubConnection takes an object of options"],
    [
      "a handler that is none",
      () => connect({ onclose: 5 }),
      "The option onclose takes a function; it was given a number.",
    ],
    [
      "a factory that is none",
      () => connect({ accessTokenFactory: "token" }),
      "The option accessTokenFactory takes a function",
    ],
    ["another type", () => connect({ serverTimeout: "1" }), "serverTimeout takes a number"],
    ["no URL", () => new HubConnection(undefined as never), "A URI is a string"],
    [
      "a method's handler that is none",
      () => connect({}).on("Told", undefined as never),
      "on() takes the name of a method",
    ],
    ["a hub's near miss", () => serve({ onConected: () => undefined }), "Did you mean onConnected?"],
    ["a near miss of the server's", () => serve({ maxClient: 2 }), "Did you mean maxClients?"],
    ["what is the listener's", () => serve({ port: 80 }), 'There is no option "port"'],
    ["a hub's handler that is none", () => serve({ authorize: "me" }), "The option authorize takes a function"],
    [
      "methods that are none",
      () => serve({ methods: { Add: 5 } }),
      "The method Add must be a function; it is a number.",
    ],
    ["methods that are no object", () => serve({ methods: "Add" }), "methods must be an object of functions"],
    ["no listener", () => new HubServer({ port: 80 } as never, "/hub"), "A HubServer needs an HttpListener"],
    ["no path", () => new HubServer(listener, "hub"), 'A path must begin with "/"'],
  ])("%s", (_name, act, text) => {
    expect(act).toThrow(OptionError);
    expect(act).toThrow(text);
  });

  test("a URL object is one of the forms of a URL", () => {
    expect(new HubConnection(new URL("https://a/hub")).uri).toBe("wss://a/hub");
  });
});
