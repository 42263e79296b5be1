/** A server that echoes, a proxy before it, and clients of the library through the proxy. */

import { ClientWebSocket, type ClientWebSocketOptions, type ConnectionClosedEventArgs } from "../../modules/client.js";
import type { WebSocketServerOptions } from "../../modules/server.js";
import { type ServerBench, withServer } from "../server/servertest.js";
import { TcpProxy } from "./proxy.js";

/** A client whose messages and end are recorded. */
export interface FaultClient {
  readonly socket: ClientWebSocket;
  readonly texts: string[];
  /** Resolves with the end. */
  readonly closed: Promise<ConnectionClosedEventArgs>;
  /** Waits for so many messages. */
  readonly received: (count: number) => Promise<void>;
}

export class FaultBench {
  readonly servers: ServerBench;
  readonly proxy: TcpProxy;
  private readonly clients: ClientWebSocket[] = [];

  constructor(servers: ServerBench) {
    this.servers = servers;
    this.proxy = new TcpProxy(servers.server.port);
  }

  /** A client that connects through the proxy, or, where `isDirect`, without it. */
  async connect(options: ClientWebSocketOptions = {}, isDirect = false): Promise<FaultClient> {
    const socket = new ClientWebSocket(options);
    this.clients.push(socket);
    const texts: string[] = [];
    let told: () => void = () => undefined;
    socket.onMessageReceived = (_sender, e) => {
      texts.push(e.frame.text);
      told();
    };
    const closed = new Promise<ConnectionClosedEventArgs>((resolve) => {
      socket.onConnectionClosed = (_sender, e) => {
        resolve(e);
      };
    });
    await socket.connect(`ws://127.0.0.1:${isDirect ? this.servers.server.port : this.proxy.port}/`);
    const received = async (count: number): Promise<void> => {
      while (texts.length < count) await new Promise<void>((resolve) => (told = resolve));
    };
    return { socket, texts, closed, received };
  }

  /** @throws Error unless a new client gets its message back */
  async proveAlive(): Promise<void> {
    const { socket, texts, received } = await this.connect({}, true);
    socket.sendString("are you there?");
    await received(1);
    expect(texts).toEqual(["are you there?"]);
    socket.abort();
  }

  dispose(): void {
    for (const client of this.clients) client.abort();
    this.proxy.close();
  }
}

/** Runs a test against an echo server behind a proxy, and leaves nothing of it behind. */
export async function withFaults(
  options: WebSocketServerOptions,
  run: (bench: FaultBench) => Promise<void>,
): Promise<void> {
  const echo: WebSocketServerOptions = {
    onMessageReceived: (_sender, { frame, webSocket }) => void webSocket.sendString(frame.text),
    ...options,
  };
  await withServer(echo, async (servers) => {
    const bench = new FaultBench(servers);
    try {
      await bench.proxy.listen();
      await run(bench);
    } finally {
      bench.dispose();
    }
  });
}
