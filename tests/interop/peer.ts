/** A WebSocket client of someone else, seen alike whoever wrote it, and our server that it talks to. */

import { WebSocketMessageType, WebSocketServer, type WebSocketServerOptions } from "xs-websockets/server";

/** How a connection ended, as the client saw it. */
export interface PeerClosed {
  readonly code: number;
  readonly reason: string;
}

/** A connected client. */
export interface Peer {
  /** The subprotocol that was agreed on; "" for none. */
  readonly protocol: string;
  /** The extensions that were agreed on; "" for none. */
  readonly extensions: string;
  /** What it received: texts, and bytes of binary messages. */
  readonly inbox: Inbox<string | Uint8Array>;
  readonly closed: Promise<PeerClosed>;
  send(message: string | Uint8Array): void;
  close(code: number, reason: string): void;
}

/** Connects a client. Rejects where it is refused. */
export type OpenPeer = (url: string, protocols?: readonly string[]) => Promise<Peer>;

/** Keeps what comes until it is asked for. */
export class Inbox<Item> {
  private readonly items: Item[] = [];
  private readonly waiting: ((item: Item) => void)[] = [];

  put(item: Item): void {
    const resolve = this.waiting.shift();
    if (resolve === undefined) this.items.push(item);
    else resolve(item);
  }

  next(): Promise<Item> {
    const item = this.items.shift();
    if (item !== undefined) return Promise.resolve(item);
    return new Promise((resolve) => this.waiting.push(resolve));
  }
}

/** Payload lengths around every change of the frame header, and one of many TCP segments. */
export const SIZES: readonly number[] = [0, 1, 125, 126, 127, 65_535, 65_536, 65_537, 1_048_576];

/** A text of `size` bytes as UTF-8, with characters of one to four bytes. */
export function textOf(size: number): string {
  const pattern = "aé€😀";
  const count = Math.floor(size / 10);
  return pattern.repeat(count) + "x".repeat(size - count * 10);
}

/** Bytes of all values, whose order does not repeat with the mask. */
export function bytesOf(size: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, index) => (index * 31 + (index >> 8)) & 255);
}

/** Whether both are the same text or the same bytes. Faster than Jest's comparison, byte by byte, of a mebibyte. */
export function isSame(actual: string | Uint8Array, expected: string | Uint8Array): boolean {
  if (typeof actual === "string" || typeof expected === "string") return actual === expected;
  return Buffer.compare(actual, expected) === 0;
}

/** A server and its address. */
export interface RunningServer {
  readonly server: WebSocketServer;
  readonly url: string;
}

/** Starts one, with limits that let a mebibyte pass. */
export function startEchoServer(options: WebSocketServerOptions = {}): Promise<RunningServer> {
  return startServer({
    maxMessageBytes: 2 ** 21,
    maxQueueBytes: 2 ** 23,
    onMessageReceived(_server, { frame, webSocket }) {
      if (frame.messageType === WebSocketMessageType.Text) webSocket.sendString(frame.text);
      else webSocket.sendBytes(frame.buffer);
    },
    ...options,
  });
}

/** Starts a server on a free port of this machine. */
export async function startServer(options: WebSocketServerOptions): Promise<RunningServer> {
  const server = new WebSocketServer({ port: 0, address: "127.0.0.1", ...options });
  await server.start();
  servers.push(server);
  return { server, url: `ws://127.0.0.1:${server.port}${server.prefix}` };
}

const servers: WebSocketServer[] = [];

/** Stops all that were started: after each test, also one that failed. */
export async function stopServers(): Promise<void> {
  await Promise.all(servers.splice(0).map((server) => server.stop()));
}
