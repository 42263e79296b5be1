/** `#network` on Node.js: node:net. */

import { connect as netConnect, createServer, type Socket as NetSocket } from "node:net";
import type { ConnectHandlers, Listener, Network, Socket, SocketHandlers } from "../contract.js";

export type * from "../contract.js";

/** Until the owner of an accepted socket has given its own. */
const IGNORE: SocketHandlers = { data() {}, drain() {}, close() {} };

class NodeSocket implements Socket {
  handlers: SocketHandlers;
  remoteAddress: string;
  remotePort: number;
  private error: Error | undefined;
  private isWaiting = false;
  private readonly socket: NetSocket;

  constructor(socket: NetSocket, handlers: SocketHandlers) {
    this.socket = socket;
    this.handlers = handlers;
    this.remoteAddress = addressOf(socket);
    this.remotePort = socket.remotePort ?? 0;
    socket.setNoDelay(true);
    socket.on("data", (bytes: Buffer) => {
      this.handlers.data(bytes);
    });
    socket.on("error", (error) => (this.error = error));
    socket.on("close", () => {
      this.handlers.close(this.error);
    });
  }

  get bufferedAmount(): number {
    return this.socket.writableLength;
  }

  write(bytes: Uint8Array): boolean {
    if (!this.socket.writable) return true;
    this.socket.write(bytes, this.written);
    this.isWaiting = this.socket.writableLength > 0;
    return !this.isWaiting;
  }

  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  end(): void {
    this.socket.end();
    this.socket.resume();
  }

  destroy(): void {
    this.handlers = IGNORE;
    this.socket.destroy();
  }

  /** The name was resolved and the peer has answered. */
  opened(): void {
    this.remoteAddress = addressOf(this.socket);
    this.remotePort = this.socket.remotePort ?? 0;
  }

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

export const connect: Network["connect"] = (options, handlers: ConnectHandlers) => {
  const inner = netConnect({ host: options.host, port: options.port });
  const socket = new NodeSocket(inner, handlers);
  inner.once("connect", () => {
    socket.opened();
    if (socket.handlers === handlers) handlers.open();
  });
  return socket;
};

export const listen: Network["listen"] = (options, handlers) => {
  const server = createServer((inner) => {
    const socket = new NodeSocket(inner, IGNORE);
    const accepted = handlers.accept(socket);
    if (accepted === undefined) socket.destroy();
    else if (socket.handlers === IGNORE) socket.handlers = accepted;
  });
  const listener: Listener & { port: number } = {
    port: 0,
    close() {
      server.close();
    },
  };
  server.on("error", (error) => {
    handlers.error(error);
  });
  server.listen(options.port, options.address, () => {
    const address = server.address();
    if (address !== null && typeof address === "object") listener.port = address.port;
    handlers.listening();
  });
  return listener;
};
