/** The way in of a connection: nothing is read while it is shut, and its peer is not taken for silent meanwhile. */

import { log } from "#platform";
import type { WebSocket } from "../../websocket/websocket.js";
import type { Heartbeat } from "./heartbeat.js";

type Payload = string | Uint8Array;

/** What is behind a gate. */
export interface GateListener {
  /** Reads records as long as the gate is open. @returns what was not read, if anything */
  read(data: Payload): Payload | undefined;
  /** What was read could not be handled. */
  readFailed(cause: unknown): void;
}

/** The gate of one connection. */
export class Gate {
  /** Whether the connection is over. */
  isOver = false;
  private readonly webSocket: WebSocket;
  private readonly heartbeat: Heartbeat;
  private readonly listener: GateListener;
  private holds = 0;
  /** How many of them are not the peer's to end. */
  private foreignHolds = 0;
  /** Records that came and are not read before the gate is open: as a text they take less than as objects. */
  private unread: Payload | undefined = undefined;

  constructor(webSocket: WebSocket, heartbeat: Heartbeat, listener: GateListener) {
    this.webSocket = webSocket;
    this.heartbeat = heartbeat;
    this.listener = listener;
  }

  /** Whether nothing is to be read, now or ever. */
  get isShut(): boolean {
    return this.isOver || this.holds > 0;
  }

  /** The payload of a WebSocket message, or of a fragment of one. */
  receive(data: Payload): void {
    const unread = this.listener.read(data);
    if (unread !== undefined && unread.length > 0 && !this.isOver) this.unread = unread;
  }

  /**
   * Shuts it, until `release` is called as often as this.
   *
   * @param isPeers whether the peer can end it, and has no more time for that than it may be silent
   */
  hold(isPeers = false): void {
    if (!isPeers && ++this.foreignHolds === 1) this.heartbeat.stopListening();
    if (++this.holds === 1 && !this.isOver) this.webSocket.pause();
  }

  /** @param isPeers as it was given to `hold` */
  release(isPeers = false): void {
    if (!isPeers && --this.foreignHolds === 0 && !this.isOver) this.heartbeat.listen();
    if (--this.holds > 0) return;
    this.continue().catch((cause: unknown) => {
      log("What was received could not be handled; the connection is closed.", cause);
      this.listener.readFailed(cause);
    });
  }

  /** The connection is over. */
  end(): void {
    this.isOver = true;
    this.unread = undefined;
  }

  private async continue(): Promise<void> {
    // Not on the stack of the reader of a stream, which would get items while it takes one.
    await Promise.resolve();
    const { unread } = this;
    if (unread !== undefined && !this.isShut) {
      this.unread = undefined;
      this.receive(unread);
    }
    // What was read may have shut it again.
    if (this.isShut) return;
    this.webSocket.resume();
    this.heartbeat.listen();
  }
}
