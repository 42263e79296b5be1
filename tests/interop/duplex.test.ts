/** Streams of Node.js over a WebSocket: nothing is lost, and a slow reader holds the writer up. */

import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { Readable, type Duplex } from "node:stream";
import { buffer } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { createWebSocketStream } from "../../hosts/node/duplex.js";
import { ClientWebSocket, InvalidStateError, OptionError, type WebSocket } from "../../modules/client.js";
import { WebSocketServer } from "../../modules/server.js";
import { eventually, letTimePass } from "../support/waiting.js";

const SIZE = 2_000_000;

let server: WebSocketServer;
let accepted: Promise<WebSocket>;
let client: ClientWebSocket;
let ours: Duplex;
let theirs: Duplex;

beforeEach(async () => {
  let accept: (webSocket: WebSocket) => void;
  accepted = new Promise((resolve) => (accept = resolve));
  server = new WebSocketServer({
    port: 0,
    onWebSocketOpened: (_sender, { webSocket }) => {
      accept(webSocket);
    },
  });
  await server.start();
  client = new ClientWebSocket();
  await client.connect(`ws://127.0.0.1:${server.port}/`);
  ours = createWebSocketStream(client);
  theirs = createWebSocketStream(await accepted);
});

afterEach(() => {
  client.abort();
  server.abort();
});

test("a pipeline of two megabytes arrives whole, and its end with it", async () => {
  const sent = randomBytes(SIZE);
  const [received] = await Promise.all([
    buffer(theirs),
    pipeline(Readable.from([sent.subarray(0, 70_000), sent.subarray(70_000)]), ours),
  ]);
  expect(received.equals(sent)).toBe(true);
  expect(client.closeStatus).toBe(1000);
});

test("both directions at the same time", async () => {
  const [one, other] = [randomBytes(300_000), randomBytes(400_000)];
  const read = async (stream: Duplex, count: number): Promise<Buffer> => {
    const chunks: Buffer[] = [];
    let length = 0;
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      length += chunk.length;
      if (length >= count) break;
    }
    return Buffer.concat(chunks);
  };
  ours.write(one);
  theirs.write(other);
  const received = await Promise.all([read(theirs, one.length), read(ours, other.length)]);
  expect(received.map((bytes, index) => bytes.equals(index === 0 ? one : other))).toEqual([true, true]);
});

test("a reader that does not read holds the writer up", async () => {
  let taken = 0;
  // At the end of the test the writer has something left.
  ours.on("error", () => undefined);
  const block = randomBytes(65_536);
  const write = (): void => {
    if (taken >= 200_000_000) return;
    taken += block.length;
    ours.write(block, (error) => {
      if (error === undefined || error === null) write();
    });
  };
  write();
  let before: number;
  do {
    before = taken;
    await letTimePass(300);
  } while (before !== taken);
  // What the two systems and the two streams keep.
  expect(taken).toBeLessThan(50_000_000);
  theirs.resume();
  await eventually(() => taken > before);
});

test("destroy() ends the connection, and the peer's stream fails", async () => {
  const failed = once(theirs, "error");
  ours.destroy();
  const [error] = (await failed) as [Error & { code: string }];
  expect(error.code).toMatch(/^E/);
});

test("a chunk that can never be sent is the writer's error", async () => {
  const stream = createWebSocketStream(client, 100_000);
  const failed = once(stream, "error");
  stream.write(randomBytes(100_000));
  expect(((await failed) as [Error])[0].message).toContain("maxQueueBytes");
});

test.each([0, -1, 1.5, NaN])(
  "a maxMessageBytes of %d is refused: it would send for ever, or something else",
  (most) => {
    expect(() => createWebSocketStream(client, most)).toThrow(OptionError);
  },
);

test("a WebSocket that is not open is refused", () => {
  expect(() => createWebSocketStream(new ClientWebSocket())).toThrow(InvalidStateError);
});
