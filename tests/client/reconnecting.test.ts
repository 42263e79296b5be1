/** ReconnectingWebSocket with handlers that fail, and a server that does not end. The rest is in reconnectingsuite.ts. */

import { WebSocketState } from "../../modules/client.js";
import { ReconnectingWebSocket, type ReconnectingWebSocketOptions } from "../../modules/reconnecting.js";
import { withRawServer, type RawServer } from "../support/rawserver.js";
import { bytesOf, frame } from "../support/vectors.js";
import { eventually } from "../support/waiting.js";

const AT_ONCE = { next: () => 1, reset: () => undefined };

/** Lines of the log. */
let logged: string[];
beforeEach(() => {
  logged = [];
  jest.spyOn(console, "log").mockImplementation((line: unknown) => void logged.push(String(line)));
});
afterEach(() => jest.restoreAllMocks());

/** Connects, and has the first connection break. */
async function loseOne(server: RawServer, webSocket: ReconnectingWebSocket): Promise<void> {
  const connected = webSocket.connect(server.url);
  const first = await (await server.next()).accept();
  await connected;
  first.socket.destroy();
}

describe("what throws is logged, and changes nothing", () => {
  const fail = (): never => {
    throw new Error("a fault of the app");
  };

  test.each<[name: string, options: ReconnectingWebSocketOptions]>([
    ["onReconnecting", { onReconnecting: fail }],
    ["onReconnected", { onReconnected: fail }],
    ["an async onReconnected", { onReconnected: () => Promise.reject(new Error("a fault of the app")) }],
  ])("%s", async (_name, options) => {
    await withRawServer(async (server) => {
      const webSocket = new ReconnectingWebSocket({ backoff: AT_ONCE, ...options });
      await loseOne(server, webSocket);
      await (await server.next()).accept();
      await eventually(() => logged.length > 0, "the log");
      expect(logged).toEqual([
        expect.stringMatching(/^A handler of a ReconnectingWebSocket threw\. Error: a fault of the app/),
      ]);
      await eventually(() => webSocket.state === WebSocketState.Open, "the connection");
      webSocket.abort();
    });
  });

  test.each<[what: string, next: () => number, told: string]>([
    ["throws", fail, "Error: a fault of the app"],
    ["gives NaN", () => NaN, "OptionError: It gave NaN"],
    ["gives less than nothing", () => -1, "OptionError: It gave -1"],
  ])("a backoff that %s: the longest delay is taken", async (_what, next, told) => {
    await withRawServer(async (server) => {
      const delays: number[] = [];
      const webSocket = new ReconnectingWebSocket({
        backoff: { next, reset: () => undefined },
        onReconnecting: (_sender, { delayMs }) => {
          delays.push(delayMs);
        },
      });
      await loseOne(server, webSocket);
      await eventually(() => delays.length > 0, "the next attempt");
      expect(delays).toEqual([30_000]);
      expect(logged[0]).toContain(told);
      webSocket.abort();
      expect(webSocket.state).toBe(WebSocketState.Aborted);
    });
  });
});

test("close() while the server is closing ends with that, and connect() may follow", async () => {
  await withRawServer(async (server) => {
    const ends: number[] = [];
    const webSocket = new ReconnectingWebSocket({
      closeTimeoutMs: 300,
      onConnectionClosed: (_sender, { closeStatus }) => {
        ends.push(closeStatus);
      },
    });
    const connected = webSocket.connect(server.url);
    const peer = await (await server.next()).accept(frame(0x88, bytesOf("0fa1"), false));
    await connected;
    // It has answered, and waits for the server to end TCP (RFC 6455, 7.1.1).
    expect(await peer.frames(1)).toEqual(["close:4001"]);
    webSocket.close();
    expect([webSocket.state, ends]).toEqual([WebSocketState.CloseReceived, []]);
    peer.socket.end();
    await eventually(() => ends.length > 0, "the end");
    expect([webSocket.state, ends]).toEqual([WebSocketState.Closed, [4001]]);
    const again = webSocket.connect(server.url);
    await (await server.next()).accept();
    await again;
    webSocket.abort();
    expect(ends).toEqual([4001, 1006]);
  });
});
