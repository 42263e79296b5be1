import { WebSocketServer, type WebSocketServerOptions } from "../../modules/server.js";
import { RawPeer } from "../support/rawpeer.js";
import { upgradeRequest } from "../support/upgrades.js";

/** A server on a free port of this machine, whose events are recorded, and its raw clients. */
export class ServerBench {
  readonly server: WebSocketServer;
  /** "opened", "message …", "closed status clean|unclean". */
  readonly events: string[] = [];
  private readonly clients: RawPeer[] = [];
  private waiting: (() => void) | undefined = undefined;

  constructor(options: WebSocketServerOptions = {}) {
    this.server = new WebSocketServer({ address: "127.0.0.1", port: 0, ...options });
    this.server.onWebSocketOpened = (sender, e) => {
      this.record("opened");
      return options.onWebSocketOpened?.(sender, e);
    };
    this.server.onMessageReceived = (sender, e) => {
      this.record(`message ${e.frame.text}`);
      return options.onMessageReceived?.(sender, e);
    };
    this.server.onWebSocketClosed = (sender, e) => {
      this.record(`closed ${e.closeStatus} ${e.wasClean ? "clean" : "unclean"}`);
      return options.onWebSocketClosed?.(sender, e);
    };
  }

  /** A client that has said nothing yet. */
  connect(): RawPeer {
    const client = RawPeer.connect(this.server.port);
    this.clients.push(client);
    return client;
  }

  /** A client whose opening handshake is done. */
  async open(): Promise<RawPeer> {
    const client = this.connect().send(upgradeRequest());
    await client.head();
    return client;
  }

  /** Waits for an event. */
  async until(event: string): Promise<void> {
    while (!this.events.includes(event)) await new Promise<void>((resolve) => (this.waiting = resolve));
  }

  /** The events about the end of connections. */
  get closedEvents(): string[] {
    return this.events.filter((event) => event.startsWith("closed"));
  }

  dispose(): void {
    this.server.abort();
    for (const client of this.clients) client.destroy();
  }

  private record(event: string): void {
    this.events.push(event);
    this.waiting?.();
  }
}

/** Runs a test against a started server, and leaves nothing of it behind. */
export async function withServer(
  options: WebSocketServerOptions,
  run: (bench: ServerBench) => Promise<void>,
): Promise<void> {
  const bench = new ServerBench(options);
  try {
    await bench.server.start();
    await run(bench);
  } finally {
    bench.dispose();
  }
}

/** Keeps the errors of users' code that the library logs out of the tests' output. @returns what was logged */
export function silenceLog(): jest.SpyInstance {
  return jest.spyOn(console, "log").mockImplementation(() => undefined);
}
