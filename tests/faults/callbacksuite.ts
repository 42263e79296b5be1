/**
 * Handlers that throw, and calls from within every handler: nothing breaks, and others go on. No API of Node or Jest:
 * the tests run on XS too, where server and clients are of one program.
 */

import { ClientWebSocket, WebSocketCloseStatus, WebSocketState } from "xs-websockets/client";
import { type WebSocket, WebSocketServer } from "xs-websockets/server";
import { assert, assertEqual, type Tests } from "../support/assertions.js";
import { eventually, letTimePass } from "../support/waiting.js";

/** What a handler does. */
type Act = (webSocket: WebSocket) => void | Promise<void>;

/** A closed connection refuses to send: that is the caller's error. */
function trySending(send: () => void): void {
  try {
    send();
  } catch (error) {
    assertEqual((error as Error).name, "InvalidStateError", "name of the error");
  }
}

function sendUntilFull(webSocket: WebSocket, text: string): void {
  trySending(() => {
    while (webSocket.sendString(text));
  });
}

/** What the handlers throw and reject with. */
export const HANDLER_ERROR = "The handler was asked to fail.";

/** Acts that fail the connection (RFC 6455, 7.4.1: 1011). */
const FAILURES: Readonly<Record<string, Act>> = {
  throws() {
    throw new Error(HANDLER_ERROR);
  },
  rejects: () => Promise.reject(new Error(HANDLER_ERROR)),
  "rejects later": async () => {
    await letTimePass(20);
    throw new Error(HANDLER_ERROR);
  },
};

const ACTS: Readonly<Record<string, Act>> = {
  ...FAILURES,
  sends: (webSocket) => trySending(() => webSocket.sendString("from within")),
  pings: (webSocket) => trySending(() => webSocket.ping()),
  closes: (webSocket) => webSocket.close(4001),
  aborts: (webSocket) => webSocket.abort(),
  "closes and aborts": (webSocket) => {
    webSocket.close(4001);
    webSocket.abort();
  },
  "sends until the queue is full": (webSocket) => sendUntilFull(webSocket, "y".repeat(1_000)),
};

const EVENTS = ["opened", "message", "pong", "drained", "closed"] as const;
type EventName = (typeof EVENTS)[number];

/** Acts in the handler of one event, once. */
class Actor {
  hasActed = false;
  private readonly event: EventName;
  private readonly act: Act;

  constructor(event: EventName, act: Act) {
    this.event = event;
    this.act = act;
  }

  /** Whether the act is to close the connection with 1011. */
  get fails(): boolean {
    return this.event !== "closed" && Object.values(FAILURES).includes(this.act);
  }

  on(name: EventName, webSocket: WebSocket): void | Promise<void> {
    if (name !== this.event || this.hasActed) return undefined;
    this.hasActed = true;
    return this.act(webSocket);
  }

  watch(webSocket: WebSocket): void {
    webSocket.onPongReceived = (sender) => this.on("pong", sender);
    webSocket.onDrained = (sender) => this.on("drained", sender);
  }

  /** Waits until it has acted, unless it does so at the end. */
  async acted(): Promise<void> {
    if (this.event !== "closed") await eventually(() => this.hasActed, `a handler of ${this.event}`);
  }
}

/** Larger than what a system takes at once, and smaller than a queue. */
const BIG = "z".repeat(5_000);
const LIMITS = { closeTimeoutMs: 400, maxMessageBytes: 16_384, maxQueueBytes: 10_240 } as const;
const ON_FREE_PORT = { address: "127.0.0.1", port: 0, maxClients: 4 } as const;

/** A server whose handlers act, unless a client is well, as its header says. */
function actingServer(actor: Actor, closed: string[]): WebSocketServer {
  return new WebSocketServer({
    ...ON_FREE_PORT,
    ...LIMITS,
    onWebSocketOpened: (_sender, { webSocket, request }) => {
      if (request.headers.get("x-well") !== undefined) return;
      actor.watch(webSocket);
      return actor.on("opened", webSocket);
    },
    onMessageReceived: (_sender, { frame, webSocket }) => {
      if (frame.text === "well") return void webSocket.sendString("well");
      trySending(() => webSocket.ping());
      sendUntilFull(webSocket, BIG);
      return actor.on("message", webSocket);
    },
    onWebSocketClosed: (_sender, { endPoint, webSocket }) => {
      closed.push(endPoint);
      return actor.on("closed", webSocket);
    },
  });
}

async function serverActs(actor: Actor): Promise<void> {
  const closed: string[] = [];
  const server = actingServer(actor, closed);
  await server.start();
  const uri = `ws://127.0.0.1:${server.port}/`;
  const well = new ClientWebSocket(LIMITS);
  const client = new ClientWebSocket(LIMITS);
  try {
    let answers = 0;
    well.onMessageReceived = () => {
      answers++;
    };
    await well.connect(uri, { "X-Well": "1" });
    await client.connect(uri).catch(() => undefined);
    if (client.state === WebSocketState.Open) client.sendString("go");
    await actor.acted();
    if (!actor.fails) client.close();
    await eventually(() => closed.length === 1, "the closed event");
    assert(actor.hasActed, "the handler has not acted");
    if (actor.fails) {
      await eventually(() => client.closeStatus !== undefined, "the client's closed event");
      assertEqual(client.closeStatus, WebSocketCloseStatus.InternalServerError, "the status that the client is told");
    }
    await eventually(() => server.clientsCount === 1, "the place of the client");
    well.sendString("well");
    await eventually(() => answers === 1, "the answer to the other client");
    assertEqual(closed.length, 1, "closed events");
  } finally {
    well.abort();
    client.abort();
    server.abort();
  }
}

async function clientActs(actor: Actor): Promise<void> {
  const server = new WebSocketServer({ ...ON_FREE_PORT, ...LIMITS });
  const closedAtServer: number[] = [];
  server.onMessageReceived = (_sender, { webSocket }) => webSocket.sendString("answer");
  server.onWebSocketClosed = (_sender, { closeStatus }) => void closedAtServer.push(closeStatus);
  await server.start();
  const uri = `ws://127.0.0.1:${server.port}/`;
  const client = new ClientWebSocket(LIMITS);
  let closed = 0;
  let messages = 0;
  actor.watch(client);
  client.onMessageReceived = (sender) => {
    messages++;
    return actor.on("message", sender);
  };
  client.onConnectionClosed = (sender) => {
    closed++;
    return actor.on("closed", sender);
  };
  try {
    await client.connect(uri);
    client.ping();
    client.sendString("go");
    sendUntilFull(client, BIG);
    await actor.acted();
    if (!actor.fails) client.close();
    await eventually(() => closed === 1, "the closed event");
    assert(actor.hasActed, "the handler has not acted");
    if (actor.fails) {
      await eventually(() => closedAtServer.length === 1, "the server's closed event");
      assertEqual(closedAtServer[0], WebSocketCloseStatus.InternalServerError, "the status that the server is told");
    }
    await client.connect(uri);
    messages = 0;
    client.sendString("again");
    await eventually(() => messages === 1, "the answer after connecting again");
    assertEqual(closed, 1, "closed events");
  } finally {
    client.abort();
    server.abort();
  }
}

/** Every act in every handler of both roles. */
export function callbackTests(): Tests {
  const tests: Record<string, () => Promise<void>> = {};
  for (const event of EVENTS) {
    for (const [name, act] of Object.entries(ACTS)) {
      tests[`the server's handler of ${event} ${name}: the server lives, its other client too`] = () =>
        serverActs(new Actor(event, act));
      if (event === "opened") continue;
      tests[`the client's handler of ${event} ${name}: it is closed once, and connects again`] = () =>
        clientActs(new Actor(event, act));
    }
  }
  return tests;
}
