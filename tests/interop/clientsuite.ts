/** What our client can do with the server of someone else. All of them echo, and obey a few words. */

import { ClientWebSocket, WebSocketMessageType, WebSocketState } from "xs-websockets/client";
import type { ClientWebSocketOptions, ConnectionClosedEventArgs } from "xs-websockets/client";
import { bytesOf, Inbox, isSame, SIZES, textOf } from "./peer.js";
import { letTimePass } from "../support/waiting.js";

/** The subprotocol that every server knows. */
export const SUBPROTOCOL = "chat.v1";

/** What servers differ in. */
export interface ServerTraits {
  /** Whether the text "ping" makes it send a Ping, and the Pong the text "ponged". */
  readonly pings: boolean;
  /** Options that every client needs here. */
  readonly options?: () => ClientWebSocketOptions;
}

const LIMITS = { maxMessageBytes: 2 ** 21, maxQueueBytes: 2 ** 23, connectTimeout: 30_000 };

/** A client that is connected, and what it got. */
interface Session {
  readonly client: ClientWebSocket;
  readonly inbox: Inbox<string | Uint8Array>;
  readonly closed: Promise<ConnectionClosedEventArgs>;
}

/** Registers the tests. @param url where the server is, known when the tests run */
export function testServer(url: () => string, traits: ServerTraits): void {
  const clients: ClientWebSocket[] = [];
  afterEach(() => {
    for (const client of clients.splice(0)) client.abort();
  });

  async function open(options: ClientWebSocketOptions = {}): Promise<Session> {
    const client = new ClientWebSocket({ ...LIMITS, ...traits.options?.(), ...options });
    clients.push(client);
    const inbox = new Inbox<string | Uint8Array>();
    client.onMessageReceived = (_sender, { frame }) =>
      inbox.put(frame.messageType === WebSocketMessageType.Text ? frame.text : frame.buffer);
    const closed = new Promise<ConnectionClosedEventArgs>((resolve) => {
      client.onConnectionClosed = (_sender, e) => resolve(e);
    });
    await client.connect(url(), { userId: "nano" });
    return { client, inbox, closed };
  }

  const MESSAGES = SIZES.flatMap((size) => [
    [`a text of ${size} bytes`, textOf(size)] as const,
    [`a binary message of ${size} bytes`, bytesOf(size)] as const,
  ]);

  function send(client: ClientWebSocket, message: string | Uint8Array, fragmentSize?: number): void {
    const isSent =
      typeof message === "string" ? client.sendString(message, fragmentSize) : client.sendBytes(message, fragmentSize);
    expect(isSent).toBe(true);
  }

  test.each(MESSAGES)("%s comes back as it was sent", async (_name, message) => {
    const { client, inbox } = await open();
    send(client, message);
    expect(isSame(await inbox.next(), message)).toBe(true);
  });

  test("messages of all sizes, sent at once, come back in order", async () => {
    const { client, inbox } = await open();
    for (const [, message] of MESSAGES) send(client, message);
    for (const [name, message] of MESSAGES) expect([name, isSame(await inbox.next(), message)]).toEqual([name, true]);
  });

  test.each([1, 3, 125, 126, 65_536])("our messages in fragments of %d bytes arrive whole", async (fragmentSize) => {
    const { client, inbox } = await open();
    for (const size of [0, 1, 126, 1_000, 66_000].filter((bytes) => bytes / fragmentSize <= 1_000)) {
      for (const message of [textOf(size), bytesOf(size)]) {
        send(client, message, fragmentSize);
        expect(isSame(await inbox.next(), message)).toBe(true);
      }
    }
  });

  test("its message in fragments arrives whole", async () => {
    const { client, inbox } = await open();
    client.sendString("fragments");
    expect(await inbox.next()).toBe("aé€😀");
  });

  test("its fragments are delivered one by one with deliverFragments", async () => {
    const { client, inbox } = await open({ deliverFragments: true });
    client.sendString("fragments");
    let text = "";
    let count = 0;
    while (text.length < "aé€😀".length) {
      text += String(await inbox.next());
      count += 1;
    }
    expect(text).toBe("aé€😀");
    expect(count).toBeGreaterThan(1);
  });

  test("our Ping is answered with the same payload", async () => {
    const { client } = await open();
    const pong = new Promise<string>((resolve) => {
      client.onPongReceived = (_sender, payload) => resolve(Buffer.from(payload).toString());
    });
    client.ping(Buffer.from("sign of life"));
    expect(await pong).toBe("sign of life");
  });

  if (traits.pings) {
    test("its Ping is answered", async () => {
      const { client, inbox } = await open();
      client.sendString("ping");
      expect(await inbox.next()).toBe("ponged");
    });
  }

  test("keep-alive holds a connection that is idle", async () => {
    const { client } = await open({ keepAliveInterval: 100, serverTimeout: 1_000 });
    await letTimePass(1_500);
    expect(client.state).toBe(WebSocketState.Open);
  });

  test("we close with status and reason", async () => {
    const { client, closed } = await open();
    client.close(3_001, "später");
    expect(await closed).toMatchObject({ closeStatus: 3_001, wasClean: true, error: undefined });
  });

  test("it closes with status and reason", async () => {
    const { client, closed } = await open();
    client.sendString("close");
    expect(await closed).toMatchObject({
      closeStatus: 4_321,
      closeStatusDescription: "schön war es",
      wasClean: true,
      error: undefined,
    });
  });

  test("a subprotocol is agreed on, and none where none is offered", async () => {
    expect((await open({ subprotocols: ["unknown", SUBPROTOCOL] })).client.subprotocol).toBe(SUBPROTOCOL);
    expect((await open()).client.subprotocol).toBeUndefined();
  });

  test("20 connections that open, exchange a message and close, with the same object", async () => {
    const { client, inbox } = await open();
    for (let turn = 0; turn < 20; turn++) {
      send(client, `${turn}`);
      expect(await inbox.next()).toBe(`${turn}`);
      const closed = new Promise((resolve) => (client.onConnectionClosed = (_sender, e) => resolve(e.wasClean)));
      client.close();
      expect(await closed).toBe(true);
      await client.connect(url());
    }
  });
}
