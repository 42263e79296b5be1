/** What a message costs on XS, without a network: microseconds, beside the floor of what any implementation must do. */

import type { Socket, SocketHandlers } from "#network";
import Logical from "logical";
import TextDecoder from "text/decoder";
import { now, setTimer } from "#platform";
import { Opcode, Role } from "xs-websockets/protocol/constants";
import { encodeFrame } from "xs-websockets/protocol/framewriter";
import { CONNECTION_DEFAULTS } from "xs-websockets/protocol/options";
import { ServerClient } from "xs-websockets/serverclient";
import { sdkServer } from "./sdkserver.js";

const SIZES = [16, 125, 1024, 16_384];
const ROUNDS = 5;
const NO_HANDLERS: SocketHandlers = { data() {}, drain() {}, close() {} };

class FakeSocket implements Socket {
  handlers = NO_HANDLERS;
  readonly remoteAddress = "10.0.0.1";
  readonly remotePort = 4711;
  readonly bufferedAmount = 0;
  write(): boolean {
    return true;
  }
  pause(): void {}
  resume(): void {}
  end(): void {}
  destroy(): void {}
}

/** The floor: the SDK's own modules, and no framing at all. */
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

let received = 0;
const owner = {
  settings: { ...CONNECTION_DEFAULTS, keepAliveInterval: 0 },
  clientMessageReceived(e: {
    readonly frame: { readonly text: string; readonly buffer: Uint8Array; readonly messageType: number };
  }): void {
    received += e.frame.messageType === 0 ? e.frame.text.length : e.frame.buffer.length;
  },
  clientClosed(): void {},
};

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

const feedSdk = sdkServer((message) => {
  received += typeof message === "string" ? message.length : (message as ArrayBuffer).byteLength;
});

setTimer(() => {
  for (const size of SIZES) for (const opcode of [Opcode.Text, Opcode.Binary]) measureMessages(size, opcode);
  trace(`bench done ${received}\n`);
}, 100);

function measureMessages(size: number, opcode: Opcode): void {
  const isText = opcode === Opcode.Text;
  const payload = new Uint8Array(size).fill(97);
  const text = "a".repeat(size);
  const count = size > 10_000 ? 100 : 1_000;
  const frame = encodeFrame(Role.Client, opcode, true, payload);
  const start = frame.length - size;
  const mask = frame.slice(start - 4, start);
  const copies = (): Uint8Array[] => Array.from({ length: count }, () => frame.slice());
  const socket = new FakeSocket();
  const client = new ServerClient(owner);
  client.openOn(socket);
  const ours = measure(count, copies, (chunk) => {
    socket.handlers.data(chunk);
  });
  const sdks = measure(count, copies, feedSdk);
  const floor = measure(count, copies, (chunk) => {
    const bytes = chunk.slice(start);
    Logical.xor(bytes, mask);
    received += isText ? decoder.decode(bytes).length : bytes.length;
  });
  const sent = measure(count, copies, () => {
    if (isText) client.sendString(text);
    else client.sendBytes(payload);
  });
  const kind = isText ? "text" : "binary";
  trace(`bench ${size} B ${kind}: receive ${ours}, SDK websocket ${sdks}, floor ${floor}; send ${sent}\n`);
}
