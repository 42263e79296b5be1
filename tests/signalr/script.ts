/** Peers of hubs and of their clients that say what a test tells them to. */

import { createServer, type Server } from "node:http";
import { type WebSocket as WsSocket, WebSocketServer as WsServer } from "ws";

/** One side of a connection: it says what a test tells it to, record by record. */
export class ScriptedPeer {
  /** What came, as it came. */
  readonly received: string[] = [];
  readonly closed: Promise<number>;
  private readonly socket: WsSocket;
  private wanted: (() => void) | undefined;

  constructor(socket: WsSocket) {
    this.socket = socket;
    this.closed = new Promise((resolve) => socket.on("close", resolve));
    socket.on("message", (data) => {
      this.received.push((data as Buffer).toString());
      this.wanted?.();
    });
  }

  /** Waits for the next message and takes it. */
  async take(): Promise<string> {
    while (this.received.length === 0) await new Promise<void>((resolve) => (this.wanted = resolve));
    return this.received.shift() ?? "";
  }

  /** Waits until the other side has read what was sent: Pongs come in the order of all else. */
  async heard(): Promise<void> {
    const pong = new Promise((resolve) => this.socket.once("pong", resolve));
    this.socket.ping();
    await pong;
  }

  /** Sends records in one message. */
  send(...records: readonly string[]): void {
    this.socket.send(records.map((record) => `${record}\x1e`).join(""));
  }

  sendRaw(data: string | Uint8Array): void {
    this.socket.send(data);
  }

  /** One message in several fragments. */
  sendFragments(...fragments: readonly string[]): void {
    fragments.forEach((fragment, at) => this.socket.send(fragment, { fin: at === fragments.length - 1 }));
  }

  /** Reads nothing, or goes on. */
  hold(isHeld: boolean): void {
    if (isHeld) this.socket.pause();
    else this.socket.resume();
  }

  close(code: number): void {
    this.socket.close(code);
  }

  terminate(): void {
    this.socket.terminate();
  }

  /** Takes the handshake and agrees. */
  async shakeHands(): Promise<this> {
    await this.take();
    this.send("{}");
    return this;
  }
}

/** The server. Negotiations are answered by `negotiate`, or 404. */
export class ScriptedServer {
  /** Head fields and URL of each request, as they came. */
  readonly requests: { readonly url: string; readonly headers: NodeJS.Dict<string | string[]> }[] = [];
  negotiate: ((url: string) => object | string | undefined) | undefined;
  private readonly server: Server;
  private readonly clients: ScriptedPeer[] = [];
  private readonly sockets: WsServer;
  private wanted: (() => void) | undefined;

  private constructor() {
    this.server = createServer((request, response) => {
      const { url = "", headers, method } = request;
      this.requests.push({ url: `${method ?? ""} ${url}`, headers });
      const answer = this.negotiate?.(url);
      if (answer === undefined) response.writeHead(404);
      response.end(typeof answer === "object" ? JSON.stringify(answer) : answer);
    });
    this.sockets = new WsServer({ server: this.server });
    this.sockets.on("connection", (socket, { url, headers }) => {
      this.requests.push({ url: url ?? "", headers });
      this.clients.push(new ScriptedPeer(socket));
      this.wanted?.();
    });
  }

  static async start(): Promise<ScriptedServer> {
    const scripted = new ScriptedServer();
    await new Promise<void>((resolve) => scripted.server.listen(0, "127.0.0.1", resolve));
    return scripted;
  }

  get url(): string {
    const address = this.server.address();
    return `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}/hub`;
  }

  /** Waits for the next client. */
  async accept(): Promise<ScriptedPeer> {
    for (;;) {
      const client = this.clients.shift();
      if (client !== undefined) return client;
      await new Promise<void>((resolve) => (this.wanted = resolve));
    }
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets.clients) socket.terminate();
    this.sockets.close();
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
