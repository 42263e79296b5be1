import { ClientWebSocket } from "../../modules/client.js";
import { CONNECTION_DEFAULTS } from "../../modules/common/options.js";
import { ServerClient } from "../../modules/server/accepted.js";
import { FakeSocket } from "../support/fakesocket.js";
import { asciiOf, bytesOf, frame, joined } from "../support/vectors.js";
import { withServer } from "./servertest.js";
import { eventually, letTimePass } from "../support/waiting.js";
import { upgradeRequest } from "../support/upgrades.js";

interface Bench {
  readonly socket: FakeSocket;
  readonly connection: ServerClient;
  readonly texts: string[];
}

const NORMAL = bytesOf("03e8");

/** A connection that pauses itself at each of these texts. */
function bench(...pauseAt: readonly string[]): Bench {
  return benchOn(new FakeSocket(), ...pauseAt);
}

function benchOn(socket: FakeSocket, ...pauseAt: readonly string[]): Bench {
  const texts: string[] = [];
  const connection = new ServerClient({
    settings: CONNECTION_DEFAULTS,
    clientMessageReceived: () => undefined,
    clientClosed: () => void texts.push("closed"),
  });
  connection.onMessageReceived = (_sender, { frame: { text } }) => {
    texts.push(text);
    if (pauseAt.includes(text)) connection.pause();
  };
  connection.openOn(socket);
  return { socket, connection, texts };
}

function frames(...texts: readonly string[]): Uint8Array {
  return joined(texts.map((text) => frame(0x81, asciiOf(text), true)));
}

beforeEach(() => jest.useFakeTimers({ doNotFake: ["queueMicrotask"] }));
afterEach(() => {
  expect(jest.getTimerCount()).toBe(0);
  jest.useRealTimers();
});

test("pause within a chunk gives its rest back to the socket, and resume has it told", () => {
  const { socket, connection, texts } = bench("a", "c");
  socket.handlers.received(frames("a", "b", "c", "d"));
  expect(texts).toEqual(["a"]);
  expect(connection.isPaused).toBe(true);
  expect(socket.unreadLength).toBe(frames("b", "c", "d").length);
  connection.resume();
  expect(texts).toEqual(["a"]);
  jest.advanceTimersByTime(1);
  expect(texts).toEqual(["a", "b", "c"]);
  connection.resume();
  jest.advanceTimersByTime(1);
  expect(texts).toEqual(["a", "b", "c", "d"]);
  expect(socket.calls).toEqual(["pause", "resume", "pause", "resume"]);
  connection.abort();
});

test("pause and resume are passed on once, however often they are called", () => {
  const { socket, connection } = bench();
  connection.pause();
  connection.pause();
  connection.resume();
  connection.resume();
  expect(socket.calls).toEqual(["pause", "resume"]);
  connection.abort();
});

test("paused again before the unread bytes are told: they wait for the next resume", () => {
  const { socket, connection, texts } = bench("a");
  socket.handlers.received(frames("a", "b"));
  connection.resume();
  connection.pause();
  jest.advanceTimersByTime(10);
  expect(texts).toEqual(["a"]);
  connection.resume();
  jest.advanceTimersByTime(1);
  expect(texts).toEqual(["a", "b"]);
  connection.abort();
});

test("what came behind the opening handshake is told after some steps of promises", async () => {
  const socket = new FakeSocket();
  socket.pause();
  socket.unread(frames("a"));
  const { connection, texts } = benchOn(socket);
  for (let step = 0; step < 3; step++) await Promise.resolve();
  jest.advanceTimersByTime(10);
  expect(texts).toEqual([]);
  for (let step = 0; step < 10; step++) await Promise.resolve();
  expect(texts).toEqual([]);
  jest.advanceTimersByTime(1);
  expect(texts).toEqual(["a"]);
  connection.abort();
});

test("what came behind the opening handshake waits too", async () => {
  const socket = new FakeSocket();
  socket.pause();
  socket.unread(frames("a"));
  const { connection, texts } = benchOn(socket);
  connection.pause();
  for (let step = 0; step < 10; step++) await Promise.resolve();
  jest.advanceTimersByTime(10);
  expect(texts).toEqual([]);
  connection.resume();
  jest.advanceTimersByTime(1);
  expect(texts).toEqual(["a"]);
  connection.abort();
});

test("after the end nothing is told of what was unread", () => {
  const { socket, connection, texts } = bench("a");
  socket.handlers.received(frames("a", "b"));
  connection.resume();
  connection.abort();
  jest.advanceTimersByTime(10);
  connection.pause();
  connection.resume();
  expect(texts).toEqual(["a", "closed"]);
});

test("while it closes it is not paused: the peer's answer has to be read", () => {
  const { socket, connection } = bench();
  connection.close();
  connection.pause();
  expect(connection.isPaused).toBe(false);
  expect(socket.calls).toEqual([]);
  connection.abort();
});

describe("over sockets", () => {
  beforeEach(() => jest.useRealTimers());
  const pumps: NodeJS.Timeout[] = [];
  afterEach(() => {
    for (const pump of pumps.splice(0)) clearInterval(pump);
    // The check of fake timers that follows each test looks at new ones.
    jest.useFakeTimers();
  });

  test("a client that is paused slows the server down, and then gets all in order", async () => {
    await withServer({ maxQueueBytes: 65_536, keepAliveInterval: 50, serverTimeout: 5_000 }, async ({ server }) => {
      const client = new ClientWebSocket({ keepAliveInterval: 50, serverTimeout: 800 });
      const received: string[] = [];
      client.onMessageReceived = (_sender, { frame: { text } }) => received.push(text.slice(0, 5));
      await client.connect(`ws://127.0.0.1:${server.port}/`);
      client.pause();
      // More than the buffers of the system take.
      const count = 6_000;
      let sent = 0;
      const pump = setInterval(() => {
        while (sent < count && server.broadcast(`${sent}`.padStart(5, "0").padEnd(4_000, "x")) === 1) sent++;
      }, 1);
      pumps.push(pump);
      await letTimePass(1_100);
      expect(client.isPaused).toBe(true);
      expect(received).toEqual([]);
      expect(sent).toBeLessThan(count);
      client.resume();
      await eventually(() => received.length === count);
      expect(received).toEqual(Array.from({ length: count }, (_, at) => `${at}`.padStart(5, "0")));
      client.abort();
    });
  });

  test.each([
    ["pauses and resumes at each message", {}],
    ["has a slow accept hook", { acceptClient: () => letTimePass(50).then(() => true) }],
  ])("a server that %s loses nothing of a client that has half closed", async (_name, options) => {
    await withServer(options, async (connected) => {
      const { server, events } = connected;
      server.onMessageReceived = (_sender, { frame: { text }, webSocket }) => {
        events.push(text);
        webSocket.pause();
        webSocket.resume();
        webSocket.sendString(`${text}!`);
      };
      const client = connected
        .connect()
        .send(upgradeRequest())
        .send(frames("a", "b", "c"))
        .send(frame(0x88, NORMAL, true));
      client.socket.end();
      expect(await client.head()).toMatch(/^HTTP.1.1 101 /);
      expect(await client.frames(4)).toEqual(["text:6121", "text:6221", "text:6321", "close:1000"]);
      await eventually(() => server.clientsCount === 0);
      expect(events.slice(-4)).toEqual(["a", "b", "c", "closed 1000 clean"]);
    });
  });

  test("close resumes: what the server has sent still comes, and the close is clean", async () => {
    await withServer({}, async ({ server }) => {
      const client = new ClientWebSocket({ closeTimeoutMs: 2_000 });
      const received: string[] = [];
      const ended = new Promise<boolean>((resolve) => {
        client.onConnectionClosed = (_sender, { wasClean }) => {
          resolve(wasClean);
        };
      });
      client.onMessageReceived = (_sender, { frame: { text } }) => received.push(text);
      await client.connect(`ws://127.0.0.1:${server.port}/`);
      client.pause();
      server.broadcast("sent before");
      await letTimePass(50);
      client.close();
      expect(await ended).toBe(true);
      expect(received).toEqual(["sent before"]);
    });
  });
});
