/** What a client puts on the wire, and what it makes of what comes, as a raw server sees it. */

import {
  FragmentationType,
  OptionError,
  WebSocketMessageType,
  type ClientWebSocket,
  type ClientWebSocketOptions,
} from "../../modules/client.js";
import { asciiOf, bytesOf, hexOf, pattern } from "../support/vectors.js";
import { withOpen } from "./clienttest.js";
import { eventually, letTimePass } from "../support/waiting.js";

describe("masks", () => {
  test("are another one in each frame, and each is used", async () => {
    await withOpen({ maxQueueBytes: 1_000_000, keepAliveInterval: 0 }, async ({ client }, peer) => {
      for (let turn = 0; turn < 100; turn++) {
        client.sendString("same");
        client.sendBytes(bytesOf("00000000"));
        client.ping(asciiOf("same"));
      }
      client.sendBytes(pattern(1_000), 10);
      client.close();
      const frames = await peer.wireFrames(401);
      expect(frames).toHaveLength(401);
      const masks = frames.map(({ mask }) => hexOf(mask));
      expect(masks.every((mask) => mask.length === 8)).toBe(true);
      // Two of 401 may be alike by chance, one time in 50,000; more of them are not chance.
      expect(new Set(masks).size).toBeGreaterThanOrEqual(400);
      expect(new Set(masks.join("").match(/../g)).size).toBeGreaterThan(200);
    });
  });

  test.each<[name: string, send: (client: ClientWebSocket, bytes: Uint8Array) => unknown]>([
    ["sendBytes", (client, bytes) => client.sendBytes(bytes)],
    ["sendBytes of a buffer", (client, bytes) => client.sendBytes(bytes.buffer as ArrayBuffer)],
    ["sendBytes in fragments", (client, bytes) => client.sendBytes(bytes, 7)],
    ["send", (client, bytes) => client.send(bytes, WebSocketMessageType.Text)],
    ["ping", (client, bytes) => client.ping(bytes)],
  ])("%s does not change the caller's bytes, nor keep them", async (_name, send) => {
    await withOpen({}, async ({ client }, peer) => {
      const bytes = pattern(100);
      send(client, bytes);
      expect(bytes).toEqual(pattern(100));
      bytes.fill(0);
      let sent = "";
      while (sent.length < 200) sent += hexOf((await peer.frame()).payload);
      expect(sent).toBe(hexOf(pattern(100)));
    });
  });
});

describe("fragments that are sent", () => {
  const sizes = (frames: readonly { first: number; payload: Uint8Array }[]): string[] =>
    frames.map(({ first, payload }) => `${first.toString(16)}:${payload.length}`);

  test.each<[options: ClientWebSocketOptions, fragmentSize: number | undefined, expected: string[]]>([
    [{}, undefined, ["82:10"]],
    [{}, 0, ["82:10"]],
    [{}, 10, ["82:10"]],
    [{}, 9, ["2:9", "80:1"]],
    [{}, 4, ["2:4", "0:4", "80:2"]],
    [{}, 5, ["2:5", "80:5"]],
    [{}, 1, ["2:1", ...new Array<string>(8).fill("0:1"), "80:1"]],
    [{ maxFragmentSize: 6 }, undefined, ["2:6", "80:4"]],
    [{ maxFragmentSize: 6 }, 0, ["82:10"]],
    [{ maxFragmentSize: 6 }, 8, ["2:8", "80:2"]],
    [{ maxFragmentSize: 0 }, undefined, ["82:10"]],
  ])("with %j and the size %s: 10 bytes are the frames %j", async (options, fragmentSize, expected) => {
    await withOpen(options, async ({ client }, peer) => {
      client.sendBytes(pattern(10), fragmentSize);
      const frames = await peer.wireFrames(expected.length);
      expect(sizes(frames)).toEqual(expected);
      expect(frames.map(({ payload }) => hexOf(payload)).join("")).toBe(hexOf(pattern(10)));
    });
  });

  test("may cut a character in two", async () => {
    await withOpen({}, async ({ client }, peer) => {
      client.sendString("€", 1);
      expect(await peer.frames(3)).toEqual(["text+:e2", "continuation+:82", "continuation:ac"]);
    });
  });

  test("an empty message is one frame, whatever the size", async () => {
    await withOpen({}, async ({ client }, peer) => {
      client.sendString("", 1);
      client.sendBytes(new Uint8Array(0), 1);
      expect(await peer.frames(2)).toEqual(["text:", "binary:"]);
    });
  });

  test.each([-1, 1.5, NaN])("of %s bytes are refused", async (fragmentSize) => {
    await withOpen({}, ({ client }) => {
      expect(() => client.sendString("a", fragmentSize)).toThrow(OptionError);
      return Promise.resolve();
    });
  });
});

describe("fragments that come", () => {
  const send = (peer: { sendFrame(first: number, payload: Uint8Array): unknown }): void => {
    peer.sendFrame(0x01, bytesOf("61 e2"));
    peer.sendFrame(0x00, bytesOf("82 ac"));
    peer.sendFrame(0x89, asciiOf("p"));
    peer.sendFrame(0x80, asciiOf("b"));
    peer.sendFrame(0x82, bytesOf("01"));
  };

  test("are one message", async () => {
    await withOpen({}, async (bench, peer) => {
      send(peer);
      await bench.until("binary 01");
      expect(bench.events).toEqual(["text a€b", "binary 01"]);
      expect(await peer.frames(1)).toEqual(["pong:70"]);
    });
  });

  test("are delivered one by one with deliverFragments", async () => {
    const seen: unknown[] = [];
    const options: ClientWebSocketOptions = {
      deliverFragments: true,
      onMessageReceived: (_sender, { frame }) =>
        seen.push([frame.fragmentation, frame.isFragmented, frame.text, hexOf(frame.buffer)]),
    };
    await withOpen(options, async (bench, peer) => {
      send(peer);
      await bench.until("binary 01");
      expect(seen).toEqual([
        [FragmentationType.FirstFragment, true, "a", "61e2"],
        [FragmentationType.Fragment, true, "€", "82ac"],
        [FragmentationType.FinalFragment, true, "b", "62"],
        [FragmentationType.NotFragmented, false, "", "01"],
      ]);
    });
  });
});

describe("limits", () => {
  test.each<[name: string, options: ClientWebSocketOptions, frames: [number, Uint8Array][], status: number]>([
    ["a message over maxMessageBytes", { maxMessageBytes: 10 }, [[0x82, pattern(11)]], 1009],
    ["a frame over maxReceiveFrameSize", { maxReceiveFrameSize: 10 }, [[0x82, pattern(11)]], 1009],
    [
      "fragments over maxMessageBytes",
      { maxMessageBytes: 10 },
      [
        [0x02, pattern(6)],
        [0x80, pattern(5)],
      ],
      1009,
    ],
    ["text that is not UTF-8", {}, [[0x81, bytesOf("c080")]], 1007],
    ["a frame of an unknown opcode", {}, [[0x83, pattern(0)]], 1002],
    ["a reserved bit", {}, [[0xc1, pattern(0)]], 1002],
    ["a continuation of nothing", {}, [[0x80, pattern(0)]], 1002],
    ["a Close with an invalid status", {}, [[0x88, bytesOf("03ed")]], 1002],
  ])("%s closes the connection", async (_name, options, frames, status) => {
    await withOpen(options, async (bench, peer) => {
      for (const [first, payload] of frames) peer.sendFrame(first, payload);
      expect((await peer.frames(1)).at(-1)).toBe(`close:${status}`);
      const closed = await bench.closed();
      expect(closed).toMatchObject({ closeStatus: status, wasClean: false, error: { closeStatus: status } });
      expect(bench.ends).toHaveLength(1);
    });
  });
});

describe("a server that does not read", () => {
  const options: ClientWebSocketOptions = { maxQueueBytes: 100_000, maxFragmentSize: 0, keepAliveInterval: 0 };
  const payload = pattern(50_000);

  /** Sends until there is no room. @returns how many were sent */
  function fill(client: ClientWebSocket): number {
    let count = 0;
    while (client.sendBytes(payload)) {
      count += 1;
      if (count > 1_000) throw new Error("The queue takes everything.");
    }
    return count;
  }

  /** Fills the buffers of both systems, and then the queue. */
  async function fillAll(client: ClientWebSocket): Promise<number> {
    let count = 0;
    for (;;) {
      const more = fill(client);
      if (more === 0) return count;
      count += more;
      await letTimePass(20);
    }
  }

  test("fills the queue: send says so, and onDrained when there is room", async () => {
    await withOpen({ ...options, serverTimeout: 0 }, async (bench, peer) => {
      peer.socket.pause();
      const count = await fillAll(bench.client);
      const drainedBefore = bench.events.length;
      expect(bench.client.sendBytes(payload)).toBe(false);
      expect(bench.client.bufferedAmount).toBeGreaterThan(50_000);
      expect(bench.client.bufferedAmount).toBeLessThanOrEqual(100_000);
      await letTimePass(50);
      expect(bench.events).toHaveLength(drainedBefore);
      peer.socket.resume();
      await eventually(() => bench.events.length > drainedBefore);
      expect(bench.events.at(-1)).toBe("drained");
      expect(bench.client.bufferedAmount).toBe(0);
      expect(bench.client.sendBytes(payload)).toBe(true);
      const frames = await peer.wireFrames(count + 1);
      expect(frames).toHaveLength(count + 1);
      expect(frames.every((frame) => Buffer.compare(frame.payload, payload) === 0)).toBe(true);
    });
  });

  test("is given up after serverTimeout", async () => {
    await withOpen({ ...options, serverTimeout: 300 }, async (bench, peer) => {
      peer.socket.pause();
      fill(bench.client);
      expect((await bench.closed()).error).toMatchObject({ code: "ERR_TIMEOUT" });
    });
  });

  test("keeps close() waiting no longer than closeTimeoutMs", async () => {
    await withOpen({ ...options, serverTimeout: 0, closeTimeoutMs: 200 }, async (bench, peer) => {
      peer.socket.pause();
      await fillAll(bench.client);
      bench.client.close();
      expect((await bench.closed()).error).toMatchObject({ code: "ERR_TIMEOUT" });
    });
  });

  test("does not keep abort() waiting", async () => {
    await withOpen({ ...options, serverTimeout: 0 }, async (bench, peer) => {
      peer.socket.pause();
      await fillAll(bench.client);
      bench.client.abort();
      expect(bench.events.at(-1)).toBe("closed 1006 unclean");
    });
  });

  test("a message that the queue can never hold throws", async () => {
    await withOpen({ maxQueueBytes: 1_000 }, ({ client }) => {
      expect(() => client.sendBytes(pattern(1_001))).toThrow(OptionError);
      return Promise.resolve();
    });
  });
});
