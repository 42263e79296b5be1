/** 101 answers, right and wrong (RFC 6455, 4.2.2), and answers that break off. */

import { HandshakeError, NetworkError } from "../../modules/client.js";
import { ClientBench, expectNothingLeft, openOn } from "./clienttest.js";
import { refused } from "./refused.js";
import type { RawPeer } from "../support/rawpeer.js";
import { RawServer } from "../support/rawserver.js";
import { upgradeAnswer } from "../support/upgrades.js";

let server: RawServer;

beforeAll(async () => {
  server = await RawServer.start();
});
afterAll(() => server.stop());

describe("a 101 that is not that of RFC 6455", () => {
  test.each<[name: string, changes: Parameters<typeof upgradeAnswer>[1], message: RegExp]>([
    ["no Upgrade", { Upgrade: undefined }, /Upgrade header/],
    ["another Upgrade", { Upgrade: "h2c" }, /Upgrade header/],
    ["an empty Upgrade", { Upgrade: "" }, /Upgrade header/],
    ["two Upgrades", { Upgrade: ["websocket", "websocket"] }, /Upgrade header/],
    ["no Connection", { Connection: undefined }, /Connection header/],
    ["another Connection", { Connection: "keep-alive" }, /Connection header/],
    ["a Connection that only begins so", { Connection: "Upgraded" }, /Connection header/],
    ["no Sec-WebSocket-Accept", { "Sec-WebSocket-Accept": undefined }, /Sec-WebSocket-Accept/],
    ["an empty Sec-WebSocket-Accept", { "Sec-WebSocket-Accept": "" }, /Sec-WebSocket-Accept/],
    ["another Sec-WebSocket-Accept", { "Sec-WebSocket-Accept": "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" }, /Accept/],
    ["an extension", { "Sec-WebSocket-Extensions": "permessage-deflate" }, /extension/],
    ["two extensions", { "Sec-WebSocket-Extensions": ["a", "b; c=d"] }, /extension/],
    ["a subprotocol", { "Sec-WebSocket-Protocol": "chat" }, /subprotocol "chat"/],
    ["an empty subprotocol", { "Sec-WebSocket-Protocol": "" }, /subprotocol ""/],
  ])("because of %s is refused", async (_name, changes, message) => {
    const { error } = await refused(server, (peer, request) => peer.send(upgradeAnswer(request, changes)));
    expect(error).toBeInstanceOf(HandshakeError);
    expect(error).toMatchObject({ statusCode: 101, message: expect.stringMatching(message) as string });
  });

  test("because of a Sec-WebSocket-Accept in another letter case is refused", async () => {
    const { error } = await refused(server, (peer, request) => {
      peer.send(
        upgradeAnswer(request).replace(/(Accept: )(.*)/, (_all, name: string, value: string) => name + swap(value)),
      );
    });
    expect(error).toMatchObject({ statusCode: 101, message: expect.stringContaining("Accept") as string });
  });

  test("because of two keys' answers is refused", async () => {
    const { error } = await refused(server, (peer, request) => {
      const accept = /Accept: (.*)\r/.exec(upgradeAnswer(request))?.[1] ?? "";
      peer.send(upgradeAnswer(request, { "Sec-WebSocket-Accept": [accept, accept] }));
    });
    expect(error).toBeInstanceOf(HandshakeError);
  });

  test.each(["Chat.v1", "CHAT.V1", "chat.v3", "chat.v1, chat.v2", "chat.v1,", "chat"])(
    "because of the subprotocol %j, where chat.v1 and chat.v2 were asked for, is refused",
    async (subprotocol) => {
      const answer = { "Sec-WebSocket-Protocol": subprotocol };
      const { error } = await refused(server, (peer, request) => peer.send(upgradeAnswer(request, answer)), {
        subprotocols: ["chat.v1", "chat.v2"],
      });
      expect(error).toMatchObject({
        statusCode: 101,
        message: expect.stringContaining(JSON.stringify(subprotocol)) as string,
      });
    },
  );

  function swap(text: string): string {
    return text.replace(/[a-zA-Z]/g, (letter) =>
      letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase(),
    );
  }
});

describe("a 101 that looks unusual, but is right", () => {
  test.each<[name: string, changes: Parameters<typeof upgradeAnswer>[1], subprotocol: string | undefined]>([
    ["Upgrade in other letters", { Upgrade: "WebSocket" }, undefined],
    ["Connection in other letters, among others", { Connection: "keep-alive, UPGRADE" }, undefined],
    ["two Connection fields", { Connection: ["keep-alive", "upgrade"] }, undefined],
    ["empty list of extensions", { "Sec-WebSocket-Extensions": "" }, undefined],
    ["one of the subprotocols", { "Sec-WebSocket-Protocol": "chat.v2" }, "chat.v2"],
    ["other fields, some of them twice", { Server: "x", "Set-Cookie": ["a=b", "c=d"] }, undefined],
  ])("is accepted: %s", async (_name, changes, subprotocol) => {
    const bench = new ClientBench({ subprotocols: ["chat.v1", "chat.v2"] });
    const connected = bench.client.connect(server.url);
    const peer = await server.next();
    peer.send(upgradeAnswer(await peer.head(), changes));
    await connected;
    expect(bench.client.subprotocol).toBe(subprotocol);
    bench.client.abort();
    await peer.closed;
  });

  test("is accepted: names in small letters, no reason, no space", async () => {
    const bench = new ClientBench();
    const connected = bench.client.connect(server.url);
    const peer = await server.next();
    const [, ...fields] = upgradeAnswer(await peer.head()).split("\r\n");
    const small = fields.map((field) => field.replace(/^([^:]*): /, (_all, name: string) => `${name.toLowerCase()}:`));
    peer.send(["HTTP/1.1 101", ...small].join("\r\n"));
    await connected;
    bench.client.abort();
    await peer.closed;
  });
});

describe("the server ends the connection", () => {
  const answer = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n";

  test.each<[name: string, end: (peer: RawPeer) => void]>([
    ["ends", (peer) => peer.socket.end()],
    ["resets", (peer) => peer.socket.resetAndDestroy()],
  ])("at every byte of its answer: it %s", async (_name, end) => {
    for (let length = 0; length < answer.length; length++) {
      const bench = new ClientBench();
      const failure = bench.failure(server.url);
      const peer = await server.next();
      await peer.head();
      if (length > 0) peer.socket.write(answer.slice(0, length), () => end(peer));
      else end(peer);
      expect(await failure).toBeInstanceOf(NetworkError);
      expectNothingLeft(bench);
      expect(bench.ends[0]?.error).toBeInstanceOf(NetworkError);
    }
  });

  test("right behind its answer: it is open, and then lost", async () => {
    const bench = new ClientBench();
    const connected = bench.client.connect(server.url);
    const peer = await server.next();
    peer.send(upgradeAnswer(await peer.head())).socket.end();
    await connected;
    expect(await bench.closed()).toMatchObject({ closeStatus: 1006, wasClean: false });
    expect((await bench.closed()).error).toBeInstanceOf(NetworkError);
    expect(bench.ends).toHaveLength(1);
  });

  test("before it has the request", async () => {
    const bench = new ClientBench();
    const failure = bench.failure(server.url);
    (await server.next()).socket.destroy();
    expect(await failure).toBeInstanceOf(NetworkError);
    expectNothingLeft(bench);
  });
});

test("after each of these the same object connects", async () => {
  const bench = new ClientBench({ connectTimeout: 1_000 });
  const failures: ((peer: RawPeer) => void)[] = [
    (peer) => peer.socket.destroy(),
    (peer) => peer.send("HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n"),
    (peer) => peer.send("garbage\r\n\r\n"),
    () => undefined,
  ];
  for (const fail of failures) {
    const failure = bench.failure(server.url);
    const peer = await server.next();
    await peer.head();
    fail(peer);
    await failure;
  }
  const peer = await openOn(server, bench);
  peer.sendFrame(0x81, Uint8Array.of(0x61));
  await bench.until("text a");
  bench.client.abort();
  expect(bench.ends.map(({ error }) => error?.code)).toEqual([
    expect.stringMatching(/^(?:ECONNRESET|ERR_NETWORK)$/),
    "ERR_HANDSHAKE",
    "ERR_HANDSHAKE",
    "ERR_TIMEOUT",
    undefined,
  ]);
});
