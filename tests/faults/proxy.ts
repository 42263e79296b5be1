/** A TCP proxy that does harm on command. */

import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { letTimePass } from "../support/waiting.js";

/** What happens to the bytes of one direction. Offsets count from the connection's first byte. */
export interface Harm {
  /** Milliseconds by which each piece is late. */
  readonly delayMs?: number;
  /** Largest piece, in bytes; the pieces are sent one by one. */
  readonly splitBytes?: number;
  /** The byte at this offset is inverted. */
  readonly corruptAt?: number;
  /** Nothing goes on from this offset, and nothing more is read. */
  readonly stallAt?: number;
  /** Both sides are reset at this offset. */
  readonly resetAt?: number;
  /** The receiver of this direction gets FIN at this offset; the other direction goes on. */
  readonly halfCloseAt?: number;
}

/** What happens to both directions. */
export interface Harms {
  readonly toServer?: Harm;
  readonly toClient?: Harm;
}

/** Stands between clients and a server. */
export class TcpProxy {
  /** What happens to connections that come from now on. */
  harms: Harms = {};
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();

  constructor(targetPort: number) {
    this.server = createServer({ allowHalfOpen: true }, (client) => {
      const target = connect({ port: targetPort, host: "127.0.0.1", allowHalfOpen: true });
      this.join(client, target, this.harms.toServer ?? {});
      this.join(target, client, this.harms.toClient ?? {});
    });
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.server.listen(0, "127.0.0.1", resolve));
  }

  close(): void {
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
  }

  private join(from: Socket, to: Socket, harm: Harm): void {
    const lane = new Lane(from, to, harm);
    from.setNoDelay(true);
    this.sockets.add(from);
    from.on("data", (bytes: Buffer) => {
      lane.pass(bytes);
    });
    from.on("end", () => {
      lane.end();
    });
    from.on("error", () => to.resetAndDestroy());
    from.on("close", () => this.sockets.delete(from));
  }
}

/** One direction. */
class Lane {
  private readonly from: Socket;
  private readonly to: Socket;
  private readonly harm: Harm;
  private offset = 0;
  private isOver = false;
  private last: Promise<void> = Promise.resolve();

  constructor(from: Socket, to: Socket, harm: Harm) {
    this.from = from;
    this.to = to;
    this.harm = harm;
  }

  pass(bytes: Buffer): void {
    if (this.isOver) return;
    const { corruptAt = -1, stallAt = Infinity, resetAt = Infinity, halfCloseAt = Infinity } = this.harm;
    const start = this.offset;
    this.offset += bytes.length;
    const at = corruptAt - start;
    if (at >= 0 && at < bytes.length) bytes[at] = ~(bytes[at] ?? 0);
    const stop = Math.min(stallAt, resetAt, halfCloseAt);
    this.isOver = this.offset >= stop;
    this.write(bytes.subarray(0, Math.min(bytes.length, stop - start)));
    if (!this.isOver) return;
    this.later(() => {
      if (stop === resetAt) this.reset();
      else if (stop === halfCloseAt) this.to.end();
      else this.from.pause();
    });
  }

  end(): void {
    if (!this.isOver) this.later(() => this.to.end());
  }

  private reset(): void {
    this.from.resetAndDestroy();
    this.to.resetAndDestroy();
  }

  private write(bytes: Buffer): void {
    const { delayMs, splitBytes = Infinity } = this.harm;
    for (let at = 0; at < bytes.length; at += splitBytes) {
      const piece = bytes.subarray(at, Math.min(bytes.length, at + splitBytes));
      this.later(
        () => {
          if (this.to.writable) this.to.write(piece);
        },
        delayMs ?? (splitBytes === Infinity ? undefined : 0),
      );
    }
  }

  /** After all that came before. Without a delay: at once where nothing waits. */
  private later(task: () => void, delayMs?: number): void {
    const { harm } = this;
    if (delayMs === undefined && harm.delayMs === undefined && harm.splitBytes === undefined) return task();
    this.last = this.last.then(() => letTimePass(delayMs ?? 0)).then(task);
  }
}
