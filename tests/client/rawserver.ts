/** A WebSocket server that obeys no rule but the test's. */

import { createHash } from "node:crypto";
import { createServer, type Server, type Socket } from "node:net";
import { describeFrame, frame, joined, wireFrames, type WireFrame } from "../support/vectors.js";

/** The Sec-WebSocket-Accept that answers a request (RFC 6455, 4.2.2), computed without the library. */
export function acceptOf(request: string): string {
  const key = /^Sec-WebSocket-Key: (.*)\r$/m.exec(request)?.[1] ?? "";
  return createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
}

/** The head of an answer; a field that is undefined is left out, one of an array comes several times. */
export function answerHead(
  statusLine: string,
  fields: Readonly<Record<string, string | readonly string[] | undefined>>,
): string {
  const lines = Object.entries(fields).flatMap(([name, value]) => {
    const values = value === undefined ? [] : typeof value === "string" ? [value] : value;
    return values.map((one) => `${name}: ${one}\r\n`);
  });
  return `${statusLine}\r\n${lines.join("")}\r\n`;
}

/** The answer that opens a connection, with some of its fields changed. */
export function upgradeAnswer(request: string, changes: Parameters<typeof answerHead>[1] = {}): string {
  return answerHead("HTTP/1.1 101 Switching Protocols", {
    Upgrade: "websocket",
    Connection: "Upgrade",
    "Sec-WebSocket-Accept": acceptOf(request),
    ...changes,
  });
}

/** The client's side of a connection, as the server sees it. */
export class RawPeer {
  readonly socket: Socket;
  /** Resolves when the connection is over. */
  readonly closed: Promise<void>;
  /** Whether it is over. */
  isClosed = false;
  private received = Buffer.alloc(0);
  private waiting: (() => void) | undefined = undefined;

  constructor(socket: Socket) {
    this.socket = socket.setNoDelay(true);
    socket.on("data", (bytes: Buffer) => {
      this.received = Buffer.concat([this.received, bytes]);
      this.waiting?.();
    });
    // A reset is an end like others: "close" follows.
    socket.on("error", () => undefined);
    this.closed = new Promise((resolve) => {
      socket.on("close", () => {
        this.isClosed = true;
        this.waiting?.();
        resolve();
      });
    });
  }

  send(...data: readonly (string | Uint8Array)[]): this {
    this.socket.write(Buffer.concat(data.map((part) => Buffer.from(part as string, "latin1"))));
    return this;
  }

  /** Sends an unmasked frame. */
  sendFrame(first: number, payload: Uint8Array = new Uint8Array(0)): this {
    return this.send(frame(first, payload, false));
  }

  /** Waits for the upgrade request. */
  async request(): Promise<string> {
    for (;;) {
      const end = this.received.indexOf("\r\n\r\n");
      if (end >= 0) {
        const head = this.received.toString("latin1", 0, end + 4);
        this.received = this.received.subarray(end + 4);
        return head;
      }
      await this.more();
    }
  }

  /** Answers the upgrade request as a server does, with `rest` in the same segment. */
  async accept(rest: Uint8Array = new Uint8Array(0)): Promise<this> {
    return this.send(upgradeAnswer(await this.request()), rest);
  }

  /** Waits for so many frames. */
  async wireFrames(count: number): Promise<WireFrame[]> {
    for (;;) {
      const whole = this.wholeFrames();
      if (whole.length >= count) {
        this.received = Buffer.alloc(0);
        return whole;
      }
      await this.more();
    }
  }

  /** Waits for so many frames. @returns them as `describeFrame` tells of them */
  async frames(count: number): Promise<string[]> {
    return (await this.wireFrames(count)).map(describeFrame);
  }

  /** Waits for the end. @returns all bytes that came and were not taken */
  async rest(): Promise<Uint8Array> {
    await this.closed;
    return this.received;
  }

  private wholeFrames(): WireFrame[] {
    try {
      return wireFrames(joined([this.received]));
    } catch {
      return [];
    }
  }

  private more(): Promise<void> {
    if (this.isClosed) throw new Error(`The client is gone; it had sent: ${this.received.toString("latin1")}`);
    return new Promise((resolve) => (this.waiting = resolve));
  }
}

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
      const peer = new RawPeer(socket);
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
