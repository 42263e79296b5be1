/** On Node.js: of connections that compress nothing is left, in the heap, in buffers and in zlib's memory. */

import { randomBytes } from "node:crypto";
import { constants, deflateRawSync } from "node:zlib";
import { createDeflate } from "../../hosts/node/deflate.js";
import { ClientWebSocket, OptionError, ProtocolError } from "../../modules/client.js";
import { WebSocketServer } from "../../modules/server.js";
import { RawPeer } from "../support/rawpeer.js";
import { upgradeRequest } from "../support/upgrades.js";
import { eventually } from "../support/waiting.js";
import { expectNoGrowth, NOISE, usedMemory } from "./nodememory.js";

/** LEAK_CYCLES of the environment asks for another number of cycles of every kind. */
const CYCLES = Number(process.env["LEAK_CYCLES"] ?? 600);
/** Connections at the same time. */
const LANES = 60;
/** Ten of these fill the windows of both sides. */
const TEXT = Array.from({ length: 120 }, (_, at) => `reading ${at * 7919} of the sensor`).join("\n");
const HEADERS = { "Sec-WebSocket-Extensions": "permessage-deflate" };

function compressed(bytes: Uint8Array): Uint8Array {
  return deflateRawSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4);
}

/** Connects, and ends in one way. */
type Cycle = (port: number, turn: number) => Promise<void>;

/** Many messages both ways, so that both sides have full windows. */
const talk = async (port: number): Promise<ClientWebSocket> => {
  let count = 0;
  const client = new ClientWebSocket({ permessageDeflate: { threshold: 0 } });
  const closed = new Promise<void>((resolve) => (client.onConnectionClosed = () => resolve()));
  client.onMessageReceived = () => {
    if (++count === 10) client.close();
    else client.sendString(`${count} ${TEXT}`);
  };
  await client.connect(`ws://127.0.0.1:${port}/`);
  client.sendString(TEXT);
  await closed;
  return client;
};

/** What a raw client sends, upon which the connection ends. */
function sends(end: (peer: RawPeer) => void): Cycle {
  return async (port) => {
    const peer = RawPeer.connect(port).send(upgradeRequest(HEADERS));
    await peer.head();
    end(peer);
    await peer.closed;
  };
}

const bomb = compressed(new Uint8Array(1_000_000));
const whole = compressed(Buffer.from(TEXT));

const CASES: readonly (readonly [string, Cycle])[] = [
  ["messages both ways, close", (port) => talk(port).then(() => undefined)],
  ["abort within a message", sends((peer) => peer.sendFrame(0x41, whole.subarray(0, 50)).socket.resetAndDestroy())],
  ["a bomb", sends((peer) => peer.sendFrame(0xc2, bomb))],
  ["what is no DEFLATE", sends((peer) => peer.sendFrame(0xc1, whole).sendFrame(0xc1, Uint8Array.of(0x06)))],
];

async function startServer(): Promise<WebSocketServer> {
  const server = new WebSocketServer({
    ...{ address: "127.0.0.1", port: 0, maxClients: 100, permessageDeflate: { threshold: 0 } },
    onMessageReceived: (_server, { frame, webSocket }) => void webSocket.sendString(frame.text),
  });
  await server.start();
  return server;
}

test.each(CASES)("%s, many times", async (_name, cycle) => {
  const server = await startServer();
  const repeat = async (count: number): Promise<void> => {
    let rest = count;
    const lane = async (): Promise<void> => {
      while (rest-- > 0) await cycle(server.port, rest);
    };
    await Promise.all(Array.from({ length: LANES }, lane));
    await eventually(() => server.clientsCount === 0);
  };
  await expectNoGrowth(CYCLES, repeat);
  await server.stop();
});

test("a client that is closed, and still referred to, keeps nothing of what was said", async () => {
  const server = await startServer();
  const kept: ClientWebSocket[] = [];
  await talk(server.port);
  const before = await usedMemory();
  for (let count = 0; count < 50; count++) kept.push(await talk(server.port));
  const after = await usedMemory();
  await server.stop();
  expect(kept.map(({ extensions }) => extensions)).toEqual(kept.map(() => "permessage-deflate"));
  // Their windows would be 60,000 each.
  expect(after.external - before.external).toBeLessThan(NOISE.external / 3);
});

test("a message that comes byte by byte takes the memory of its bytes", async () => {
  const limits = { maxMessageBytes: 1_000_000, deliverFragments: false };
  const extension = createDeflate(true, limits, { OptionError, ProtocolError });
  const deflater = extension?.agree("permessage-deflate");
  if (typeof deflater !== "object") throw new Error("no agreement");
  // It gets no shorter.
  const message = randomBytes(30_000);
  const inflater = deflater.createInflater();
  const before = await usedMemory();
  // Empty ones are those of fragments without payload.
  for (const byte of compressed(message))
    for (const piece of [Uint8Array.of(byte), new Uint8Array(0)]) inflater.append(piece, false);
  const after = await usedMemory();
  expect(message.equals(inflater.append(new Uint8Array(0), true))).toBe(true);
  // A list of them would take 12,000,000.
  expect(after.heapUsed - before.heapUsed).toBeLessThan(4_000_000);
  expect(after.external - before.external).toBeLessThan(4_000_000);
});
