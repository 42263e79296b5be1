/** The server of stream.ts, on Node: what it does with a WebSocket is said by the path of the request. */

import { frame, header, joined } from "../support/vectors.js";
import type { RawPeer } from "../support/rawpeer.js";
import { RawServer } from "../support/rawserver.js";
import { upgradeAnswer } from "../support/upgrades.js";
import { letTimePass } from "../support/waiting.js";
import { BURST_BYTES, burstByte } from "./session.js";

const [CONTINUATION, TEXT, BINARY, PING, PONG] = [0x80, 0x81, 0x82, 0x89, 0x8a];
const FIRST_FRAGMENT = 0x02;

function bytes(...values: readonly number[]): Uint8Array {
  return Uint8Array.from(values);
}

/** Ends the closing handshake that the client has started, or starts it. */
function close(peer: RawPeer, status: number): void {
  peer.sendFrame(0x88, bytes(status >> 8, status & 255)).socket.end();
}

/** Sends back the payload of each binary frame in one of its own, until the Close frame comes. */
async function echo(peer: RawPeer, look: (payload: Uint8Array) => void = () => undefined): Promise<void> {
  for (;;) {
    for (const { first, payload } of await peer.wireFrames(1)) {
      if (first === 0x88) {
        close(peer, 1_000);
        return;
      }
      if (first !== BINARY) continue;
      look(payload);
      peer.sendFrame(BINARY, payload);
    }
  }
}

type Act = (peer: RawPeer, request: string) => unknown;

const CONNACK = bytes(0x20, 2, 0, 0);
/** PUBLISH of "abc" with the topic "t". */
const MESSAGE = bytes(0x30, 6, 0, 1, 0x74, 0x61, 0x62, 0x63);

/** Answers CONNECT, and sends this in the same frame. */
async function connack(peer: RawPeer, ...more: readonly Uint8Array[]): Promise<void> {
  await peer.wireFrames(1);
  peer.sendFrame(BINARY, joined([CONNACK, ...more]));
}

/** Brokers that break rules, and one that does not. */
const BROKERS: Readonly<Record<string, Act>> = {
  // MQTT 3.1.1, 3.2.2.3: not authorized; nothing may follow.
  "/refuse": async (peer) => {
    await peer.wireFrames(1);
    peer.sendFrame(BINARY, joined([bytes(0x20, 2, 0, 5), MESSAGE]));
    await peer.closed;
  },
  "/nonsense": (peer) => connack(peer, bytes(0xf0, 0xff, 0xff, 0xff, 0xff, 0xff)),
  // A message of which not all comes.
  "/torn": async (peer) => {
    await connack(peer, MESSAGE.subarray(0, 6));
    peer.socket.end();
  },
  // Its topic is no UTF-8.
  "/topic": (peer) => connack(peer, bytes(0x30, 6, 0, 1, 0xff, 0x61, 0x62, 0x63)),
  "/gone": async (peer) => {
    await connack(peer);
    peer.socket.resetAndDestroy();
  },
  "/messages": async (peer) => {
    await connack(peer, MESSAGE, MESSAGE.subarray(0, 3));
    peer.sendFrame(FIRST_FRAGMENT, MESSAGE.subarray(3, 5)).sendFrame(PING).sendFrame(CONTINUATION, MESSAGE.subarray(5));
    for (const byte of MESSAGE) peer.sendFrame(BINARY, bytes(byte));
    peer.send(frame(BINARY, MESSAGE, false));
    await peer.closed;
  },
};

/** What is done once the connection stands. */
const ACTS: Readonly<Record<string, Act>> = {
  ...BROKERS,
  "/mqtt": (peer) => echo(peer),
  "/": (peer) => echo(peer),
  // One to ten: whole frames, a message in fragments with a Ping between them, an empty message, and two in one segment.
  "/split": (peer) => {
    peer.sendFrame(BINARY, bytes(1, 2)).sendFrame(FIRST_FRAGMENT, bytes(3)).sendFrame(PING);
    peer.sendFrame(CONTINUATION, bytes(4, 5)).sendFrame(BINARY);
    peer.send(joined([frame(BINARY, bytes(6), false), frame(BINARY, bytes(7, 8, 9, 10), false)]));
    return echo(peer);
  },
  "/text": async (peer) => {
    peer.sendFrame(BINARY, bytes(1)).sendFrame(TEXT, bytes(65)).sendFrame(BINARY, bytes(2));
    await peer.wireFrames(1);
    close(peer, 1_000);
  },
  "/close": (peer) => {
    peer.sendFrame(BINARY, bytes(1, 2, 3));
    close(peer, 1_001);
  },
  "/lost": (peer) => {
    peer.sendFrame(BINARY, bytes(1, 2, 3)).socket.end();
  },
  // 60 frames of 1,000 bytes, and one of many bytes each.
  "/flood": (peer) => {
    for (let at = 0; at < 60; at++) peer.sendFrame(BINARY, new Uint8Array(1_000).fill(at));
    for (let at = 0; at < 400; at++) peer.sendFrame(BINARY, bytes(255));
    return echo(peer);
  },
  // The same bytes in one frame, and in fragments with Pings between them; then how many Pings were answered.
  "/burst": async (peer) => {
    const burst = Uint8Array.from({ length: BURST_BYTES }, (_, at) => burstByte(at));
    peer.sendFrame(BINARY, burst);
    peer.sendFrame(FIRST_FRAGMENT, burst.subarray(0, 30_000)).sendFrame(PING, bytes(1));
    peer.sendFrame(0x00, burst.subarray(30_000, 60_001)).sendFrame(PING, bytes(2));
    peer.sendFrame(CONTINUATION, burst.subarray(60_001));
    const pongs = (await peer.wireFrames(2)).filter(
      ({ first, payload }, at) => first === PONG && payload[0] === at + 1,
    );
    peer.sendFrame(BINARY, bytes(pongs.length));
    return echo(peer);
  },
  // A frame that would take longer than all of this, of which ten bytes come, and what is written.
  "/endless": async (peer) => {
    peer.send(header(BINARY, 2 ** 40, false), bytes(1, 2, 3, 4, 5, 6, 7, 8, 9, 10));
    for (;;)
      for (const { first, payload } of await peer.wireFrames(1)) {
        // An answer to the Close frame could only come behind the frame.
        if (first === 0x88) peer.socket.end();
        else peer.send(payload);
      }
  },
  "/long-text": async (peer) => {
    peer.send(header(TEXT, 60_000, false), bytes(0xe2, 0x82));
    await peer.wireFrames(1);
    peer.socket.end();
  },
  // Reads a little, and breaks the connection.
  "/reset": async (peer) => {
    await peer.wireFrames(3);
    peer.socket.resetAndDestroy();
  },
  // Reads nothing until the client is full, then says how many bytes came in how many frames, and goes on as an echo.
  "/slow": async (peer) => {
    peer.socket.pause();
    void letTimePass(300).then(() => peer.socket.resume());
    let [count, frames] = [0, 0];
    for (;;) {
      const came = await peer.wireFrames(1);
      for (const { payload } of came) {
        count += payload.length;
        frames += 1;
        if (payload.at(-1) !== 255) continue;
        peer.sendFrame(BINARY, new TextEncoder().encode(`${count} in ${frames}`));
        return echo(peer);
      }
    }
  },
  // Says how long each of its next five frames is, in the order in which they come.
  "/lengths": async (peer) => {
    const lengths: number[] = [];
    while (lengths.length < 4) for (const { payload } of await peer.wireFrames(1)) lengths.push(payload.length);
    peer.sendFrame(BINARY, new TextEncoder().encode(lengths.join(" ")));
    return echo(peer);
  },
  "/head": (peer, request) => {
    const field = (name: string): string => new RegExp(`^${name}: (.*)\r$`, "im").exec(request)?.[1] ?? "none";
    const text = ["Host", "X-Device", "Sec-WebSocket-Protocol"].map(field).join("|");
    peer.sendFrame(BINARY, new TextEncoder().encode(text));
    return echo(peer);
  },
};

async function serve(peer: RawPeer): Promise<void> {
  const request = await peer.head();
  const target = request.split(" ")[1] ?? "";
  if (target === "/none") {
    peer.send(upgradeAnswer(request));
    await peer.wireFrames(1);
    close(peer, 1_002);
    return;
  }
  peer.send(upgradeAnswer(request, { "Sec-WebSocket-Protocol": "mqtt" }));
  await ACTS[target.split("?")[0] ?? ""]?.(peer, request);
}

/** Serves until it is stopped. */
export async function startStreamServer(): Promise<RawServer> {
  const server = await RawServer.start();
  const next = async (): Promise<void> => {
    for (;;) {
      // A client that goes away is an end like others.
      serve(await server.next()).catch(() => undefined);
    }
  };
  void next();
  return server;
}
