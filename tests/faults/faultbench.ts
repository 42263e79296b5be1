/** Servers and clients of the library, on whichever host, a proxy between them, and hostile peers. */

import type { ClientWebSocketOptions } from "../../modules/client.js";
import type { WebSocketServerOptions } from "../../modules/server.js";
import { asciiOf, hexOf } from "../support/vectors.js";
import type { ClientFigures, HookAct, ServerFigures } from "./agent.js";
import type { FaultHost } from "./faulthosts.js";
import { type Harms, TcpProxy } from "./proxy.js";
import { eventually } from "../support/waiting.js";
import { RawPeer } from "../support/rawpeer.js";
import { RawServer } from "../support/rawserver.js";
import { upgradeRequest } from "../support/upgrades.js";

/** A fault and what has to come of it. */
export interface FaultCase {
  readonly name: string;
  /** Whether it takes a minute in the simulator: it then runs beside the others. */
  readonly isLong?: boolean;
  readonly run: (bench: FaultBench) => Promise<void>;
}

/** For cases that are long. */
export const LONG_PATIENCE_MS = 200_000;
/** Sizes that the cases count on. */
const SIZES = { maxMessageBytes: 16_384, maxQueueBytes: 20_480 } as const;

/** Looks at figures until something holds of them. @throws Error with the figures where it does not */
async function look<Figures>(
  get: () => Promise<Figures>,
  holds: (figures: Figures) => boolean,
  patienceMs?: number,
): Promise<Figures> {
  let figures = await get();
  await eventually(
    async () => holds((figures = await get())),
    () => `${holds.toString()}: ${JSON.stringify(figures)}`,
    patienceMs,
  );
  return figures;
}

/** A server of the library. */
export class FaultServer {
  readonly host: FaultHost;
  readonly port: number;
  private readonly server: number;

  constructor(host: FaultHost, { server, port }: { readonly server: number; readonly port: number }) {
    this.host = host;
    this.server = server;
    this.port = port;
  }

  figures(): Promise<ServerFigures> {
    return this.host.ask("server", { server: this.server });
  }

  /** Waits until something holds of its figures. */
  until(holds: (figures: ServerFigures) => boolean): Promise<ServerFigures> {
    return look(() => this.figures(), holds);
  }

  /** The ends of its connections, once there are so many. */
  async closedEvents(count: number): Promise<string[]> {
    const closed = (events: readonly string[]): string[] => events.filter((event) => event.startsWith("closed"));
    return closed((await this.until(({ events }) => closed(events).length >= count)).events);
  }

  setHook(hook: HookAct): Promise<void> {
    return this.host.ask("setHook", { server: this.server, hook });
  }

  async stop(): Promise<void> {
    await this.host.ask("stopServer", { server: this.server });
  }
}

/** A client of the library. */
export class FaultClient {
  /** The name of the error with which `connect` failed. */
  readonly failure: string | undefined;
  private readonly host: FaultHost;
  private readonly client: number;
  private isForgotten = false;

  constructor(host: FaultHost, client: number, failure: string | undefined) {
    this.host = host;
    this.client = client;
    this.failure = failure;
  }

  figures(): Promise<ClientFigures> {
    return this.host.ask("client", { client: this.client });
  }

  until(holds: (figures: ClientFigures) => boolean, patienceMs?: number): Promise<ClientFigures> {
    return look(() => this.figures(), holds, patienceMs);
  }

  /** Waits for the end of the connection, and checks that it is told once. */
  async end(): Promise<ClientFigures["ends"][0] | undefined> {
    const { ends } = await this.until((figures) => figures.ends.length > 0);
    expect(ends).toHaveLength(1);
    return ends[0];
  }

  send(text: string, times = 1): Promise<number> {
    return this.host.ask("send", { client: this.client, text, times });
  }

  flood(): Promise<void> {
    return this.host.ask("flood", { client: this.client });
  }

  watch(): Promise<void> {
    return this.host.ask("watch", { client: this.client });
  }

  close(closeStatus: number): Promise<void> {
    return this.host.ask("close", { client: this.client, closeStatus });
  }

  /** Forgets it: it can be asked nothing more. */
  async abort(): Promise<void> {
    if (this.isForgotten) return;
    this.isForgotten = true;
    await this.host.ask("abort", { client: this.client });
  }
}

/** What one case has. */
export class FaultBench {
  readonly serverHost: FaultHost;
  readonly clientHost: FaultHost;
  private readonly ending: (() => void | Promise<void>)[] = [];

  constructor(serverHost: FaultHost, clientHost: FaultHost) {
    this.serverHost = serverHost;
    this.clientHost = clientHost;
  }

  /** Starts a server that sends texts back. */
  async serve(options: WebSocketServerOptions = {}, hook: HookAct = "accepts"): Promise<FaultServer> {
    const made = await this.serverHost.ask("serve", { options: { ...SIZES, ...options }, hook });
    const server = new FaultServer(this.serverHost, made);
    this.ending.push(() => server.stop());
    return server;
  }

  /** Puts a proxy before a server. @returns its port */
  async proxy({ port }: { readonly port: number }, harms: Harms): Promise<number> {
    const proxy = new TcpProxy(port);
    this.ending.push(() => proxy.close());
    proxy.harms = harms;
    await proxy.listen();
    return proxy.port;
  }

  /** Lets a client connect, or fail to. */
  async tryConnecting(port: number, options: ClientWebSocketOptions = {}): Promise<FaultClient> {
    const uri = `ws://127.0.0.1:${port}/`;
    const { client, failure } = await this.clientHost.ask("connect", { uri, options: { ...SIZES, ...options } });
    const made = new FaultClient(this.clientHost, client, failure);
    this.ending.push(() => made.abort());
    return made;
  }

  /** Lets a client connect. @throws Error where it cannot */
  async connect(port: number, options: ClientWebSocketOptions = {}): Promise<FaultClient> {
    const client = await this.tryConnecting(port, options);
    if (client.failure !== undefined) throw new Error(`It cannot connect: ${client.failure}`);
    return client;
  }

  /** A hostile client that has said nothing yet. */
  raw({ port }: FaultServer): RawPeer {
    const client = RawPeer.connect(port);
    this.ending.push(() => client.destroy());
    return client;
  }

  /** A hostile client whose opening handshake is done. */
  async open(server: FaultServer): Promise<RawPeer> {
    const client = this.raw(server).send(upgradeRequest());
    expect(await client.head()).toMatch(/^HTTP\/1\.1 101 /);
    return client;
  }

  /** A hostile server. */
  async rawServer(): Promise<RawServer> {
    const server = await RawServer.start();
    this.ending.push(() => server.stop());
    return server;
  }

  /** @throws Error unless a new client of the server gets its message back, as soon as there is a place for it */
  async proveAlive(server: FaultServer): Promise<void> {
    let client = this.raw(server);
    let head = await client.send(upgradeRequest()).head();
    await eventually(async () => {
      if (!head.startsWith("HTTP/1.1 503 ")) return true;
      client = this.raw(server);
      head = await client.send(upgradeRequest()).head();
      return false;
    }, "a place");
    expect(head).toMatch(/^HTTP\/1\.1 101 /);
    await exchange(client, "are you there?");
    client.destroy();
  }

  /** @throws Error unless a new client of the client's host gets its message back */
  async proveClientAlive(): Promise<void> {
    const server = await this.serve();
    const client = await this.connect(server.port);
    await client.send("are you there?");
    expect((await client.until(({ texts }) => texts.length > 0)).texts).toEqual(["are you there?"]);
    await client.close(1000);
    expect(await client.end()).toMatchObject({ closeStatus: 1000, wasClean: true });
  }

  async dispose(): Promise<void> {
    for (const end of this.ending.reverse()) await end();
  }
}

/** Sends a text, and waits for it to come back. */
export async function exchange(client: RawPeer, text: string): Promise<void> {
  client.sendFrame(0x81, asciiOf(text));
  expect(await client.frames(1)).toEqual([`text:${hexOf(asciiOf(text))}`]);
}

/** Runs one case, and leaves nothing of it behind. */
export async function runFaultCase({ run }: FaultCase, serverHost: FaultHost, clientHost: FaultHost): Promise<void> {
  const bench = new FaultBench(serverHost, clientHost);
  try {
    await run(bench);
  } finally {
    await bench.dispose();
  }
}
