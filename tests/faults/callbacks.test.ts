/** Handlers that throw, and calls from within every handler: nothing breaks, and others go on. */

import { ClientWebSocket } from "../../modules/client.js";
import { type WebSocket, WebSocketServer, type WebSocketServerOptions } from "../../modules/server.js";
import { delay, eventually, silenceLog } from "../server/servertest.js";

let log: jest.SpyInstance;
beforeEach(() => (log = silenceLog()));
afterEach(() => log.mockRestore());

/** What a handler does. A closed connection refuses to send: that is the caller's error, and is caught here. */
const ACTS: readonly (readonly [name: string, act: (webSocket: WebSocket) => void])[] = [
  [
    "throws",
    () => {
      throw new Error("handler");
    },
  ],
  ["sends", (webSocket) => trySending(() => webSocket.sendString("from within"))],
  ["pings", (webSocket) => trySending(() => webSocket.ping())],
  ["closes", (webSocket) => webSocket.close(4001)],
  ["aborts", (webSocket) => webSocket.abort()],
  [
    "closes and aborts",
    (webSocket) => {
      webSocket.close(4001);
      webSocket.abort();
    },
  ],
  [
    "sends until the queue is full",
    (webSocket) =>
      trySending(() => {
        while (webSocket.sendString("y".repeat(1_000)));
      }),
  ],
];

function trySending(send: () => void): void {
  try {
    send();
  } catch (error) {
    expect(error).toMatchObject({ name: "InvalidStateError" });
  }
}

const EVENTS = ["opened", "message", "pong", "drained", "closed"] as const;
type EventName = (typeof EVENTS)[number];

/** Runs `act` in the handler of one event, once. */
function actingIn(
  event: EventName,
  act: (webSocket: WebSocket) => void,
): (name: EventName, webSocket: WebSocket) => void {
  let hasActed = false;
  return (name, webSocket) => {
    if (name !== event || hasActed) return;
    hasActed = true;
    act(webSocket);
  };
}

function watch(webSocket: WebSocket, on: (name: EventName, webSocket: WebSocket) => void): void {
  webSocket.onPongReceived = (sender) => {
    on("pong", sender);
  };
  webSocket.onDrained = (sender) => {
    on("drained", sender);
  };
}

const TABLE = EVENTS.flatMap((event) => ACTS.map(([name, act]) => ({ event, name, act })));

test.each(TABLE)(
  "the server's handler of $event $name: the server lives, its other client too",
  async ({ event, act }) => {
    const on = actingIn(event, act);
    const closed: string[] = [];
    const options: WebSocketServerOptions = {
      ...{ address: "127.0.0.1", port: 0, closeTimeoutMs: 200, maxQueueBytes: 20_000 },
      onWebSocketOpened: (_sender, { webSocket, request }) => {
        if (request.headers.get("x-well") !== undefined) return;
        watch(webSocket, on);
        on("opened", webSocket);
      },
      onMessageReceived: (_sender, { frame, webSocket }) => {
        if (frame.text === "well") webSocket.sendString("well");
        else {
          on("message", webSocket);
          trySending(() => webSocket.ping());
          // More than the system takes at once: the drained event follows.
          trySending(() => {
            while (webSocket.sendString("z".repeat(10_000)));
          });
        }
      },
      onWebSocketClosed: (_sender, { endPoint, webSocket }) => {
        closed.push(endPoint);
        on("closed", webSocket);
      },
    };
    const server = new WebSocketServer(options);
    await server.start();
    const uri = `ws://127.0.0.1:${server.port}/`;
    const well = new ClientWebSocket();
    let answers = 0;
    well.onMessageReceived = () => {
      answers++;
    };
    await well.connect(uri, { "X-Well": "1" });
    const client = new ClientWebSocket({ closeTimeoutMs: 200, maxMessageBytes: 100_000 });
    await client.connect(uri).catch(() => undefined);
    if (client.state === 2) client.sendString("go");
    await delay(30);
    client.close();
    await eventually(() => closed.length === 1);
    await eventually(() => server.clientsCount === 1);
    well.sendString("well");
    await eventually(() => answers === 1);
    expect(closed).toHaveLength(1);
    well.abort();
    server.abort();
    client.abort();
  },
);

const CLIENT_TABLE = TABLE.filter(({ event }) => event !== "opened");

test.each(CLIENT_TABLE)(
  "the client's handler of $event $name: it is closed once, and connects again",
  async ({ event, act }) => {
    const on = actingIn(event, act);
    const server = new WebSocketServer({
      address: "127.0.0.1",
      port: 0,
      closeTimeoutMs: 200,
      onMessageReceived: (_sender, { webSocket }) => void webSocket.sendString("answer"),
    });
    await server.start();
    const client = new ClientWebSocket({ closeTimeoutMs: 200, maxQueueBytes: 20_000 });
    let closed = 0;
    let messages = 0;
    watch(client, on);
    client.onMessageReceived = (sender) => {
      messages++;
      on("message", sender);
    };
    client.onConnectionClosed = (sender) => {
      closed++;
      on("closed", sender);
    };
    const uri = `ws://127.0.0.1:${server.port}/`;
    await client.connect(uri);
    client.ping();
    client.sendString("go");
    trySending(() => {
      while (client.sendString("z".repeat(10_000)));
    });
    await delay(30);
    client.close();
    await eventually(() => closed === 1);
    await client.connect(uri);
    messages = 0;
    client.sendString("again");
    await eventually(() => messages === 1);
    expect(closed).toBe(1);
    client.abort();
    await server.stop();
  },
);
