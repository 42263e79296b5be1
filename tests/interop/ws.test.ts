/** The npm package `ws` as client of our server. */

import { WebSocket as WsClient } from "ws";
import { eventually } from "../support/waiting.js";
import { bytesOf, Inbox, isSame, startEchoServer, startServer, stopServers, textOf } from "./peer.js";
import type { OpenPeer, PeerClosed } from "./peer.js";
import { testPeer } from "./peersuite.js";

const openPeer: OpenPeer = async (url, protocols = []) => {
  const client = await openWs(url, protocols);
  const inbox = inboxOf(client);
  return {
    protocol: client.protocol,
    extensions: client.extensions,
    inbox,
    closed: closeOf(client),
    send: (message) => client.send(message),
    close: (code, reason) => client.close(code, reason),
  };
};

/** Messages may come in the same chunk as the opening handshake, so its inbox is there before. */
const inboxes = new WeakMap<WsClient, Inbox<string | Uint8Array>>();

function inboxOf(client: WsClient): Inbox<string | Uint8Array> {
  return inboxes.get(client) ?? new Inbox();
}

function openWs(url: string, protocols: readonly string[] = []): Promise<WsClient> {
  const client = new WsClient(url, [...protocols]);
  const inbox = new Inbox<string | Uint8Array>();
  inboxes.set(client, inbox);
  client.on("message", (data: Buffer, isBinary) => inbox.put(isBinary ? data : data.toString("utf8")));
  return new Promise((resolve, reject) => {
    client.once("open", () => resolve(client));
    client.once("error", reject);
  });
}

function closeOf(client: WsClient): Promise<PeerClosed> {
  return new Promise((resolve) => {
    client.once("close", (code, reason) => resolve({ code, reason: reason.toString("utf8") }));
  });
}

describe("ws as client", () => {
  testPeer(openPeer);
  afterEach(stopServers);

  test.each([1, 7, 1_000])("its messages in fragments of %d bytes arrive whole", async (fragmentSize) => {
    const { url } = await startEchoServer({ maxFragments: 0 });
    const client = await openWs(url);
    for (const message of [Buffer.from(textOf(2_000)), Buffer.from(bytesOf(2_000))]) {
      const binary = message.toString("utf8") !== textOf(2_000);
      for (let at = 0; at < message.length; at += fragmentSize) {
        client.send(message.subarray(at, at + fragmentSize), { binary, fin: at + fragmentSize >= message.length });
        // A control frame may come between the fragments of a message (RFC 6455, 5.4).
        if (at % (fragmentSize * 50) === 0) client.ping();
      }
      const reply = await inboxOf(client).next();
      expect(isSame(binary ? reply : Buffer.from(reply), message)).toBe(true);
    }
  });

  test("an empty last fragment ends a message", async () => {
    const { url } = await startEchoServer();
    const client = await openWs(url);
    client.send("", { fin: false });
    client.send("text", { fin: false });
    client.send("", { fin: true });
    expect(await inboxOf(client).next()).toBe("text");
  });

  test("its Ping is answered with the same payload", async () => {
    const { url } = await startEchoServer();
    const client = await openWs(url);
    const pong = new Promise((resolve) => client.once("pong", resolve));
    client.ping("sign of life");
    expect(String(await pong)).toBe("sign of life");
  });

  test("keep-alive pings it, and it stays connected", async () => {
    const { server, url } = await startEchoServer({ keepAliveInterval: 20, serverTimeout: 10_000 });
    const client = await openWs(url);
    for (let count = 0; count < 3; count++) await new Promise((resolve) => client.once("ping", resolve));
    expect(server.clientsCount).toBe(1);
  });

  test("without an answer to a Ping the server ends the connection", async () => {
    const { server, url } = await startEchoServer({ keepAliveInterval: 20, serverTimeout: 50 });
    const closed = new Promise((resolve) => {
      server.onWebSocketClosed = (_server, e) => resolve(e.error?.code);
    });
    const client = new WsClient(url, { autoPong: false });
    client.on("error", () => undefined);
    expect(await closed).toBe("ERR_TIMEOUT");
  });

  test("a page of another origin is refused with 403, one of the server's own is let in", async () => {
    const { server, url } = await startEchoServer();
    const refused = new WsClient(url, { origin: "http://example.org" });
    const error = await new Promise<Error>((resolve) => refused.once("error", resolve));
    expect(error.message).toBe("Unexpected server response: 403");
    const own = new WsClient(url, { origin: `http://127.0.0.1:${server.port}` });
    await new Promise((resolve) => own.once("open", resolve));
  });

  test("another path is answered with 404", async () => {
    const { url } = await startServer({ prefix: "/socket" });
    await openWs(url);
    await expect(openWs(url.replace("/socket", "/"))).rejects.toThrow("Unexpected server response: 404");
  });

  test("a client too many is answered with 503", async () => {
    const { url } = await startServer({ maxClients: 1 });
    await openWs(url);
    await expect(openWs(url)).rejects.toThrow("Unexpected server response: 503");
  });

  test("100 connections that open, exchange a message and close leave nothing behind", async () => {
    const { server, url } = await startEchoServer();
    for (let count = 0; count < 100; count++) {
      const client = await openWs(url);
      client.send("once");
      expect(await inboxOf(client).next()).toBe("once");
      const closed = closeOf(client);
      client.close();
      await closed;
    }
    await eventually(() => server.clientsCount === 0);
    expect(server.listClients()).toEqual([]);
  });
});
