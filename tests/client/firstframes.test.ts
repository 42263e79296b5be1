/** Frames that come with the 101, in one segment or many. */

import { ClientBench, openOn } from "./clienttest.js";
import { asciiOf, bytesOf, frame, joined } from "../support/vectors.js";
import { letTimePass } from "../support/waiting.js";
import { RawServer } from "../support/rawserver.js";
import { upgradeAnswer } from "../support/upgrades.js";

let server: RawServer;

beforeAll(async () => {
  server = await RawServer.start();
});
afterAll(() => server.stop());

const FRAMES = joined([
  frame(0x81, asciiOf("a"), false),
  frame(0x89, asciiOf("p"), false),
  frame(0x01, asciiOf("b"), false),
  frame(0x80, asciiOf("c"), false),
  frame(0x82, bytesOf("0d"), false),
]);
const EVENTS = ["text a", "text bc", "binary 0d"];

test("in the same segment they are delivered once `await connect()` has continued", async () => {
  const bench = new ClientBench();
  const texts: string[] = [];
  const connected = bench.client.connect(server.url).then(async () => {
    // What an `async` function does behind its `await` may itself take some turns of the microtask queue.
    await Promise.resolve();
    await Promise.resolve();
    expect(bench.events).toEqual([]);
    bench.client.onMessageReceived = (_sender, { frame: { text } }) => texts.push(text);
  });
  const peer = await (await server.next()).accept(FRAMES);
  await connected;
  expect(await peer.frames(1)).toEqual(["pong:70"]);
  expect(texts).toEqual(["a", "bc", ""]);
  bench.client.abort();
});

test("what comes later stays behind them", async () => {
  const bench = new ClientBench();
  const peer = await openOn(server, bench, frame(0x81, asciiOf("first"), false));
  for (const text of ["second", "third"]) {
    peer.sendFrame(0x81, asciiOf(text));
    await letTimePass(5);
  }
  await bench.until("text third");
  expect(bench.events).toEqual(["text first", "text second", "text third"]);
  bench.client.abort();
});

test("a Close frame in the same segment ends it cleanly, after it was open", async () => {
  const bench = new ClientBench();
  const closeFrame = joined([frame(0x81, asciiOf("bye"), false), frame(0x88, bytesOf("0fa1"), false)]);
  const peer = await openOn(server, bench, closeFrame);
  expect(await peer.frames(1)).toEqual(["close:4001"]);
  peer.socket.end();
  await bench.closed();
  expect(bench.events).toEqual(["text bye", "closed 4001 clean"]);
});

test("a frame in the same segment that breaks the rules is answered with 1002", async () => {
  const bench = new ClientBench();
  const peer = await openOn(server, bench, frame(0x81, asciiOf("masked"), true));
  expect(await peer.frames(1)).toEqual(["close:1002"]);
  await bench.closed();
  expect(bench.events).toEqual(["closed 1002 unclean ERR_PROTOCOL"]);
});

test.each<[name: string, end: (bench: ClientBench) => void, event: string]>([
  ["abort()", ({ client }) => client.abort(), "closed 1006 unclean"],
  ["dispose()", ({ client }) => client.dispose(), "closed 1006 unclean"],
])("after %s, behind `await connect()`, none is delivered", async (_name, end, event) => {
  const bench = new ClientBench();
  await openOn(server, bench, FRAMES);
  end(bench);
  await letTimePass(20);
  expect(bench.events).toEqual([event]);
});

test("after abort() and connect() again, none of the old connection is delivered to the new one", async () => {
  const bench = new ClientBench();
  const old = await openOn(server, bench, frame(0x81, asciiOf("old"), false));
  bench.client.abort();
  const peer = await openOn(server, bench, frame(0x81, asciiOf("new"), false));
  await bench.until("text new");
  peer.sendFrame(0x81, asciiOf("newer"));
  await bench.until("text newer");
  await old.closed;
  expect(bench.events).toEqual(["closed 1006 unclean", "text new", "text newer"]);
  bench.client.abort();
});

test("what is sent behind `await connect()` leaves before the frames are answered", async () => {
  const bench = new ClientBench();
  const connected = bench.client.connect(server.url).then(() => bench.client.sendString("hello"));
  const peer = await (await server.next()).accept(FRAMES);
  await connected;
  expect(await peer.frames(2)).toEqual(["text:68656c6c6f", "pong:70"]);
  bench.client.abort();
});

describe("answer and frames, split in two", () => {
  test("at every byte: all frames are delivered, in their order", async () => {
    const length = upgradeAnswer("").length + FRAMES.length;
    const runs = Array.from({ length }, (_, at) => at);
    // Some at a time: each waits for its second half.
    for (let at = 0; at < length; at += 20) await Promise.all(runs.slice(at, at + 20).map(splitAt));
  });

  async function splitAt(at: number): Promise<void> {
    const bench = new ClientBench();
    const own = await RawServer.start();
    const connected = bench.client.connect(own.url);
    const peer = await own.next();
    const bytes = joined([asciiOf(upgradeAnswer(await peer.head())), FRAMES]);
    peer.send(bytes.subarray(0, at));
    await letTimePass(3);
    peer.send(bytes.subarray(at));
    await connected;
    await bench.until("binary 0d");
    expect([at, bench.events]).toEqual([at, EVENTS]);
    expect(await peer.frames(1)).toEqual(["pong:70"]);
    bench.client.abort();
    await own.stop();
  }

  test("byte by byte", async () => {
    const bench = new ClientBench();
    const connected = bench.client.connect(server.url);
    const peer = await server.next();
    for (const byte of joined([asciiOf(upgradeAnswer(await peer.head())), FRAMES])) {
      peer.send(Uint8Array.of(byte));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await connected;
    await bench.until("binary 0d");
    expect(bench.events).toEqual(EVENTS);
    bench.client.abort();
  });
});
