/**
 * Clients of a full server that are accepted only to be told why they are not served: a web page never sees the status of
 * an HTTP answer, but it does see that of a Close frame.
 */

import type { Socket } from "#network";
import { ServerClient, type ClientOwner } from "./accepted.js";
import { WebSocketCloseStatus } from "../common/constants.js";
import type { ConnectionSettings } from "../common/options.js";

/** How many there are at a time; one more is answered with 503. */
const MAX_TURNED_AWAY = 4;
/** How long one may take to close, in milliseconds. */
const MAX_CLOSE_MS = 1_000;
/** Enough for what a client says first; it is not read. */
const MAX_MESSAGE_BYTES = 512;

/** Those of one server. They are in no pool, and no handler is told of them. */
export class TurnedAwayClients implements ClientOwner {
  readonly settings: ConnectionSettings;
  private readonly clients = new Set<ServerClient>();

  constructor(settings: ConnectionSettings) {
    this.settings = {
      ...settings,
      closeTimeoutMs: Math.min(settings.closeTimeoutMs, MAX_CLOSE_MS),
      maxMessageBytes: MAX_MESSAGE_BYTES,
      maxReceiveFrameSize: 0,
      deliverFragments: false,
    };
  }

  /** Whether one more can be told. */
  get hasRoom(): boolean {
    return this.clients.size < MAX_TURNED_AWAY;
  }

  /** Closes a connection whose opening handshake is done with 1013 (TryAgainLater). */
  tell(socket: Socket, reason: string): void {
    const client = new ServerClient(this);
    this.clients.add(client);
    client.openOn(socket);
    client.close(WebSocketCloseStatus.TryAgainLater, reason);
  }

  /** Ends all of them at once. */
  abort(): void {
    for (const client of [...this.clients]) client.abort();
  }

  clientMessageReceived(): void {
    // The client was told that nobody listens.
  }

  clientClosed(client: ServerClient): void {
    this.clients.delete(client);
  }
}
