/** The other end of the device's connections: sockets of Linux. */

import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { connect as secure, type ConnectionOptions, createServer as createSecured, type TlsOptions } from "node:tls";
import { PATIENCE_MS } from "../support/waiting.js";

/** Bytes that tell their place: those of program/natives.c. */
export function pattern(count: number, start = 0): Buffer {
  const bytes = Buffer.alloc(count);
  for (let index = 0; index < count; index += 1) {
    const at = start + index;
    bytes[index] = (at * 31 + (at >> 8)) & 0xff;
  }
  return bytes;
}

/** Half a connection, as it is on Linux. */
export class Peer {
  readonly socket: Socket;
  /** What carries it: with TLS another socket. */
  readonly #carrier: Socket;
  /** Bytes that came. */
  received = 0;
  /** Whether all of them were those of the pattern. */
  isIntact = true;
  /** "fin", or the code of an error; undefined while the connection stands. */
  end: string | undefined;

  #waiting: (() => void)[] = [];

  constructor(socket: Socket, carrier = socket) {
    this.socket = socket;
    this.#carrier = carrier;
    socket.setNoDelay(true);
    socket.on("data", (bytes: Buffer) => {
      this.isIntact &&= bytes.equals(pattern(bytes.length, this.received));
      this.received += bytes.length;
      this.#wake();
    });
    socket.on("end", () => {
      this.#ended("fin");
    });
    socket.on("error", (error: NodeJS.ErrnoException) => {
      this.#ended(error.code ?? error.message);
    });
    socket.on("close", () => {
      this.#ended("closed");
    });
  }

  write(bytes: Buffer | string): this {
    this.socket.write(bytes);
    return this;
  }

  /** Resets the connection. */
  reset(): void {
    this.#carrier.resetAndDestroy();
  }

  /** Waits for so many bytes. @throws Error where they do not come in time, or the connection ends before */
  async take(count: number, timeoutMs = PATIENCE_MS): Promise<void> {
    await this.#until(() => this.received >= count || this.end !== undefined, timeoutMs);
    if (this.received < count) throw new Error(`${this.received} of ${count} bytes came; end: ${this.end ?? "none"}`);
    if (!this.isIntact) throw new Error("bytes that came are not those that were sent");
  }

  /** Waits for the connection's end. @returns how it ended @throws Error where it does not in time */
  async ended(timeoutMs = PATIENCE_MS): Promise<string> {
    await this.#until(() => this.end !== undefined, timeoutMs);
    if (this.end === undefined) throw new Error(`the connection does not end; it brought ${this.received} bytes`);
    return this.end;
  }

  async #until(condition: () => boolean, timeoutMs: number): Promise<void> {
    const clock = { isOver: false };
    const timer = setTimeout(() => {
      clock.isOver = true;
      this.#wake();
    }, timeoutMs);
    while (!condition() && !clock.isOver) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    clearTimeout(timer);
  }

  #ended(how: string): void {
    this.end ??= how;
    this.#wake();
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}

export interface PeerOptions {
  /** Whether the peer's side stays open behind the device's FIN. */
  readonly allowHalfOpen?: boolean;
  /** For the connect, and the handshake of TLS. */
  readonly timeoutMs?: number;
  /** TLS. */
  readonly tls?: ConnectionOptions;
}

/** Connects to the device. @throws Error where that fails */
export async function dial(
  host: string,
  port: number,
  { allowHalfOpen = false, timeoutMs = 30_000, tls }: PeerOptions = {},
): Promise<Peer> {
  const carrier = connect({ host, port, allowHalfOpen });
  const socket = tls === undefined ? carrier : secure({ ...tls, socket: carrier });
  const timer = setTimeout(() => socket.destroy(new Error("the connect takes too long")), timeoutMs);
  try {
    await once(socket, tls === undefined ? "connect" : "secureConnect");
  } finally {
    clearTimeout(timer);
  }
  return new Peer(socket, carrier);
}

/** A server of Linux, for the device's clients. */
export class PeerServer {
  readonly port: number;
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
    this.port = (server.address() as AddressInfo).port;
  }

  /** @param tls for a server of TLS */
  static async start(host: string, accept: (peer: Peer) => void, tls?: TlsOptions): Promise<PeerServer> {
    const accepted = (socket: Socket): void => {
      accept(new Peer(socket));
    };
    const server = tls === undefined ? createServer(accepted) : createSecured(tls, accepted);
    server.listen(0, host);
    await once(server, "listening");
    return new PeerServer(server);
  }

  stop(): void {
    this.#server.close();
  }
}
