import type { HttpListenerContext } from "../../modules/http.js";
import { WritableHeaders } from "../../modules/common/headers.js";
import { InvalidStateError, WebSocketServer, type WebSocketServerOptions } from "../../modules/server.js";
import { FakeSocket } from "../support/fakesocket.js";
import { asciiOf, bytesOf, frame, pattern } from "../support/vectors.js";
import { silenceLog } from "./servertest.js";
import { eventually } from "../support/waiting.js";

/** An upgrade request on a socket in memory, as an HTTP server of someone else's might pass it on. */
function contextOf(socket: FakeSocket): HttpListenerContext {
  const headers = new WritableHeaders();
  const fields = {
    Host: "a",
    Upgrade: "websocket",
    Connection: "Upgrade",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
  };
  for (const [name, value] of Object.entries(fields)) headers.append(name, value);
  return {
    request: {
      httpMethod: "GET",
      rawUrl: "/",
      path: "/",
      headers,
      isWebSocketRequest: true,
      httpVersion: "1.1",
      remoteEndPoint: `192.0.2.1:${socket.remotePort}`,
      clientCertificate: undefined,
    },
    response: { statusCode: 200, contentType: undefined, isClosed: false, setHeader() {}, close() {} },
    upgrade: () => socket,
  };
}

async function started(options: WebSocketServerOptions = {}): Promise<WebSocketServer> {
  const server = new WebSocketServer({ isStandAlone: false, ...options });
  await server.start();
  return server;
}

function add(server: WebSocketServer, port: number): FakeSocket {
  const socket = new FakeSocket(port);
  expect(server.addWebSocket(contextOf(socket))).toBe(true);
  return socket;
}

test("a broadcast is encoded once: every socket is given the same bytes", async () => {
  const server = await started();
  const sockets = [1, 2, 3].map((port) => add(server, port));
  expect(server.broadcast("hello", 2)).toBe(3);
  const [first] = sockets;
  expect(first?.frames).toEqual(["text+:6865", "continuation+:6c6c", "continuation:6f"]);
  for (const socket of sockets)
    socket.written.forEach((bytes, at) => {
      expect(bytes).toBe(first?.written[at]);
    });
  server.abort();
});

test("a broadcast leaves out a client whose queue is full, and it is not touched", async () => {
  const server = await started({ maxQueueBytes: 300 });
  const [slow, quick] = [add(server, 1), add(server, 2)];
  slow.room = 0;
  expect(server.broadcast(pattern(120))).toBe(2);
  expect(server.broadcast(pattern(120))).toBe(1);
  expect(slow.written).toHaveLength(1);
  expect(quick.written).toHaveLength(2);
  slow.drain();
  expect(server.broadcast(pattern(120))).toBe(2);
  server.abort();
});

test("a client that comes back from the same port takes the place of the one that went unnoticed", async () => {
  const closed: string[] = [];
  const server = await started({ onWebSocketClosed: (_s, e) => closed.push(e.endPoint) });
  const before = add(server, 7);
  const after = add(server, 7);
  expect(before.isDestroyed).toBe(true);
  expect(closed).toEqual(["192.0.2.1:7"]);
  expect(server.clientsCount).toBe(1);
  expect(server.sendString("192.0.2.1:7", "a")).toBe(true);
  expect(after.frames).toEqual(["text:61"]);
  server.abort();
  expect(after.isDestroyed).toBe(true);
});

describe("within the opened event", () => {
  const early = frame(0x81, asciiOf("early"), true);

  function openedBy(act: (options: { server: WebSocketServer; endPoint: string }) => void): {
    server: WebSocketServer;
    socket: FakeSocket;
    events: string[];
  } {
    const socket = new FakeSocket(1);
    const events: string[] = [];
    const server = new WebSocketServer({
      isStandAlone: false,
      onWebSocketOpened: (sender, e) => {
        events.push("opened");
        act({ server: sender, endPoint: e.endPoint });
      },
      onMessageReceived: (_s, e) => events.push(`message ${e.frame.text}`),
      onWebSocketClosed: (_s, e) => events.push(`closed ${e.closeStatus}`),
    });
    void server.start();
    socket.unread(early.slice());
    server.addWebSocket(contextOf(socket));
    return { server, socket, events };
  }

  test("a message can be sent, and the early ones follow", async () => {
    const { socket, events, server } = openedBy(({ server: sender, endPoint }) => sender.sendString(endPoint, "hi"));
    expect(socket.frames).toEqual(["text:6869"]);
    // In a turn of their own.
    await eventually(() => events.length > 1);
    expect(events).toEqual(["opened", "message early"]);
    server.abort();
  });

  test("an abort ends it: the early messages are not told", () => {
    const { socket, events, server } = openedBy(({ server: sender, endPoint }) => {
      sender.disconnectClient(endPoint, undefined, true);
    });
    expect(events).toEqual(["opened", "closed 1006"]);
    expect(socket.isDestroyed).toBe(true);
    expect(server.clientsCount).toBe(0);
  });

  test("a close closes", () => {
    const { socket, server } = openedBy(({ server: sender, endPoint }) => {
      sender.disconnectClient(endPoint, 4000);
    });
    expect(socket.frames).toEqual(["close:4000"]);
    server.abort();
  });

  test("an exception closes the client with 1011, and the server lives", () => {
    const log = silenceLog();
    const { socket, server } = openedBy(() => {
      throw new Error("opened");
    });
    expect(socket.frames).toEqual(["close:1011"]);
    expect(log).toHaveBeenCalledWith(expect.stringContaining("opened event"));
    log.mockRestore();
    expect(server.started).toBe(true);
    server.abort();
  });
});

test("an exception of onMessageReceived closes that client with 1011, and no other", async () => {
  const log = silenceLog();
  const closed: number[] = [];
  const server = await started({
    onMessageReceived: () => {
      throw new Error("handler");
    },
    onWebSocketClosed: (_s, e) => closed.push(e.closeStatus),
  });
  const [first, second] = [add(server, 1), add(server, 2)];
  first.handlers.received(frame(0x81, asciiOf("a"), true));
  expect(first.frames).toEqual(["close:1011"]);
  expect(server.broadcast("b")).toBe(1);
  expect(second.frames).toEqual(["text:62"]);
  first.handlers.closed();
  expect(closed).toEqual([1011]);
  server.abort();
  log.mockRestore();
});

test("an exception of onWebSocketClosed is logged, the client is gone, and its own handler is told", async () => {
  const log = silenceLog();
  const told: string[] = [];
  const server = await started({
    onWebSocketOpened: (_s, e) => (e.webSocket.onConnectionClosed = () => told.push("own")),
    onWebSocketClosed: () => {
      throw new Error("closed");
    },
  });
  add(server, 1).handlers.closed();
  expect(told).toEqual(["own"]);
  expect(server.clientsCount).toBe(0);
  expect(log).toHaveBeenCalled();
  log.mockRestore();
});

test("a server may stop, abort or broadcast from within a message", async () => {
  const server = await started();
  const [first, second] = [add(server, 1), add(server, 2)];
  server.onMessageReceived = (sender, e) => {
    if (e.frame.text === "broadcast") expect(sender.broadcast("x")).toBe(2);
    else sender.abort();
  };
  first.handlers.received(frame(0x81, asciiOf("broadcast"), true));
  expect([first.frames, second.frames]).toEqual([["text:78"], ["text:78"]]);
  first.handlers.received(frame(0x81, asciiOf("abort"), true));
  expect(server.clientsCount).toBe(0);
  expect([first.isDestroyed, second.isDestroyed]).toEqual([true, true]);
});

test("a client's WebSocket refuses to send once it is closed, and still tells who it was", async () => {
  const errors: unknown[] = [];
  const server = await started({
    onWebSocketClosed: (_s, e) => {
      const { webSocket } = e;
      try {
        webSocket.sendString("late");
      } catch (error) {
        errors.push(error);
      }
      webSocket.close();
      webSocket.abort();
      expect([webSocket.remoteEndPoint, webSocket.closeStatus]).toEqual(["192.0.2.1:1", 4001]);
    },
  });
  const socket = add(server, 1);
  socket.handlers.received(frame(0x88, bytesOf("0fa1"), true));
  socket.handlers.closed();
  expect(errors).toEqual([expect.any(InvalidStateError)]);
});
