/** The closing handshake from either side, and what callbacks may do. */

import {
  OptionError,
  WebSocketState,
  type ClientWebSocket,
  type ClientWebSocketOptions,
  type ConnectionClosedEventArgs,
  type WebSocket,
} from "../../modules/client.js";
import { REFUSED_CLOSES } from "../support/closing.js";
import { asciiOf, bytesOf, frame, pattern } from "../support/vectors.js";
import { withOpen, type ClientBench } from "./clienttest.js";
import { letTimePass } from "../support/waiting.js";
import type { RawPeer } from "../support/rawpeer.js";

describe("the client closes", () => {
  test.each<[name: string, close: (client: ClientWebSocket) => void, sent: string]>([
    ["without status: it is 1000", (client) => client.close(), "88:03e8"],
    ["with a status", (client) => client.close(1001), "88:03e9"],
    ["with a reason", (client) => client.close(4000, "späß"), "88:0fa07370c3a4c39f"],
    ["with no status at all", (client) => client.close(1005), "88:"],
  ])("%s", async (_name, close, sent) => {
    await withOpen({}, async (bench, peer) => {
      close(bench.client);
      expect(bench.client.state).toBe(WebSocketState.CloseSent);
      const [frame] = await peer.wireFrames(1);
      expect(`${frame?.first.toString(16)}:${Buffer.from(frame?.payload ?? []).toString("hex")}`).toBe(sent);
      peer.sendFrame(0x88, frame?.payload);
      // RFC 6455, 7.1.1: the client waits for the server to end TCP.
      await letTimePass(30);
      expect(bench.ends).toEqual([]);
      peer.socket.end();
      expect(await bench.closed()).toMatchObject({ wasClean: true, error: undefined });
      expect(bench.client.state).toBe(WebSocketState.Closed);
    });
  });

  test("the server's status and reason are told", async () => {
    await withOpen({}, async (bench, peer) => {
      bench.client.close(1000);
      await peer.frames(1);
      peer.sendFrame(0x88, Buffer.concat([bytesOf("0bb8"), asciiOf("so long")])).socket.end();
      await bench.closed();
      expect(bench.client).toMatchObject({ closeStatus: 3_000, closeStatusDescription: "so long" });
    });
  });

  test("messages that wait leave before, messages that come are delivered until the server's Close", async () => {
    await withOpen({}, async (bench, peer) => {
      for (let turn = 0; turn < 5; turn++) bench.client.sendString(`${turn}`);
      bench.client.close();
      expect(await peer.frames(6)).toEqual([30, 31, 32, 33, 34].map((code) => `text:${code}`).concat("close:1000"));
      peer.sendFrame(0x81, asciiOf("late")).sendFrame(0x88, bytesOf("03e8")).sendFrame(0x81, asciiOf("too late"));
      peer.socket.end();
      await bench.closed();
      expect(bench.events).toEqual(["text late", "closed 1000 clean"]);
    });
  });

  test("a second close, and a Ping that comes, send nothing more", async () => {
    await withOpen({}, async (bench, peer) => {
      bench.client.close(3_000);
      bench.client.close(3_001, "again");
      peer.sendFrame(0x89);
      await letTimePass(20);
      peer.sendFrame(0x88, bytesOf("0bb8")).socket.end();
      await bench.closed();
      expect(await peer.frames(1)).toEqual(["close:3000"]);
    });
  });

  test.each(REFUSED_CLOSES)("with %d and the reason %j: throws, and stays open", async (status, reason) => {
    await withOpen({}, ({ client }) => {
      expect(() => client.close(status, reason)).toThrow(OptionError);
      expect(client.state).toBe(WebSocketState.Open);
      return Promise.resolve();
    });
  });

  test.each<[name: string, answer: (peer: RawPeer) => void]>([
    ["does not answer", () => undefined],
    ["answers, and keeps TCP open", (peer) => peer.sendFrame(0x88, bytesOf("03e8"))],
    ["goes on sending", (peer) => peer.repeat(5, frame(0x81, asciiOf("x"), false))],
    ["sends half a frame", (peer) => peer.send(bytesOf("88"))],
  ])("a server that %s is waited for no longer than closeTimeoutMs", async (_name, answer) => {
    await withOpen({ closeTimeoutMs: 150 }, async (bench, peer) => {
      const startedAt = performance.now();
      bench.client.close();
      await peer.frames(1);
      answer(peer);
      await bench.closed();
      expect(performance.now() - startedAt).toBeGreaterThan(130);
      await peer.closed;
      expect(bench.ends).toHaveLength(1);
    });
  });

  test("a server that ends TCP without Close is unclean", async () => {
    await withOpen({}, async (bench, peer) => {
      bench.client.close(1000);
      await peer.frames(1);
      peer.socket.end();
      expect(await bench.closed()).toMatchObject({ closeStatus: 1006, wasClean: false });
    });
  });

  test("abort() while it waits ends it at once", async () => {
    await withOpen({}, async (bench, peer) => {
      bench.client.close();
      await peer.frames(1);
      bench.client.abort();
      expect(bench.ends).toHaveLength(1);
      expect(bench.client.state).toBe(WebSocketState.Aborted);
      await peer.closed;
    });
  });
});

describe("the server closes", () => {
  test.each<[name: string, body: string, closed: Partial<ConnectionClosedEventArgs>, answer: string]>([
    ["with a status", "03e9", { closeStatus: 1001, closeStatusDescription: "" }, "close:1001"],
    ["with a reason", "0fa168c3a4", { closeStatus: 4001, closeStatusDescription: "hä" }, "close:4001"],
    ["without status", "", { closeStatus: 1005, closeStatusDescription: "" }, "close:"],
  ])("%s", async (_name, body, closed, answer) => {
    await withOpen({}, async (bench, peer) => {
      peer.sendFrame(0x88, bytesOf(body));
      expect(await peer.frames(1)).toEqual([answer]);
      expect(bench.client.state).toBe(WebSocketState.CloseReceived);
      expect(bench.ends).toEqual([]);
      peer.socket.end();
      expect(await bench.closed()).toEqual({ ...closed, wasClean: true, error: undefined });
      expect(bench.client).toMatchObject(closed);
    });
  });

  test("both at the same time", async () => {
    await withOpen({}, async (bench, peer) => {
      bench.client.close(3_000);
      peer.sendFrame(0x88, bytesOf("0fa0"));
      expect(await peer.frames(1)).toEqual(["close:3000"]);
      peer.socket.end();
      expect(await bench.closed()).toMatchObject({ closeStatus: 4_000, wasClean: true });
      expect(bench.ends).toHaveLength(1);
    });
  });
});

describe("a handler that throws", () => {
  const failing = (): never => {
    throw new Error("the handler threw");
  };

  test.each<[name: string, options: ClientWebSocketOptions, prepare: (bench: ClientBench, peer: RawPeer) => void]>([
    ["onMessageReceived", { onMessageReceived: failing }, (_bench, peer) => peer.sendFrame(0x81, asciiOf("a"))],
    [
      "onPongReceived",
      {},
      ({ client }, peer) => {
        client.onPongReceived = failing;
        peer.sendFrame(0x8a);
      },
    ],
  ])("%s: the connection is closed with 1011, and what it threw is logged", async (_name, options, prepare) => {
    const log = jest.spyOn(console, "log").mockImplementation(() => undefined);
    await withOpen(options, async (bench, peer) => {
      prepare(bench, peer);
      expect(await peer.frames(1)).toEqual(["close:1011"]);
      const { error, closeStatus } = await bench.closed();
      expect(closeStatus).toBe(1011);
      expect(error).toMatchObject({ code: "ERR_HANDLER", cause: { message: "the handler threw" } });
      expect(log).toHaveBeenCalledWith(expect.stringContaining("the handler threw"));
    });
    log.mockRestore();
  });

  test("onConnectionClosed: it is logged, and the next connection is not disturbed", async () => {
    const log = jest.spyOn(console, "log").mockImplementation(() => undefined);
    await withOpen({ onConnectionClosed: failing }, async (bench, _peer, server) => {
      expect(() => bench.client.abort()).not.toThrow();
      expect(log).toHaveBeenCalledWith(expect.stringContaining("the handler threw"));
      const connected = bench.client.connect(server.url);
      await (await server.next()).accept();
      await connected;
      expect(bench.client.state).toBe(WebSocketState.Open);
    });
    log.mockRestore();
  });
});

describe("within onMessageReceived", () => {
  const message = (act: (client: WebSocket) => void): ClientWebSocketOptions => ({
    onMessageReceived: (sender) => act(sender),
  });

  test("send sends, in order", async () => {
    await withOpen(
      message((client) => {
        client.sendString("1");
        client.sendBytes(bytesOf("02"));
        client.ping();
      }),
      async (_bench, peer) => {
        peer.sendFrame(0x81, asciiOf("a"));
        expect(await peer.frames(3)).toEqual(["text:31", "binary:02", "ping:"]);
      },
    );
  });

  test("close closes; what the server had sent before its Close is still delivered", async () => {
    await withOpen(
      message((client) => client.close(3_000)),
      async (bench, peer) => {
        peer.sendFrame(0x81, asciiOf("a")).sendFrame(0x81, asciiOf("b"));
        expect(await peer.frames(1)).toEqual(["close:3000"]);
        peer.sendFrame(0x88, bytesOf("0bb8")).socket.end();
        await bench.closed();
        expect(bench.events).toEqual(["text a", "text b", "closed 3000 clean"]);
      },
    );
  });

  test.each<[name: string, end: (client: WebSocket) => void]>([
    ["abort", (client) => client.abort()],
    ["dispose", (client) => client.dispose()],
  ])("%s ends it within the call, and nothing more is delivered", async (_name, end) => {
    const states: WebSocketState[] = [];
    await withOpen(
      message((client) => {
        end(client);
        states.push(client.state);
      }),
      async (bench, peer) => {
        peer.send(bytesOf("8101 61 8101 62 8802 03e8"));
        await bench.closed();
        await letTimePass(20);
        expect(bench.events).toEqual(["text a", "closed 1006 unclean"]);
        expect(states).toEqual([WebSocketState.Aborted]);
      },
    );
  });
});

describe("within onConnectionClosed", () => {
  test("nothing can be sent, and ending it again does nothing", async () => {
    const errors: unknown[] = [];
    const options: ClientWebSocketOptions = {
      onConnectionClosed: (sender) => {
        sender.close();
        sender.abort();
        try {
          sender.sendString("a");
        } catch (error) {
          errors.push(error);
        }
      },
    };
    await withOpen(options, async (bench, peer) => {
      peer.sendFrame(0x88, bytesOf("03e8")).socket.end();
      await bench.closed();
      expect(errors).toEqual([expect.objectContaining({ code: "ERR_INVALID_STATE" })]);
      expect(bench.ends).toHaveLength(1);
    });
  });

  test("it may connect again at once", async () => {
    const again: Promise<void>[] = [];
    await withOpen({}, async (bench, peer, server) => {
      const { client } = bench;
      client.onConnectionClosed = () => {
        if (again.length === 0) again.push(client.connect(server.url));
      };
      peer.sendFrame(0x88, bytesOf("03e8")).socket.end();
      const second = await (await server.next()).accept();
      await again[0];
      bench.client.sendBytes(pattern(3));
      expect(await second.frames(1)).toEqual(["binary:00070e"]);
    });
  });
});

test("within onDrained send sends", async () => {
  const options: ClientWebSocketOptions = {
    maxQueueBytes: 1_000_000,
    maxFragmentSize: 0,
    onDrained: (sender) => sender.sendString("drained"),
  };
  await withOpen(options, async (bench, peer) => {
    peer.socket.pause();
    while (bench.client.sendBytes(pattern(100_000)));
    peer.socket.resume();
    await bench.until("drained");
    bench.client.close();
    expect((await peer.framesUntil("close:1000")).slice(-2)).toEqual(["text:647261696e6564", "close:1000"]);
  });
});
