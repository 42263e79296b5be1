/** The load: raw sockets that cost next to nothing, so that what is measured is the server. */

import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { Opcode, Role } from "../../../modules/common/constants.js";
import { encodeFrame } from "../../../modules/protocol/framewriter.js";

const REQUEST = [
  "GET / HTTP/1.1",
  "Host: 127.0.0.1",
  "Upgrade: websocket",
  "Connection: Upgrade",
  "Sec-WebSocket-Version: 13",
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
  "",
  "",
].join("\r\n");

/** A message as a client sends it, and how many bytes its echo has. */
export interface Message {
  readonly frame: Uint8Array;
  readonly echoBytes: number;
}

export function createMessage(opcode: Opcode, size: number): Message {
  const payload = new Uint8Array(size).fill(97);
  return {
    frame: encodeFrame(Role.Client, opcode, true, payload),
    echoBytes: encodeFrame(Role.Server, opcode, true, payload).length,
  };
}

/** Opens a WebSocket. @returns its socket; the answer was read */
export async function open(port: number): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  socket.setNoDelay(true);
  await once(socket, "connect");
  socket.write(REQUEST);
  await once(socket, "data");
  return socket;
}

/** Opens many, some at the same time. */
export async function openMany(port: number, count: number, atOnce = 32): Promise<Socket[]> {
  const sockets: Socket[] = [];
  const worker = async (): Promise<void> => {
    while (sockets.length < count) {
      const index = sockets.push(undefined as unknown as Socket) - 1;
      sockets[index] = await open(port);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return sockets;
}

export function closeAll(sockets: readonly Socket[]): void {
  for (const socket of sockets) socket.destroy();
}

/** A Close frame of a client, 1000. */
const CLOSE = encodeFrame(Role.Client, Opcode.Close, true, new Uint8Array([0x03, 0xe8]));

/** Opens connections for some time, and closes each. @returns how many */
export async function handshakes(port: number, ms: number): Promise<number> {
  const start = performance.now();
  let count = 0;
  const worker = async (): Promise<void> => {
    while (performance.now() - start < ms) {
      const socket = await open(port);
      socket.resume().end(CLOSE);
      await once(socket, "close");
      count++;
    }
  };
  await Promise.all(Array.from({ length: 8 }, worker));
  return count;
}

const IN_FLIGHT_BYTES = 131_072;

/** Sends on one connection without waiting, for some time. @returns how many messages came back */
export async function pipelined(port: number, { frame, echoBytes }: Message, ms: number): Promise<number> {
  const socket = await open(port);
  const batchCount = Math.max(1, Math.floor(IN_FLIGHT_BYTES / frame.length));
  const batch = Buffer.concat(Array.from({ length: batchCount }, () => frame));
  const start = performance.now();
  return new Promise((resolve, reject) => {
    let received = 0;
    let total = 0;
    socket.on("error", reject);
    socket.on("data", (data) => {
      received += data.length;
      if (received < batchCount * echoBytes) return;
      received -= batchCount * echoBytes;
      total += batchCount;
      if (performance.now() - start < ms) return void socket.write(batch);
      socket.destroy();
      resolve(total);
    });
    socket.write(batch);
  });
}

/** Messages that go back and forth on some connections, each waiting for its echo. */
export interface PingPong {
  readonly count: number;
  /** The time that 99 of 100 take at most, in milliseconds. */
  readonly p99Ms: number;
}

export async function pingPong(
  port: number,
  { frame, echoBytes }: Message,
  count: number,
  ms: number,
): Promise<PingPong> {
  const sockets = await openMany(port, count);
  const times: number[] = [];
  const start = performance.now();
  const run = (socket: Socket): Promise<void> =>
    new Promise((resolve, reject) => {
      let sent = performance.now();
      let received = 0;
      socket.on("error", reject);
      socket.on("data", (data) => {
        received += data.length;
        if (received < echoBytes) return;
        received = 0;
        const now = performance.now();
        times.push(now - sent);
        if (now - start > ms) {
          resolve();
          return;
        }
        sent = now;
        socket.write(frame);
      });
      socket.write(frame);
    });
  await Promise.all(sockets.map(run));
  closeAll(sockets);
  times.sort((one, other) => one - other);
  return { count: times.length, p99Ms: times[Math.floor(times.length * 0.99)] ?? 0 };
}

/** Waits until all of these have received as many bytes. */
export async function received(sockets: readonly Socket[], bytes: number): Promise<void> {
  await Promise.all(
    sockets.map(
      (socket) =>
        new Promise<void>((resolve) => {
          let count = 0;
          const take = (data: Buffer): void => {
            count += data.length;
            if (count < bytes) return;
            socket.off("data", take);
            resolve();
          };
          socket.on("data", take);
        }),
    ),
  );
}
