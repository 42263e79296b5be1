/** What is written in one turn of the event loop leaves Node.js in one call of the system, and nothing waits for the next. */

import { once } from "node:events";
import { connect, createServer, Socket as NetSocket, type Server } from "node:net";
import type { AddressInfo } from "node:net";
import { NodeSocket } from "../../hosts/node/socket.js";

let listener: Server;
let socket: NodeSocket;
let peer: NetSocket;
let calls: jest.SpyInstance;

beforeEach(async () => {
  listener = createServer({ pauseOnConnect: false });
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  peer = connect((listener.address() as AddressInfo).port, "127.0.0.1");
  const [accepted] = (await once(listener, "connection")) as [NetSocket];
  socket = new NodeSocket(accepted);
  calls = jest.spyOn(NetSocket.prototype, "write");
});

afterEach(() => {
  calls.mockRestore();
  socket.destroy();
  peer.destroy();
  listener.close();
});

/** Waits for as many bytes. */
async function read(count: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  while (chunks.reduce((sum, { length }) => sum + length, 0) < count)
    chunks.push(((await once(peer, "data")) as [Buffer])[0]);
  return Buffer.concat(chunks);
}

function piece(index: number, length: number): Uint8Array {
  return new Uint8Array(length).fill(index);
}

const pieces = (count: number, length: number): Uint8Array[] =>
  Array.from({ length: count }, (_, index) => piece(index, length));

test("a hundred small writes of a turn are one call, in their order, and count as taken", async () => {
  const sent = pieces(100, 16);
  expect(sent.map((bytes) => socket.write(bytes))).toEqual(sent.map(() => "taken"));
  expect(socket.bufferedAmount).toBe(0);
  expect(calls).not.toHaveBeenCalled();
  expect(await read(1_600)).toEqual(Buffer.concat(sent));
  expect(calls).toHaveBeenCalledTimes(1);
});

test("what answers received bytes leaves behind them, in the same turn", async () => {
  socket.handlers = {
    received: (bytes) => {
      for (let at = 0; at < bytes.length; at++) socket.write(bytes.subarray(at, at + 1));
    },
    drained() {},
    closed() {},
  };
  peer.write("hello");
  calls.mockClear();
  expect((await read(5)).toString()).toBe("hello");
  expect(calls).toHaveBeenCalledTimes(1);
});

test("what is more than 16 KiB does not wait for the end of the turn", async () => {
  const sent = [...pieces(3, 8_000), piece(9, 40_000), piece(10, 1)];
  for (const bytes of sent) socket.write(bytes);
  expect(calls).toHaveBeenCalledTimes(3);
  expect(await read(64_001)).toEqual(Buffer.concat(sent));
});

test.each(["end", "destroy"] as const)("%s() in the same turn loses nothing of it", async (method) => {
  const received = read(4);
  socket.write(piece(1, 2));
  socket.write(piece(2, 2));
  socket[method]();
  expect(socket.write(piece(3, 1))).toBe("over");
  expect([...(await received)]).toEqual([1, 1, 2, 2]);
});

test("a peer that has gone meanwhile takes what was collected with it", async () => {
  const closed = new Promise<void>((resolve) => {
    socket.handlers = { received() {}, drained() {}, closed: () => resolve() };
  });
  peer.resetAndDestroy();
  socket.write(piece(1, 2));
  await closed;
  expect(socket.write(piece(1, 2))).toBe("over");
});
