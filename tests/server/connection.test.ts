import { WebSocketMessageType, WebSocketState } from "../../modules/common/constants.js";
import { CONNECTION_DEFAULTS, type WebSocketOptions } from "../../modules/common/options.js";
import { ServerClient } from "../../modules/server/accepted.js";
import { FakeSocket } from "../support/fakesocket.js";
import { asciiOf, bytesOf, frame, pattern } from "../support/vectors.js";
import { silenceLog } from "./servertest.js";

beforeEach(() => jest.useFakeTimers());
afterEach(() => {
  expect(jest.getTimerCount()).toBe(0);
  jest.useRealTimers();
});

interface Bench {
  readonly socket: FakeSocket;
  readonly connection: ServerClient;
  /** "message …", "pong", "drained", "closed status". */
  readonly events: string[];
  /** A masked frame from the client. */
  readonly receive: (first: number, payload?: Uint8Array) => void;
}

function bench(options: WebSocketOptions = {}, onEvent?: (event: string, connection: ServerClient) => void): Bench {
  const socket = new FakeSocket();
  const events: string[] = [];
  const record = (event: string): void => {
    events.push(event);
    onEvent?.(event, connection);
  };
  const connection = new ServerClient({
    settings: { ...CONNECTION_DEFAULTS, ...options },
    clientMessageReceived: () => undefined,
    clientClosed: () => undefined,
  });
  connection.onMessageReceived = (_sender, e) => {
    record(`message ${e.frame.text}`);
  };
  connection.onPongReceived = () => {
    record("pong");
  };
  connection.onDrained = () => {
    record("drained");
  };
  connection.onConnectionClosed = (_sender, e) => {
    record(`closed ${e.closeStatus}`);
  };
  connection.openOn(socket);
  const receive: Bench["receive"] = (first, payload = pattern(0)) => {
    socket.handlers.received(frame(first, payload, true));
  };
  return { socket, connection, events, receive };
}

function send(connection: ServerClient, text: string): boolean {
  return connection.send(asciiOf(text), WebSocketMessageType.Text, 0);
}

describe("time", () => {
  test("a silent peer is sent a Ping after the interval, and given up after the timeout", () => {
    const { socket, connection, events } = bench({ keepAliveInterval: 1_000, serverTimeout: 500 });
    jest.advanceTimersByTime(999);
    expect(socket.frames).toEqual([]);
    jest.advanceTimersByTime(2);
    expect(socket.frames).toEqual(["ping:"]);
    jest.advanceTimersByTime(500);
    expect(events).toEqual(["closed 1006"]);
    expect(socket.isDestroyed).toBe(true);
    expect(connection.state).toBe(WebSocketState.Closed);
  });

  test("a peer that sends now and then is sent no Ping, and one timer is enough", () => {
    const { socket, connection, receive } = bench({ keepAliveInterval: 1_000 });
    for (let turn = 0; turn < 20; turn++) {
      jest.advanceTimersByTime(700);
      receive(0x8a);
      expect(jest.getTimerCount()).toBe(1);
    }
    expect(socket.frames).toEqual([]);
    connection.abort();
  });

  test.each([
    ["without keep-alive", { keepAliveInterval: 0, serverTimeout: 500 }],
    ["with a keep-alive far away", { keepAliveInterval: 1_000_000, serverTimeout: 500 }],
    ["with a keep-alive nearby", { keepAliveInterval: 100, serverTimeout: 500 }],
  ])("a peer that takes nothing is given up after the timeout, %s", (_name, options) => {
    const { socket, connection, events } = bench(options);
    socket.room = 0;
    send(connection, "a");
    jest.advanceTimersByTime(499);
    expect(events).toEqual([]);
    jest.advanceTimersByTime(3);
    expect(events).toEqual(["closed 1006"]);
  });

  test("a peer that takes it in time stays", () => {
    const { socket, connection, events } = bench({ keepAliveInterval: 0, serverTimeout: 500 });
    socket.room = 0;
    send(connection, "a");
    jest.advanceTimersByTime(400);
    socket.drain();
    jest.advanceTimersByTime(10_000);
    expect(events).toEqual(["drained"]);
    connection.abort();
  });

  test("a closing handshake that the peer leaves unanswered ends at closeTimeoutMs", () => {
    const { connection, events } = bench({ closeTimeoutMs: 200 });
    connection.close(1000);
    jest.advanceTimersByTime(199);
    expect(events).toEqual([]);
    jest.advanceTimersByTime(2);
    expect(events).toEqual(["closed 1006"]);
  });

  test("a peer that broke a rule is told, then TCP is ended, then cut off", () => {
    const { socket, events, receive } = bench({ closeTimeoutMs: 1_000 });
    receive(0x83);
    expect(socket.frames).toEqual(["close:1002"]);
    expect(socket.calls).toEqual([]);
    jest.advanceTimersByTime(251);
    expect(socket.calls).toEqual(["end"]);
    jest.advanceTimersByTime(750);
    expect(socket.calls).toEqual(["end", "destroy"]);
    expect(events).toEqual(["closed 1002"]);
  });
});

describe("the closed event comes once", () => {
  test.each<[string, string, (bench: Bench) => void]>([
    ["when TCP ends", "closed 1006", ({ socket }) => socket.handlers.closed()],
    [
      "when TCP breaks",
      "closed 1006",
      ({ socket }) => socket.handlers.closed({ code: "ECONNRESET", message: "reset" }),
    ],
    ["when it is aborted", "closed 1006", ({ connection }) => connection.abort()],
    [
      "when it is aborted twice, and TCP ends",
      "closed 1006",
      ({ connection, socket }) => {
        connection.abort();
        connection.abort();
        socket.handlers.closed();
      },
    ],
    [
      "when the peer closes",
      "closed 1000",
      ({ socket, receive }) => {
        receive(0x88, bytesOf("03e8"));
        socket.handlers.closed();
      },
    ],
    [
      "when the peer closes and does not end TCP",
      "closed 1000",
      ({ receive }) => {
        receive(0x88, bytesOf("03e8"));
        jest.advanceTimersByTime(10_000);
      },
    ],
    [
      "when it closes and the peer answers",
      "closed 3000",
      ({ connection, socket, receive }) => {
        connection.close(3000);
        receive(0x88, bytesOf("0bb8"));
        socket.handlers.closed();
      },
    ],
    [
      "when it closes and TCP ends before the answer",
      "closed 1006",
      ({ connection, socket }) => {
        connection.close(1000);
        socket.handlers.closed();
      },
    ],
    [
      "when it is aborted while closing",
      "closed 1006",
      ({ connection }) => {
        connection.close(1000);
        connection.abort();
      },
    ],
    [
      "when it fails and TCP ends",
      "closed 1007",
      ({ socket, receive }) => {
        receive(0x81, bytesOf("ff"));
        socket.handlers.closed();
      },
    ],
    [
      "when it is aborted while failing",
      "closed 1007",
      ({ connection, receive }) => {
        receive(0x81, bytesOf("ff"));
        connection.abort();
      },
    ],
  ])("%s", (_name, closed, end) => {
    const present = bench();
    end(present);
    jest.advanceTimersByTime(100_000);
    expect(present.events).toEqual([closed]);
    expect([WebSocketState.Closed, WebSocketState.Aborted]).toContain(present.connection.state);
  });
});

describe("a handler that throws", () => {
  const failing =
    (name: string) =>
    (event: string): void => {
      if (event === name) throw new Error(`${name} threw`);
    };

  test.each<[string, (bench: Bench) => void]>([
    ["message a", ({ receive }) => receive(0x81, asciiOf("a"))],
    ["pong", ({ receive }) => receive(0x8a)],
    [
      "drained",
      ({ socket, connection }) => {
        socket.room = 0;
        send(connection, "b");
        socket.drain();
      },
    ],
  ])("of %s closes the connection with 1011", (name, cause) => {
    const log = silenceLog();
    const present = bench({}, failing(name));
    cause(present);
    expect(present.socket.frames.at(-1)).toBe("close:1011");
    present.receive(0x81, asciiOf("late"));
    jest.advanceTimersByTime(100_000);
    expect(present.events).toEqual([name, "closed 1011"]);
    expect(log).toHaveBeenCalledWith(expect.stringContaining(`${name} threw`));
    log.mockRestore();
  });

  test("of the closed event is logged, and harms nothing", () => {
    const log = silenceLog();
    const { connection, events } = bench({}, failing("closed 1006"));
    connection.abort();
    expect(events).toEqual(["closed 1006"]);
    expect(log).toHaveBeenCalledWith(expect.stringContaining("closed 1006 threw"));
    log.mockRestore();
  });

  test("after it aborted changes nothing any more", () => {
    const log = silenceLog();
    const present = bench({}, (event, connection) => {
      if (event !== "message a") return;
      connection.abort();
      throw new Error("late");
    });
    present.receive(0x81, asciiOf("a"));
    jest.advanceTimersByTime(100_000);
    expect(present.events).toEqual(["message a", "closed 1006"]);
    expect(present.socket.written).toEqual([]);
    expect(present.connection.closeStatus).toBe(1006);
    log.mockRestore();
  });
});

describe("within every callback", () => {
  const causes: readonly (readonly [string, (bench: Bench) => void])[] = [
    ["message a", ({ receive }) => receive(0x81, asciiOf("a"))],
    ["pong", ({ receive }) => receive(0x8a)],
    [
      "drained",
      ({ socket, connection }) => {
        socket.room = 0;
        send(connection, "b");
        socket.drain();
      },
    ],
  ];

  test.each(causes)("%s: send sends", (name, cause) => {
    const present = bench({}, (event, connection) => {
      if (event === name) send(connection, "x");
    });
    cause(present);
    expect(present.socket.frames.at(-1)).toBe("text:78");
    present.connection.abort();
    expect(present.events).toEqual([name, "closed 1006"]);
  });

  test.each(causes)("%s: close closes", (name, cause) => {
    const present = bench({}, (event, connection) => {
      if (event === name) connection.close(1001);
    });
    cause(present);
    expect(present.socket.frames.at(-1)).toBe("close:1001");
    present.receive(0x88, bytesOf("03e9"));
    expect(present.socket.calls).toEqual(["end"]);
    present.socket.handlers.closed();
    expect(present.events).toEqual([name, "closed 1001"]);
  });

  test.each(causes)("%s: abort ends it within the call", (name, cause) => {
    const present = bench({}, (event, connection) => {
      if (event === name) connection.abort();
    });
    cause(present);
    expect(present.events).toEqual([name, "closed 1006"]);
    expect(present.socket.calls).toEqual(["destroy"]);
  });

  test("closed: nothing can be sent, and ending it again does nothing", () => {
    const present = bench({}, (event, connection) => {
      if (!event.startsWith("closed")) return;
      connection.abort();
      expect(connection.state).toBe(WebSocketState.Closed);
    });
    present.socket.handlers.closed();
    expect(present.events).toEqual(["closed 1006"]);
  });
});

test("no frame is torn by a network that takes a few bytes at a time", () => {
  const { socket, connection } = bench({ maxQueueBytes: 10_000 });
  socket.room = 0;
  for (let turn = 0; turn < 20; turn++) send(connection, "message");
  for (let turn = 0; turn < 30; turn++) {
    socket.room += 3;
    socket.handlers.drained();
  }
  expect(socket.frames).toEqual(new Array<string>(20).fill("text:6d657373616765"));
  connection.abort();
});
