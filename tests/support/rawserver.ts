/** A WebSocket server that obeys no rule but the test's. */

import { createServer, type Server } from "node:net";
import { RawPeer } from "./rawpeer.js";

/** A server and those who have connected to it. */
export class RawServer {
  readonly url: string;
  readonly port: number;
  /** Everyone who connected. */
  readonly peers: RawPeer[] = [];
  private readonly server: Server;
  private readonly waiting: ((peer: RawPeer) => void)[] = [];
  private taken = 0;

  private constructor(server: Server) {
    this.server = server;
    const address = server.address();
    this.port = typeof address === "object" && address !== null ? address.port : 0;
    this.url = `ws://127.0.0.1:${this.port}/`;
    server.on("connection", (socket) => {
      const peer = new RawPeer(socket, "server");
      this.peers.push(peer);
      const resolve = this.waiting.shift();
      if (resolve === undefined) return;
      this.taken += 1;
      resolve(peer);
    });
  }

  static start(): Promise<RawServer> {
    const server = createServer({ allowHalfOpen: false });
    return new Promise((resolve, reject) => {
      server.once("error", reject);
      server.listen(0, "127.0.0.1", () => {
        resolve(new RawServer(server));
      });
    });
  }

  /** The next one that connects, or has connected. */
  next(): Promise<RawPeer> {
    const peer = this.peers[this.taken];
    if (peer === undefined) return new Promise((resolve) => this.waiting.push(resolve));
    this.taken += 1;
    return Promise.resolve(peer);
  }

  /** Passes over all who have connected until now. */
  forget(): void {
    this.taken = this.peers.length;
  }

  stop(): Promise<void> {
    for (const { socket } of this.peers) socket.destroy();
    return new Promise((resolve) => this.server.close(() => resolve()));
  }
}

/** Runs a test with a raw server, and leaves nothing of it behind. */
export async function withRawServer(run: (server: RawServer) => Promise<void>): Promise<void> {
  const server = await RawServer.start();
  try {
    await run(server);
  } finally {
    await server.stop();
  }
}
