import {
  ClientWebSocket,
  WebSocketError,
  WebSocketMessageType,
  WebSocketState,
  type ClientWebSocketOptions,
  type ConnectionClosedEventArgs,
  type HeadersInit,
} from "../../modules/client.js";
import { describeBytes } from "../support/vectors.js";
import { eventually } from "../support/waiting.js";
import type { RawPeer } from "../support/rawpeer.js";
import { RawServer } from "../support/rawserver.js";

/** A client whose events are recorded. */
export class ClientBench {
  readonly client: ClientWebSocket;
  /** "text …", "binary …", "pong …", "drained", "closed status clean|unclean code". */
  readonly events: string[] = [];
  /** What `onConnectionClosed` was told, one for each call. */
  readonly ends: ConnectionClosedEventArgs[] = [];
  private waiting: (() => void)[] = [];

  constructor(options: ClientWebSocketOptions = {}) {
    this.client = new ClientWebSocket(options);
    this.client.onMessageReceived = (sender, e) => {
      const { messageType, text, buffer } = e.frame;
      this.record(messageType === WebSocketMessageType.Text ? `text ${text}` : `binary ${describeBytes(buffer)}`);
      return options.onMessageReceived?.(sender, e);
    };
    this.client.onPongReceived = (_sender, payload) => {
      this.record(`pong ${describeBytes(payload)}`);
    };
    this.client.onDrained = (sender) => {
      this.record("drained");
      return options.onDrained?.(sender);
    };
    this.client.onConnectionClosed = (sender, e) => {
      this.ends.push(e);
      this.record(["closed", e.closeStatus, e.wasClean ? "clean" : "unclean", e.error?.code ?? ""].join(" ").trim());
      return options.onConnectionClosed?.(sender, e);
    };
  }

  /** The event of the end; waits for it. */
  async closed(): Promise<ConnectionClosedEventArgs> {
    for (;;) {
      const end = this.ends.at(-1);
      if (end !== undefined) return end;
      await this.more();
    }
  }

  /** Waits for an event. */
  async until(event: string): Promise<void> {
    while (!this.events.includes(event)) await this.more();
  }

  /** Connects, and expects that it fails. @returns the error */
  async failure(url: string, headers?: HeadersInit): Promise<WebSocketError> {
    try {
      await this.client.connect(url, headers);
    } catch (error) {
      if (error instanceof WebSocketError) return error;
      throw new Error(`It rejects with an error that is not one of the library: ${String(error)}`, { cause: error });
    }
    throw new Error("It connects.");
  }

  private record(event: string): void {
    this.events.push(event);
    for (const resolve of this.waiting.splice(0)) resolve();
  }

  private more(): Promise<void> {
    return new Promise((resolve) => this.waiting.push(resolve));
  }
}

/** Runs a test with an open connection, and leaves nothing of it behind. */
export async function withOpen(
  options: ClientWebSocketOptions,
  run: (bench: ClientBench, peer: RawPeer, server: RawServer) => Promise<void>,
): Promise<void> {
  const server = await RawServer.start();
  const bench = new ClientBench(options);
  try {
    const peer = await openOn(server, bench);
    await run(bench, peer, server);
  } finally {
    bench.client.abort();
    await server.stop();
  }
}

/** Connects a client to a raw server. */
export async function openOn(server: RawServer, bench: ClientBench, rest?: Uint8Array): Promise<RawPeer> {
  const connected = bench.client.connect(server.url);
  const peer = await server.next();
  await peer.accept(rest);
  await connected;
  return peer;
}

/** Sockets and timers of this process. */
export function openHandles(): string[] {
  return process
    .getActiveResourcesInfo()
    .filter((name) => /^(?:Timeout|Immediate|TCP|TLS|GetAddrInfo|ConnectWrap|WriteWrap|ShutdownWrap)/.test(name))
    .sort();
}

/** Expects that soon nothing is open that was not before. */
export async function expectHandles(before: readonly string[]): Promise<void> {
  await eventually(() => newHandles(before).length === 0).catch(() => undefined);
  expect(newHandles(before)).toEqual([]);
}

function newHandles(before: readonly string[]): string[] {
  const known = [...before];
  return openHandles().filter((name) => {
    const at = known.indexOf(name);
    if (at >= 0) known.splice(at, 1);
    return at < 0;
  });
}

/** Expects that a client is as if it had never connected: that failed connection has left nothing of itself. */
export function expectNothingLeft(bench: ClientBench, state: WebSocketState = WebSocketState.Closed): void {
  expect(bench.client.state).toBe(state);
  expect(bench.client.bufferedAmount).toBe(0);
  expect(bench.client.subprotocol).toBeUndefined();
  expect(bench.ends).toHaveLength(1);
}
