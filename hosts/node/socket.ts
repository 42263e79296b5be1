import type { Socket as NetSocket } from "node:net";

import type { ConnectHandlers, NetworkFailure, Socket, SocketHandlers, WriteResult } from "../contract.js";
import { toFailure } from "./failure.js";

/** Until the owner of an accepted socket has given its own. */
const ignoringHandlers: SocketHandlers = { received() {}, drained() {}, closed() {} };

/** Bytes that are handed to Node.js at a time: it tells only when all of a write has left, and so hides its progress. */
const PIECE_BYTES = 131_072;

/**
 * Bytes that are collected at most: what is written in one turn of the event loop leaves in one call of the system, as far as
 * that. They count as taken, as those in the system's own buffer do: by so many bytes a queue may be beyond its limit.
 */
const COLLECTED_BYTES = 16_384;

/** Sockets that collect until the end of the turn. */
let collecting: NodeSocket[] = [];

function passCollected(): void {
  const sockets = collecting;
  collecting = [];
  for (const socket of sockets) socket.passCollected();
}

let unnamedCount = 0;

/** Whose a socket of Node.js is: its listeners are the same for all, since closures would take memory of each. */
const OWNER = Symbol("owner");

interface OwnedSocket extends NetSocket {
  [OWNER]: NodeSocket;
}

function ownerOf(socket: NetSocket): NodeSocket {
  return (socket as OwnedSocket)[OWNER];
}

function dataCame(this: NetSocket, bytes: Buffer): void {
  ownerOf(this).dataCame(bytes);
}

function endCame(this: NetSocket): void {
  ownerOf(this).endCame();
}

function errorCame(this: NetSocket, error: Error): void {
  ownerOf(this).errorCame(error);
}

function closeCame(this: NetSocket): void {
  ownerOf(this).closeCame();
}

/** One connection over a socket of node:net or node:tls. */
export class NodeSocket implements Socket {
  handlers: SocketHandlers;
  remoteAddress: string;
  remotePort: number;
  isPaused = false;
  declare peerCertificate?: Uint8Array;
  private error: NetworkFailure | undefined;
  private isWaiting = false;
  /** Written, and not yet handed to Node.js. */
  private pieces: Uint8Array[] | undefined = undefined;
  private pieceBytes = 0;
  /** End when all pieces are handed on. */
  private isEnding = false;
  /** Written in this turn, and handed to Node.js at its end. */
  private collected: Uint8Array[] | undefined = undefined;
  private collectedBytes = 0;
  /** Bytes are being delivered: what they lead to is passed on behind that. */
  private isReceiving = false;
  /** Given back by the owner. While there are any, Node's socket is paused. */
  private unreadBytes: Uint8Array[] | undefined = undefined;
  private turn: NodeJS.Immediate | undefined;
  /** The peer's FIN came while the socket was paused, or had bytes unread. */
  private isEndHeld = false;
  /** The connection is over, which is told behind the bytes that are unread. */
  private isCloseHeld = false;
  /** Nothing is delivered any more, or it does not matter. */
  private isOver = false;
  private readonly socket: NetSocket;

  constructor(socket: NetSocket, handlers: SocketHandlers = ignoringHandlers) {
    this.socket = socket;
    this.handlers = handlers;
    this.remoteAddress = addressOf(socket);
    // The peers of a Unix socket have no addresses: a number tells them apart.
    this.remotePort = socket.remotePort ?? ++unnamedCount;
    socket.setNoDelay(true);
    (socket as OwnedSocket)[OWNER] = this;
    socket.on("data", dataCame).on("end", endCame).on("error", errorCame).on("close", closeCame);
  }

  get bufferedAmount(): number {
    return this.socket.writableLength + this.pieceBytes;
  }

  write(bytes: Uint8Array): WriteResult {
    if (!this.socket.writable || this.isEnding) return "over";
    // Before the connection stands the network has nothing.
    const isCollected = !this.socket.connecting && this.pieceBytes === 0 && bytes.length <= PIECE_BYTES;
    if (isCollected) this.collect(bytes);
    else this.writePieces(bytes);
    this.isWaiting = this.bufferedAmount > 0;
    return this.isWaiting ? "full" : "taken";
  }

  pause(): void {
    this.isPaused = true;
    this.socket.pause();
  }

  resume(): void {
    this.isPaused = false;
    // In a turn of its own, too: whoever resumes may still have to answer what has come before the end.
    if (this.unreadBytes !== undefined || this.isEndHeld || this.isCloseHeld) this.continueLater();
    else this.socket.resume();
  }

  unread(bytes: Uint8Array): void {
    if (bytes.length === 0 || this.isOver) return;
    this.unreadBytes = [bytes, ...(this.unreadBytes ?? [])];
    this.socket.pause();
    this.continueLater();
  }

  end(): void {
    this.isPaused = false;
    this.isOver = true;
    this.unreadBytes = undefined;
    this.endWriting();
    this.socket.resume();
  }

  destroy(): void {
    this.handlers = ignoringHandlers;
    this.passCollected();
    this.dropPieces();
    this.isOver = true;
    this.unreadBytes = undefined;
    if (this.turn !== undefined) clearImmediate(this.turn);
    this.socket.destroy();
  }

  /** The name was resolved and the peer has answered. */
  opened(handlers: ConnectHandlers): void {
    this.remoteAddress = addressOf(this.socket);
    this.remotePort = this.socket.remotePort ?? 0;
    if (this.handlers === handlers) handlers.opened();
  }

  /** Ends a socket that cannot be connected. */
  fail(failure: NetworkFailure): void {
    this.error = failure;
    this.socket.destroy();
  }

  /** Gives an accepted socket the handlers of its owner, undefined where there is none. */
  accepted(handlers: SocketHandlers | undefined): void {
    if (handlers === undefined) this.destroy();
    else if (this.handlers === ignoringHandlers) this.handlers = handlers;
  }

  /** Bytes came from the peer. */
  dataCame(bytes: Buffer): void {
    this.isReceiving = true;
    // Not the Buffer itself: its slice() makes a view of the chunk, where that of a Uint8Array makes a copy.
    this.handlers.received(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    this.isReceiving = false;
    this.passCollected();
  }

  /** Even a paused socket tells its end, behind which nothing could be answered. One of node:http stays half open. */
  endCame(): void {
    if (this.isPaused || this.unreadBytes !== undefined) this.isEndHeld = true;
    else this.endWriting();
  }

  errorCame(error: Error): void {
    this.error = toFailure(error);
  }

  /** The connection is over. */
  closeCame(): void {
    this.dropPieces();
    if (this.unreadBytes !== undefined) this.isCloseHeld = true;
    else this.tellClosed();
  }

  /** Hands what was collected to Node.js. */
  passCollected(): void {
    const { collected } = this;
    const first = collected?.[0];
    if (collected === undefined || first === undefined) return;
    this.socket.write(collected.length === 1 ? first : Buffer.concat(collected, this.collectedBytes), this.written);
    this.collected = undefined;
    this.collectedBytes = 0;
  }

  private collect(bytes: Uint8Array): void {
    if (this.collectedBytes + bytes.length > COLLECTED_BYTES) this.passCollected();
    if (bytes.length > COLLECTED_BYTES) return void this.socket.write(bytes, this.written);
    this.collectedBytes += bytes.length;
    if (this.collected !== undefined) return void this.collected.push(bytes);
    this.collected = [bytes];
    if (!this.isReceiving && collecting.push(this) === 1) process.nextTick(passCollected);
  }

  private continueLater(): void {
    this.turn ??= setImmediate(() => {
      this.turn = undefined;
      if (!this.isPaused) this.continue();
    });
  }

  /** Delivers what is unread, and in the next turn what follows it. */
  private continue(): void {
    const [first, ...others] = this.unreadBytes ?? [];
    if (first !== undefined) {
      this.unreadBytes = others.length > 0 ? others : undefined;
      this.handlers.received(first);
      if (!this.isPaused) this.continueLater();
    } else if (this.isCloseHeld) this.tellClosed();
    else if (this.isEndHeld) this.endWriting();
    else this.socket.resume();
  }

  private tellClosed(): void {
    this.isOver = true;
    this.handlers.closed(this.error);
  }

  private endWriting(): void {
    this.isEnding = this.pieceBytes > 0;
    if (this.isEnding || this.socket.writableEnded) return;
    this.passCollected();
    this.socket.end();
  }

  private dropPieces(): void {
    this.collected = undefined;
    this.collectedBytes = 0;
    this.pieces = undefined;
    this.pieceBytes = 0;
  }

  private writePieces(bytes: Uint8Array): void {
    const pieces = (this.pieces ??= []);
    for (let start = 0; start < bytes.length; start += PIECE_BYTES)
      pieces.push(bytes.subarray(start, start + PIECE_BYTES));
    this.pieceBytes += bytes.length;
    this.passPiece();
  }

  /** Hands the next piece to Node.js, once it has passed on all that it had. */
  private passPiece(): void {
    this.passCollected();
    if (this.socket.writableLength > 0) return;
    const piece = this.pieces?.shift();
    if (piece === undefined) return;
    this.pieceBytes -= piece.length;
    if (this.pieceBytes === 0) this.pieces = undefined;
    this.socket.write(piece, this.written);
  }

  private readonly written = (): void => {
    if (this.socket.destroyed) return;
    this.passPiece();
    if (this.isEnding && this.pieceBytes === 0) this.endWriting();
    if (!this.isWaiting || this.bufferedAmount > 0) return;
    this.isWaiting = false;
    this.handlers.drained();
  };
}

/** A socket that listens for IPv6 and IPv4 names IPv4 peers by mapped addresses (RFC 4291, 2.5.5.2). */
function addressOf(socket: NetSocket): string {
  const { remoteAddress = "" } = socket;
  const isMapped = remoteAddress.startsWith(MAPPED) && remoteAddress.includes(".");
  return isMapped ? remoteAddress.slice(MAPPED.length) : remoteAddress;
}

const MAPPED = "::ffff:";
