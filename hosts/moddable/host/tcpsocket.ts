import type TCP from "embedded:io/socket/tcp";
import Timer from "timer";

import type { ConnectHandlers, NetworkFailure, Socket, SocketHandlers, WriteResult } from "../../contract.js";
import { log } from "./log.js";
import { pollsSockets } from "./native.js";
import { describeLoss, failure } from "./failure.js";

/** What is used of an ECMA-419 TCP instance, and of any class of the same pattern. */
export interface TcpStream {
  /** Gives bytes. TLS gives none, and calls {@link TcpSocket.received} for each record. */
  read(): unknown;
  write(bytes: Uint8Array): unknown;
  close(): void;
}

/**
 * Unread bytes of a paused socket up to which more are taken from a polling TCP (see {@link TcpSocket.readable}). 64 KiB
 * is about a second of what the Linux simulator can receive.
 */
const maxUnreadBytes = 65_536;

/**
 * From the peer's FIN to the end of the connection, in milliseconds. Who answers what came before it may need promises:
 * each step of one takes a turn on XS. The TCP of the simulator notices a FIN 20 ms behind the bytes anyway.
 */
const answerMs = 20;

/** The read buffer of a polling TCP in bytes; a full one stops its polling for more. */
const pollBufferBytes = 1_536;

const ignoringHandlers: SocketHandlers = Object.freeze({
  received() {},
  drained() {},
  closed() {},
});

/** One connection over an ECMA-419 TCP instance. */
export class TcpSocket implements Socket {
  handlers: SocketHandlers;
  remoteAddress = "";
  remotePort = 0;
  declare peerCertificate?: Uint8Array;

  #tcp: TcpStream | undefined;
  /** Told once of the connection's success, then dropped; undefined for an accepted socket. */
  #connecting: ConnectHandlers | undefined;
  /** Bytes that the TCP takes now; 0 until its first onWritable, since it refuses every write before. */
  #writable = 0;
  /** Written, and not yet passed to the TCP. */
  #waiting: Uint8Array[] = [];
  #bufferedAmount = 0;
  /** Received, and not delivered yet or given back: the one place where received bytes wait. */
  #unread: Uint8Array[] | undefined;
  #unreadBytes = 0;
  #isPaused = false;
  #isEnding = false;
  #isClosed = false;
  /** The end of the connection was noticed, and is told after what is unread, not before `resume()`. */
  #isLost = false;
  /** What is to be told with it. */
  #lossError: NetworkFailure | undefined;
  #timer: Timer | undefined;

  constructor(connecting?: ConnectHandlers) {
    this.handlers = connecting ?? ignoringHandlers;
    this.#connecting = connecting;
  }

  get bufferedAmount(): number {
    return this.#bufferedAmount;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Whether bytes that come now have to wait. */
  get isHeldBack(): boolean {
    return this.#unread !== undefined || this.#isPaused;
  }

  /** Gives the socket its TCP, whose callbacks are {@link tcpCallbacks} and whose target is this socket. */
  attach(tcp: TcpStream): void {
    this.#tcp = tcp;
  }

  write(bytes: Uint8Array): WriteResult {
    if (this.#isClosed || this.#isEnding) return "over";
    let rest: Uint8Array | undefined = bytes;
    if (this.#waiting.length === 0 && this.#writable > 0) rest = this.#pass(bytes);
    if (rest !== undefined && rest.byteLength > 0) {
      this.#waiting.push(rest);
      this.#bufferedAmount += rest.byteLength;
    }
    if (this.isClosed) return "over";
    return this.#waiting.length === 0 ? "taken" : "full";
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    // There is no second onReadable for bytes that the TCP has already announced.
    this.#continueLater();
  }

  unread(bytes: Uint8Array): void {
    if (bytes.byteLength === 0 || this.#isClosed || this.#isEnding) return;
    (this.#unread ??= []).unshift(bytes);
    this.#unreadBytes += bytes.byteLength;
    if (!this.#isPaused) this.#continueLater();
  }

  end(): void {
    if (this.#isClosed || this.#isEnding) return;
    this.#isEnding = true;
    this.#unread = undefined;
    if (this.#waiting.length === 0 && this.#connecting === undefined) this.fail();
    // A peer that waits for room to send would never read what is still to be flushed: its bytes are read and dropped.
    else this.resume();
  }

  destroy(): void {
    this.#release();
  }

  /**
   * Ends the connection and tells it soon. Whoever calls this may be called by the owner of the socket, and no handler
   * is to be called from within the owner's own call.
   */
  fail(error?: NetworkFailure): void {
    if (this.#isClosed) return;
    this.#release();
    this.#timer = Timer.set(() => {
      this.#timer = undefined;
      this.#tellClosed(error);
    }, 0);
  }

  /** The TCP takes `count` bytes; its first word says that the connection stands. */
  writable(count: number): void {
    if (this.#isClosed) return;
    this.#writable = count;
    this.#tellOpened();
    this.#flush();
  }

  /**
   * The TCP has bytes. While the socket is paused they stay there, which is what slows the peer down. Not so on Linux:
   * its TCP never reports a FIN that it meets behind unread bytes, so they are taken and kept here, up to a limit, until
   * a full read buffer shows that the peer has more to say. What remains: a peer that sends less than a buffer and then
   * its FIN after the limit was reached. Such a connection ends by a ping's deadline.
   *
   * @param count how many bytes the TCP has, 0 where that is not known
   */
  readable(count: number): void {
    this.#tellOpened();
    if (this.#isClosed) return;
    if (this.#isPaused) {
      if (count < pollBufferBytes) this.#takeOver();
      return;
    }
    this.#continue();
  }

  /** Bytes came: they are delivered, or wait behind those that do. */
  received(bytes: Uint8Array): void {
    this.#tellOpened();
    if (this.#isClosed || this.#isEnding) return;
    if (this.isHeldBack) this.#keep(bytes);
    else this.handlers.received(bytes);
  }

  /**
   * The TCP's connection is over: by FIN, by RST or by a failure to connect.
   *
   * @param lossError why that is no good end, where it is known
   */
  lost(lossError = this.#lossError): void {
    if (this.#isClosed) return;
    this.#isLost = true;
    this.#lossError = lossError;
    if (this.isHeldBack) return;
    const isFin = lossError === undefined && this.#connecting === undefined;
    if (isFin && !pollsSockets()) this.#later(() => this.#endLost(), answerMs);
    else this.#endLost();
  }

  /** Ends the connection after an exception where no caller of the library is there to catch it. */
  crash(error: unknown): void {
    log("A handler of a socket threw.", error);
    this.fail(failure("EHOSTERROR", "a handler of the socket has thrown", error));
  }

  #endLost(): void {
    // Where it was paused since, resume() comes back to it.
    if (this.#isClosed || this.#isPaused) return;
    if (this.#unread !== undefined) {
      this.#continue();
      return;
    }
    if (
      this.#waiting.length > 0 &&
      this.#lossError === undefined &&
      this.#connecting === undefined &&
      !pollsSockets()
    ) {
      // After FIN the peer still reads: what was written is sent. The simulator's TCP does nothing any more.
      this.#isEnding = true;
      return;
    }
    const isRefused = this.#lossError === undefined && this.#connecting !== undefined;
    const error = isRefused ? describeLoss("ECONNREFUSED", this) : this.#lossError;
    this.#release();
    this.#tellClosed(error);
  }

  /** The first word of the TCP, whatever it is about, says that the connection stands. */
  #tellOpened(): void {
    const connecting = this.#connecting;
    this.#connecting = undefined;
    connecting?.opened();
  }

  /** Passes bytes to the TCP, as many as it takes, and gives the rest. */
  #pass(bytes: Uint8Array): Uint8Array | undefined {
    const count = Math.min(bytes.byteLength, this.#writable);
    const remaining = this.#writeToTcp(count === bytes.byteLength ? bytes : bytes.subarray(0, count));
    if (remaining === undefined) return undefined;
    this.#writable = Math.max(remaining, 0);
    if (remaining < 0) return bytes;
    return count === bytes.byteLength ? undefined : bytes.subarray(count);
  }

  /**
   * Gives the new writable count; -1 where the TCP had no memory for the bytes, and tells by onWritable when to try again.
   * A TCP that cannot send gives none, and on Linux never calls onError for it.
   */
  #writeToTcp(bytes: Uint8Array): number | undefined {
    let cause: unknown;
    try {
      const remaining: unknown = this.#tcp?.write(bytes);
      if (typeof remaining === "number") return remaining;
    } catch (error) {
      if (error instanceof RangeError) return -1;
      cause = error;
    }
    this.fail(failure("ECONNRESET", "the connection was lost while sending", cause));
    return undefined;
  }

  #flush(): void {
    const waiting = this.#waiting;
    if (waiting.length > 0) {
      this.#passWaiting(waiting);
      if (this.#isClosed || waiting.length > 0) return;
      if (!this.#isEnding) this.handlers.drained();
    }
    // A handler may have written more before it has ended the socket.
    if (this.#isEnding && waiting.length === 0) this.fail();
  }

  #passWaiting(waiting: Uint8Array[]): void {
    let passed = 0;
    for (let bytes = waiting[0]; bytes !== undefined && this.#writable > 0; bytes = waiting[passed]) {
      const rest = this.#pass(bytes);
      if (this.#isClosed) return;
      this.#bufferedAmount -= bytes.byteLength - (rest?.byteLength ?? 0);
      if (rest === undefined) passed += 1;
      else waiting[passed] = rest;
    }
    waiting.splice(0, passed);
  }

  /** The SDK's TCP gives an ArrayBuffer, TLS the part of one that is data. */
  #read(): Uint8Array | undefined {
    const buffer: unknown = this.#tcp?.read();
    if (buffer instanceof Uint8Array) return buffer;
    return buffer instanceof ArrayBuffer ? new Uint8Array(buffer) : undefined;
  }

  /** Delivers what is unread, then what the TCP has, then the end: as far as the socket is not paused. */
  #continue(): void {
    this.#deliverUnread();
    if (this.isHeldBack || this.#isClosed) return;
    const bytes = this.#read();
    if (bytes !== undefined) this.received(bytes);
    if (this.#isLost) this.lost();
  }

  /** Delivers what is unread, until the socket is paused or some of it is given back. */
  #deliverUnread(): void {
    const unread = this.#unread ?? [];
    this.#unread = undefined;
    this.#unreadBytes = 0;
    for (const bytes of unread) this.received(bytes);
  }

  #takeOver(): void {
    if (!pollsSockets() || this.#unreadBytes >= maxUnreadBytes) return;
    const bytes = this.#read();
    if (bytes !== undefined) this.#keep(bytes);
  }

  #keep(bytes: Uint8Array): void {
    (this.#unread ??= []).push(bytes);
    this.#unreadBytes += bytes.byteLength;
  }

  #continueLater(): void {
    this.#later(() => {
      if (!this.#isPaused) this.#continue();
    });
  }

  #later(task: () => void, delayMs = 0): void {
    if (this.#timer !== undefined) return;
    this.#timer = Timer.set(() => {
      this.#timer = undefined;
      try {
        task();
      } catch (error) {
        this.crash(error);
      }
    }, delayMs);
  }

  #tellClosed(error: NetworkFailure | undefined): void {
    try {
      this.handlers.closed(error);
    } catch (thrown) {
      log("The closed handler of a socket threw.", thrown);
    }
  }

  #release(): void {
    this.#isClosed = true;
    Timer.clear(this.#timer);
    this.#timer = undefined;
    const tcp = this.#tcp;
    this.#tcp = undefined;
    this.#connecting = undefined;
    this.#waiting = [];
    this.#bufferedAmount = 0;
    this.#unread = undefined;
    tcp?.close();
  }
}

/** An SDK instance carries the `target` of its options. */
interface Targeted {
  readonly target: TcpSocket;
}

/**
 * The callbacks of every TCP, with the socket as `target`. They are of the module, not of a socket: on Linux a TCP
 * calls them once more after close(), when nothing else of the socket need be alive.
 */
export const tcpCallbacks = Object.freeze({
  onReadable(this: TCP, count: number): void {
    const { target } = this as TCP & Targeted;
    try {
      target.readable(count);
    } catch (error) {
      target.crash(error);
    }
  },
  onWritable(this: TCP, count: number): void {
    const { target } = this as TCP & Targeted;
    try {
      target.writable(count);
    } catch (error) {
      target.crash(error);
    }
  },
  onError(this: TCP, code?: unknown): void {
    const { target } = this as TCP & Targeted;
    target.lost(typeof code === "string" ? describeLoss(code, target) : undefined);
  },
});
