/** Arguments that cannot be meant, as untyped programs give them: each is told, whatever the class. */

import { Backoff } from "../../modules/backoff.js";
import { ClientWebSocket, ClientWebSocketHeaders, OptionError } from "../../modules/client.js";
import { HttpListener } from "../../modules/http.js";
import { WebSocketServer } from "../../modules/server.js";
import { ServerBench } from "../server/servertest.js";

type AnyClass = new (options?: never) => unknown;
const CLASSES: readonly AnyClass[] = [ClientWebSocket, WebSocketServer, HttpListener, Backoff];

describe.each(CLASSES.map((it) => [it.name, it] as const))("new %s", (name, Class) => {
  test.each([["ws://host/"], [8080], [null], [true], [[]], [new Date()], [(): void => undefined]])(
    "%p is no object of options",
    (options) => {
      const create = (): unknown => new Class(options as never);
      expect(create).toThrow(OptionError);
      expect(create).toThrow(new RegExp(`^${name} takes an object of options, such as \\{`));
    },
  );

  test("none, undefined and an object without members will do", () => {
    for (const options of [[], [undefined], [{}]]) expect(() => new Class(...(options as []))).not.toThrow();
  });
});

const HANDLERS: readonly (readonly [AnyClass, readonly string[]])[] = [
  [ClientWebSocket, ["onMessageReceived", "onConnectionClosed", "onDrained"]],
  [WebSocketServer, ["onMessageReceived", "onWebSocketOpened", "onWebSocketClosed", "acceptClient"]],
  [HttpListener, ["onRequest"]],
];

test.each(HANDLERS.flatMap(([Class, names]) => names.map((name) => [Class.name, name, Class] as const)))(
  "%s: %s is a function",
  (_class, name, Class) => {
    for (const value of [5, "handler", null, {}, true]) {
      const create = (): unknown => new Class({ [name]: value } as never);
      expect(create).toThrow(OptionError);
      expect(create).toThrow(`The option ${name} takes a function; it was given`);
    }
    expect(() => new Class({ [name]: undefined } as never)).not.toThrow();
  },
);

test.each([
  [Backoff, { initial: 5 }, "initialMs"],
  [Backoff, { max: 5 }, "maxMs"],
  [Backoff, { delays: [1] }, undefined],
  [ClientWebSocket, { onMesageReceived: () => undefined }, "onMessageReceived"],
  [ClientWebSocket, { subProtocols: ["chat"] }, "subprotocols"],
  [ClientWebSocket, { certificat: "" }, "certificate"],
  [WebSocketServer, { Port: 80 }, "port"],
  [WebSocketServer, { onWebsocketOpened: () => undefined }, "onWebSocketOpened"],
  [WebSocketServer, { allowedOrigin: "*" }, "allowedOrigins"],
  [WebSocketServer, { maxclients: 5 }, "maxClients"],
  [HttpListener, { onrequest: () => undefined }, "onRequest"],
] as const)("%p of %j: did you mean %s", (Class, options, meant) => {
  const create = (): unknown => new (Class as AnyClass)(options as never);
  expect(create).toThrow(OptionError);
  expect(create).toThrow(meant === undefined ? "The options are" : `Did you mean ${meant}?`);
});

test.each([
  { initialMs: 0 },
  { initialMs: NaN },
  { initialMs: "500" },
  { maxMs: 1 },
  { factor: 0.5 },
  { factor: NaN },
  { factor: "2" },
  { jitter: 2 },
  { jitter: NaN },
])("a Backoff refuses %j", (options) => {
  expect(() => new Backoff(options as never)).toThrow(OptionError);
});

test.each([
  { port: 80 },
  { prefix: "/ws" },
  { address: "127.0.0.1" },
  { maxHeadBytes: 1_024 },
  { maxKeptHeadBytes: 1_024 },
  { keptHeaders: ["x-mine"] },
])("a server that does not listen itself refuses %j", (options) => {
  const create = (): unknown => new WebSocketServer({ isStandAlone: false, ...options });
  expect(create).toThrow(OptionError);
  expect(create).toThrow(`${Object.keys(options)[0] ?? ""} is for a server that listens by itself`);
});

test("a server that does not listen itself takes undefined for them", () => {
  expect(() => new WebSocketServer({ isStandAlone: false, port: undefined } as never)).not.toThrow();
});

describe("connect()", () => {
  test.each([[undefined], [null], [5], [{}], [["ws://host/"]], [new Date()]])("refuses %p", async (uri) => {
    const connecting = new ClientWebSocket().connect(uri as never);
    await expect(connecting).rejects.toThrow(OptionError);
    await expect(connecting).rejects.toThrow(/URI/);
  });

  test.each([[5], ["a: b"], [null], [true]])("refuses the headers %p", async (headers) => {
    const connecting = new ClientWebSocket().connect("ws://127.0.0.1:1/", headers as never);
    await expect(connecting).rejects.toThrow(OptionError);
  });

  test("refuses headers that were set as properties, as nanoFramework's are", async () => {
    const headers = new ClientWebSocketHeaders() as unknown as Record<string, string>;
    headers["userId"] = "12";
    const connecting = new ClientWebSocket().connect("ws://127.0.0.1:1/", headers);
    await expect(connecting).rejects.toThrow(OptionError);
    await expect(connecting).rejects.toThrow(
      'headers["userId"] = … does not set a header: use headers.set(name, value)',
    );
  });

  test("takes a URL object", async () => {
    const bench = new ServerBench();
    await bench.server.start();
    const client = new ClientWebSocket();
    await client.connect(new URL(`ws://127.0.0.1:${bench.server.port}/`));
    expect(() => client.send(new Uint8Array(1), undefined as never)).toThrow(OptionError);
    expect(() => {
      client.ping("text" as never);
    }).toThrow(OptionError);
    expect(() => {
      client.close(1000, 5 as never);
    }).toThrow(OptionError);
    client.abort();
    bench.dispose();
  });
});
