/** What every client can do with our server. Clients differ only in how they are opened. */

import type { WebSocketClosedEventArgs, WebSocketOpenedEventArgs } from "xs-websockets/server";
import { bytesOf, isSame, SIZES, startEchoServer, stopServers, textOf } from "./peer.js";
import type { Inbox, OpenPeer, Peer, RunningServer } from "./peer.js";

/** Texts and binary messages of all sizes. */
const MESSAGES: readonly (readonly [name: string, message: string | Uint8Array])[] = SIZES.flatMap((size) => [
  [`a text of ${size} bytes`, textOf(size)] as const,
  [`a binary message of ${size} bytes`, bytesOf(size)] as const,
]);

/** Registers the tests. */
export function testPeer(open: OpenPeer): void {
  let echo: RunningServer;
  const opened: WebSocketOpenedEventArgs[] = [];

  beforeEach(async () => {
    opened.length = 0;
    echo = await startEchoServer({
      subprotocols: ["chat.v2", "chat.v1"],
      onWebSocketOpened: (_server, e) => opened.push(e),
    });
  });
  afterEach(stopServers);

  /** A peer, and the server's name for it. */
  async function connect(protocols?: readonly string[]): Promise<{ peer: Peer; endPoint: string }> {
    const peer = await open(echo.url, protocols);
    return { peer, endPoint: echo.server.listClients()[0] ?? "" };
  }

  function closedOnServer(): Promise<WebSocketClosedEventArgs> {
    return new Promise((resolve) => {
      echo.server.onWebSocketClosed = (_server, e) => resolve(e);
    });
  }

  test.each(MESSAGES)("%s comes back as it was sent", async (_name, message) => {
    const { peer } = await connect();
    peer.send(message);
    expect(isSame(await peer.inbox.next(), message)).toBe(true);
  });

  test("messages of all sizes, sent at once, come back in order", async () => {
    const { peer } = await connect();
    for (const [, message] of MESSAGES) peer.send(message);
    await expectAll(peer.inbox);
  });

  test("the server sends messages of all sizes of its own accord", async () => {
    const { peer, endPoint } = await connect();
    for (const [, message] of MESSAGES)
      expect(
        typeof message === "string"
          ? echo.server.sendString(endPoint, message)
          : echo.server.sendData(endPoint, message),
      ).toBe(true);
    await expectAll(peer.inbox);
  });

  test("the server broadcasts messages of all sizes to two clients", async () => {
    const { peer } = await connect();
    const { peer: other } = await connect();
    for (const [, message] of MESSAGES) expect(echo.server.broadcast(message)).toBe(2);
    await expectAll(peer.inbox);
    await expectAll(other.inbox);
  });

  test.each([1, 3, 125, 126, 65_536])("messages in fragments of %d bytes arrive whole", async (fragmentSize) => {
    const { peer, endPoint } = await connect();
    for (const size of [0, 1, 126, 1_000, 66_000].filter((bytes) => bytes / fragmentSize <= 1_000)) {
      echo.server.sendString(endPoint, textOf(size), fragmentSize);
      expect(await peer.inbox.next()).toBe(textOf(size));
      echo.server.sendData(endPoint, bytesOf(size), fragmentSize);
      expect(isSame(await peer.inbox.next(), bytesOf(size))).toBe(true);
    }
  });

  test("a Ping of the server is answered", async () => {
    await connect();
    const webSocket = opened[0]?.webSocket;
    const pong = new Promise<string>((resolve) => {
      if (webSocket !== undefined) webSocket.onPongReceived = (_sender, payload) => resolve([...payload].join());
    });
    webSocket?.ping(Uint8Array.of(1, 2, 3));
    expect(await pong).toBe("1,2,3");
  });

  test("the client closes with status and reason", async () => {
    const { peer } = await connect();
    const closed = closedOnServer();
    peer.close(3_001, "später");
    expect(await closed).toMatchObject({ closeStatus: 3_001, closeStatusDescription: "später", wasClean: true });
    expect((await peer.closed).code).toBe(3_001);
    expect(echo.server.clientsCount).toBe(0);
  });

  test("the server closes with status and reason", async () => {
    const { peer } = await connect();
    const closed = closedOnServer();
    opened[0]?.webSocket.close(4_321, "schön war es");
    expect(await peer.closed).toEqual({ code: 4_321, reason: "schön war es" });
    expect(await closed).toMatchObject({ closeStatus: 4_321, wasClean: true, error: undefined });
  });

  test("a server that stops closes with 1001", async () => {
    const { peer } = await connect();
    await echo.server.stop();
    expect((await peer.closed).code).toBe(1_001);
  });

  test("the server's first choice of the offered subprotocols is agreed on", async () => {
    const { peer } = await connect(["unknown", "chat.v1", "chat.v2"]);
    expect(peer.protocol).toBe("chat.v2");
    expect(opened[0]?.subprotocol).toBe("chat.v2");
  });

  test("compression is offered, not accepted, and not needed", async () => {
    const { peer } = await connect();
    expect(opened[0]?.request.headers.get("sec-websocket-extensions")).toContain("permessage-deflate");
    expect(peer.extensions).toBe("");
    peer.send(textOf(5_000));
    expect(await peer.inbox.next()).toBe(textOf(5_000));
  });

  test("a message over the limit is answered with 1009", async () => {
    const { peer } = await connect();
    peer.send(bytesOf(2 ** 21 + 1));
    expect((await peer.closed).code).toBe(1_009);
  });
}

async function expectAll(inbox: Inbox<string | Uint8Array>): Promise<void> {
  for (const [name, message] of MESSAGES) expect([name, isSame(await inbox.next(), message)]).toEqual([name, true]);
}
