/**
 * What a message costs on XS, without a network, in either direction and role: microseconds, beside the SDK's own
 * `websocket` and beside the floor of what any implementation must do. Each socket copies what is written to it, as a real
 * one does.
 */

import type { Socket, SocketHandlers, WriteResult } from "#network";
import Logical from "logical";
import TextDecoder from "text/decoder";
import { now, setTimer } from "#platform";
import { Opcode, Role } from "xs-websockets/common/constants";
import { encodeFrame } from "xs-websockets/protocol/framewriter";
import { CONNECTION_DEFAULTS, type ConnectionSettings } from "xs-websockets/common/options";
import { ServerClient } from "xs-websockets/server/accepted";
import { Connection } from "xs-websockets/websocket/connection";
import { WebSocket } from "xs-websockets/websocket/websocket";
import { outgoing, sdkServer, type SdkPeer } from "./sdkserver.js";

const SIZES = [16, 125, 1024, 16_384];
const ROUNDS = 15;
const NO_HANDLERS: SocketHandlers = { received() {}, drained() {}, closed() {} };

class FakeSocket implements Socket {
  handlers = NO_HANDLERS;
  readonly remoteAddress = "10.0.0.1";
  readonly remotePort = 4711;
  readonly bufferedAmount = 0;
  readonly isPaused = false;
  write(bytes: Uint8Array): WriteResult {
    outgoing.set(bytes);
    return "taken";
  }
  pause(): void {}
  resume(): void {}
  unread(): void {}
  end(): void {}
  destroy(): void {}
}

/** The floor: the SDK's own modules, and no framing at all. */
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

let received = 0;
function receive({
  frame,
}: {
  readonly frame: { readonly text: string; readonly buffer: Uint8Array; readonly messageType: number };
}): void {
  received += frame.messageType === 0 ? frame.text.length : frame.buffer.length;
}

const settings = { ...CONNECTION_DEFAULTS, keepAliveInterval: 0 };
const owner = { settings, clientMessageReceived: receive, clientClosed(): void {} };

/** A client whose opening handshake is done. */
class BenchClient extends WebSocket {
  protected override readonly settings: ConnectionSettings = settings;
  override get isServer(): boolean {
    return false;
  }
  openOn(socket: Socket): void {
    this.protocol = new Connection(this, Role.Client, socket, settings).protocol;
  }
}

/** The best of some rounds, in microseconds a call; `prepare` is not measured. */
function measure(count: number, prepare: () => Uint8Array[], call: (chunk: Uint8Array) => void): number {
  let best = Infinity;
  for (let round = 0; round < ROUNDS; round++) {
    const chunks = prepare();
    const start = now();
    for (let at = 0; at < count; at++) call(chunks[at] as Uint8Array);
    best = Math.min(best, (now() - start) / count);
  }
  return Math.round(best * 100_000) / 100;
}

const sdk: SdkPeer = sdkServer((message) => {
  received += typeof message === "string" ? message.length : (message as ArrayBuffer).byteLength;
});

setTimer(() => {
  for (const opcode of [Opcode.Text, Opcode.Binary])
    for (const size of SIZES) {
      measureReceiving(size, opcode);
      measureSending(size, opcode);
    }
  trace(`bench done ${received}\n`);
}, 100);

function tell(
  what: string,
  opcode: Opcode,
  size: number,
  ours: number,
  others: Readonly<Record<string, number>>,
): void {
  const ratios = Object.entries(others).map(([name, time]) => `${name} ${time} us (ratio ${(ours / time).toFixed(2)})`);
  trace(
    `bench ${what} ${opcode === Opcode.Text ? "text" : "binary"} ${size} B: ours ${ours} us, ${ratios.join(", ")}\n`,
  );
}

function roundsOf(size: number): number {
  return size > 10_000 ? 100 : 1_000;
}

function measureReceiving(size: number, opcode: Opcode): void {
  const count = roundsOf(size);
  const frame = encodeFrame(Role.Client, opcode, true, new Uint8Array(size).fill(97));
  const start = frame.length - size;
  const mask = frame.slice(start - 4, start);
  const copies = (): Uint8Array[] => Array.from({ length: count }, () => frame.slice());
  const socket = new FakeSocket();
  const server = new ServerClient(owner);
  server.openOn(socket);
  const ours = measure(count, copies, (chunk) => {
    socket.handlers.received(chunk);
  });
  const sdks = measure(count, copies, sdk.receive);
  const floor = measure(count, copies, (chunk) => {
    const bytes = chunk.slice(start);
    Logical.xor(bytes, mask);
    received += opcode === Opcode.Text ? decoder.decode(bytes).length : bytes.length;
  });
  tell("receive", opcode, size, ours, { "SDK websocket": sdks, floor });
}

function measureSending(size: number, opcode: Opcode): void {
  const count = roundsOf(size);
  const none = (): Uint8Array[] => [];
  const isText = opcode === Opcode.Text;
  const text = "a".repeat(size);
  const bytes = new Uint8Array(size).fill(97);
  const mask = Uint8Array.of(1, 2, 3, 4);
  const server = new ServerClient(owner);
  server.openOn(new FakeSocket());
  const client = new BenchClient();
  client.openOn(new FakeSocket());
  const unmasked = measure(count, none, () => {
    if (isText) server.sendString(text);
    else server.sendBytes(bytes);
  });
  const masked = measure(count, none, () => {
    if (isText) client.sendString(text);
    else client.sendBytes(bytes);
  });
  const sdks = measure(count, none, () => {
    sdk.send(isText ? text : bytes.buffer);
  });
  const floor = measure(count, none, () => {
    const copy = isText ? new Uint8Array(ArrayBuffer.fromString(text)) : bytes.slice();
    Logical.xor(copy, mask);
    outgoing.set(copy);
  });
  tell("send unmasked", opcode, size, unmasked, { "SDK websocket": sdks });
  tell("send masked", opcode, size, masked, { floor });
}
