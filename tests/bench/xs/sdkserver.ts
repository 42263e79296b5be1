/** The SDK's own WebSocket server over a socket in memory, to be measured beside ours. */

import { Server } from "websocket";

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

  write(): void {}

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

interface SdkServer {
  callback: (message: number, value: unknown) => void;
  attach(socket: MemorySocket): void;
}

/** What the SDK's callback is told with a message. */
const RECEIVE = 3;

/** @returns what takes bytes as they come from the network; it may be used when the SDK's timer has attached the socket */
export function sdkServer(received: (message: unknown) => void): (bytes: Uint8Array) => void {
  const SdkServerClass: new (options: { readonly port: null }) => SdkServer = Server as never;
  const server = new SdkServerClass({ port: null });
  server.callback = (message, value) => {
    if (message === RECEIVE) received(value);
  };
  const socket = new MemorySocket();
  socket.callback = () => undefined;
  socket.put(new Uint8Array(ArrayBuffer.fromString(HEADERS)));
  server.attach(socket);
  return (bytes) => {
    socket.put(bytes);
  };
}
