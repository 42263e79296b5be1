import type { Socket as NetSocket } from "node:net";

import type { ConnectHandlers, Socket, SocketHandlers } from "../contract.js";
import { toNetworkError } from "./networkerror.js";

/** Until the owner of an accepted socket has given its own. */
const ignoringHandlers: SocketHandlers = { data() {}, drain() {}, close() {} };

let unnamedCount = 0;

/** One connection over a socket of node:net or node:tls. */
export class NodeSocket implements Socket {
  handlers: SocketHandlers;
  remoteAddress: string;
  remotePort: number;
  declare peerCertificate?: Uint8Array;
  private error: Error | undefined;
  private isWaiting = false;
  private isPaused = false;
  /** The peer's FIN came while the socket was paused. */
  private isEndHeld = false;
  private readonly socket: NetSocket;

  constructor(socket: NetSocket, handlers: SocketHandlers = ignoringHandlers) {
    this.socket = socket;
    this.handlers = handlers;
    this.remoteAddress = addressOf(socket);
    // The peers of a Unix socket have no addresses: a number tells them apart.
    this.remotePort = socket.remotePort ?? ++unnamedCount;
    socket.setNoDelay(true);
    socket.on("data", (bytes: Buffer) => {
      // Not the Buffer itself: its slice() makes a view of the chunk, where that of a Uint8Array makes a copy.
      this.handlers.data(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    });
    // Even a paused socket tells its end, behind which nothing could be answered. One of node:http stays half open.
    socket.on("end", () => {
      if (this.isPaused) this.isEndHeld = true;
      else socket.end();
    });
    socket.on("error", (error) => (this.error = toNetworkError(error)));
    socket.on("close", () => {
      this.handlers.close(this.error);
    });
  }

  get bufferedAmount(): number {
    return this.socket.writableLength;
  }

  write(bytes: Uint8Array): boolean {
    if (!this.socket.writable) return false;
    this.socket.write(bytes, this.written);
    this.isWaiting = this.socket.writableLength > 0;
    return !this.isWaiting;
  }

  pause(): void {
    this.isPaused = true;
    this.socket.pause();
  }

  resume(): void {
    this.isPaused = false;
    this.socket.resume();
    // In a turn of its own: whoever resumes may still have to answer what has come before the end.
    if (this.isEndHeld) setImmediate(this.tellHeldEnd);
  }

  end(): void {
    this.socket.end();
    this.socket.resume();
  }

  destroy(): void {
    this.handlers = ignoringHandlers;
    this.socket.destroy();
  }

  /** The name was resolved and the peer has answered. */
  opened(handlers: ConnectHandlers): void {
    this.remoteAddress = addressOf(this.socket);
    this.remotePort = this.socket.remotePort ?? 0;
    if (this.handlers === handlers) handlers.open();
  }

  /** Gives an accepted socket the handlers of its owner, undefined where there is none. */
  accepted(handlers: SocketHandlers | undefined): void {
    if (handlers === undefined) this.destroy();
    else if (this.handlers === ignoringHandlers) this.handlers = handlers;
  }

  private readonly tellHeldEnd = (): void => {
    if (!this.isPaused) this.socket.end();
  };

  private readonly written = (): void => {
    if (!this.isWaiting || this.socket.writableLength > 0 || this.socket.destroyed) return;
    this.isWaiting = false;
    this.handlers.drain();
  };
}

/** A socket that listens for IPv6 and IPv4 names IPv4 peers by mapped addresses (RFC 4291, 2.5.5.2). */
function addressOf(socket: NetSocket): string {
  return (socket.remoteAddress ?? "").replace(/^::ffff:(?=\d+\.)/, "");
}
