import type { Socket as NetSocket } from "node:net";

import type { ConnectHandlers, Socket, SocketHandlers } from "../contract.js";
import { toNetworkError } from "./networkerror.js";

/** Until the owner of an accepted socket has given its own. */
const ignoringHandlers: SocketHandlers = { data() {}, drain() {}, close() {} };

/** Bytes that are handed to Node.js at a time: it tells only when all of a write has left, and so hides its progress. */
const PIECE_BYTES = 131_072;

let unnamedCount = 0;

/** One connection over a socket of node:net or node:tls. */
export class NodeSocket implements Socket {
  handlers: SocketHandlers;
  remoteAddress: string;
  remotePort: number;
  declare peerCertificate?: Uint8Array;
  private error: Error | undefined;
  private isWaiting = false;
  /** Written, and not yet handed to Node.js. */
  private pieces: Uint8Array[] = [];
  private pieceBytes = 0;
  /** End when all pieces are handed on. */
  private isEnding = false;
  private isPaused = false;
  /** The peer's FIN came while the socket was paused. */
  private isEndHeld = false;
  private readonly socket: NetSocket;

  constructor(socket: NetSocket, handlers: SocketHandlers = ignoringHandlers) {
    this.socket = socket;
    this.handlers = handlers;
    this.remoteAddress = addressOf(socket);
    // The peers of a Unix socket have no addresses: a number tells them apart.
    this.remotePort = socket.remotePort ?? ++unnamedCount;
    socket.setNoDelay(true);
    socket.on("data", (bytes: Buffer) => {
      // Not the Buffer itself: its slice() makes a view of the chunk, where that of a Uint8Array makes a copy.
      this.handlers.data(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    });
    // Even a paused socket tells its end, behind which nothing could be answered. One of node:http stays half open.
    socket.on("end", () => {
      if (this.isPaused) this.isEndHeld = true;
      else this.endWriting();
    });
    socket.on("error", (error) => (this.error = toNetworkError(error)));
    socket.on("close", () => {
      this.pieces = [];
      this.pieceBytes = 0;
      this.handlers.close(this.error);
    });
  }

  get bufferedAmount(): number {
    return this.socket.writableLength + this.pieceBytes;
  }

  write(bytes: Uint8Array): boolean {
    if (!this.socket.writable || this.isEnding) return false;
    if (this.pieceBytes === 0 && bytes.length <= PIECE_BYTES) this.socket.write(bytes, this.written);
    else this.writePieces(bytes);
    this.isWaiting = this.bufferedAmount > 0;
    return !this.isWaiting;
  }

  pause(): void {
    this.isPaused = true;
    this.socket.pause();
  }

  resume(): void {
    this.isPaused = false;
    this.socket.resume();
    // In a turn of its own: whoever resumes may still have to answer what has come before the end.
    if (this.isEndHeld) setImmediate(this.tellHeldEnd);
  }

  end(): void {
    this.endWriting();
    this.socket.resume();
  }

  destroy(): void {
    this.handlers = ignoringHandlers;
    this.pieces = [];
    this.pieceBytes = 0;
    this.socket.destroy();
  }

  /** The name was resolved and the peer has answered. */
  opened(handlers: ConnectHandlers): void {
    this.remoteAddress = addressOf(this.socket);
    this.remotePort = this.socket.remotePort ?? 0;
    if (this.handlers === handlers) handlers.open();
  }

  /** Gives an accepted socket the handlers of its owner, undefined where there is none. */
  accepted(handlers: SocketHandlers | undefined): void {
    if (handlers === undefined) this.destroy();
    else if (this.handlers === ignoringHandlers) this.handlers = handlers;
  }

  private readonly tellHeldEnd = (): void => {
    if (!this.isPaused) this.endWriting();
  };

  private endWriting(): void {
    this.isEnding = this.pieceBytes > 0;
    if (!this.isEnding) this.socket.end();
  }

  private writePieces(bytes: Uint8Array): void {
    for (let start = 0; start < bytes.length; start += PIECE_BYTES)
      this.pieces.push(bytes.subarray(start, start + PIECE_BYTES));
    this.pieceBytes += bytes.length;
    this.passPiece();
  }

  /** Hands the next piece to Node.js, once it has passed on all that it had. */
  private passPiece(): void {
    if (this.socket.writableLength > 0) return;
    const piece = this.pieces.shift();
    if (piece === undefined) return;
    this.pieceBytes -= piece.length;
    this.socket.write(piece, this.written);
  }

  private readonly written = (): void => {
    if (this.socket.destroyed) return;
    this.passPiece();
    if (this.isEnding && this.pieceBytes === 0) this.endWriting();
    if (!this.isWaiting || this.bufferedAmount > 0) return;
    this.isWaiting = false;
    this.handlers.drain();
  };
}

/** A socket that listens for IPv6 and IPv4 names IPv4 peers by mapped addresses (RFC 4291, 2.5.5.2). */
function addressOf(socket: NetSocket): string {
  return (socket.remoteAddress ?? "").replace(/^::ffff:(?=\d+\.)/, "");
}
