/** The SDK's own WebSocket server over a socket in memory, to be measured beside ours. */

import { Server } from "websocket";

/** Where sockets copy to what is written to them. */
export const outgoing = new Uint8Array(65_536);

type Reader = (type?: unknown, length?: number | string) => unknown;

/** As much of the SDK's Socket as its WebSocket server uses, reading from bytes that were put in. */
class MemorySocket {
  declare callback: (message: number, value: number) => void;
  private bytes: Uint8Array = new Uint8Array(0);
  private at = 0;

  put(bytes: Uint8Array): void {
    this.bytes = bytes;
    this.at = 0;
    this.callback(2, bytes.length);
  }

  readonly read: Reader = (type, length) => {
    const { bytes, at } = this;
    if (type === undefined) return bytes.length - at;
    if (type === Number) return bytes[this.at++];
    if (length === "\n") return this.readLine();
    this.at += length as number;
    const content = bytes.slice(at, this.at).buffer;
    return type === String ? String.fromArrayBuffer(content) : content;
  };

  write(...parts: readonly (number | ArrayBuffer)[]): void {
    let at = 0;
    for (const part of parts) {
      if (typeof part === "number") outgoing[at++] = part;
      else outgoing.set(new Uint8Array(part), at);
    }
  }

  close(): void {}

  private readLine(): string | undefined {
    const end = this.bytes.indexOf(10, this.at);
    if (end < 0) return undefined;
    const line = String.fromCharCode(...this.bytes.subarray(this.at, end + 1));
    this.at = end + 1;
    return line;
  }
}

/** The SDK has read the request line before it attaches a socket. */
const HEADERS = [
  "Host: device",
  "Upgrade: websocket",
  "Connection: Upgrade",
  "Sec-WebSocket-Version: 13",
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
  "",
  "",
].join("\r\n");

/** The SDK's side of a connection, which its callback is called on. */
interface SdkConnection {
  write(message: string | ArrayBuffer): void;
}

interface SdkServer {
  callback: (this: SdkConnection, message: number, value: unknown) => void;
  attach(socket: MemorySocket): void;
}

/** What the SDK's callback is told with a connection, and with a message. */
const HANDSHAKE = 2;
const RECEIVE = 3;

/** A connection of the SDK's server. Usable when the SDK's timer has attached its socket. */
export interface SdkPeer {
  readonly receive: (bytes: Uint8Array) => void;
  readonly send: (message: string | ArrayBuffer) => void;
}

export function sdkServer(received: (message: unknown) => void): SdkPeer {
  const SdkServerClass: new (options: { readonly port: null }) => SdkServer = Server as never;
  const server = new SdkServerClass({ port: null });
  const connections: SdkConnection[] = [];
  server.callback = function (message, value) {
    if (message === HANDSHAKE) connections.push(this);
    else if (message === RECEIVE) received(value);
  };
  const socket = new MemorySocket();
  socket.callback = () => undefined;
  socket.put(new Uint8Array(ArrayBuffer.fromString(HEADERS)));
  server.attach(socket);
  return {
    receive: (bytes) => {
      socket.put(bytes);
    },
    send: (message) => {
      connections[0]?.write(message);
    },
  };
}
