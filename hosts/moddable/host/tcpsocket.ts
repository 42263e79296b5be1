import type TCP from "embedded:io/socket/tcp";
import Timer from "timer";

import type { ConnectHandlers, Socket, SocketHandlers } from "../../contract.js";
import { logError } from "./guard.js";
import { pollsSockets } from "./native.js";
import { describeLoss, NetworkError } from "./networkerror.js";

/** What is used of an ECMA-419 TCP instance, and of any class of the same pattern. */
export interface TcpStream {
  read(): unknown;
  write(bytes: Uint8Array): unknown;
  close(): void;
}

/**
 * Bytes of a paused socket that are taken from a polling TCP (see {@link TcpSocket.readable}). 64 KiB is about a
 * second of what the Linux simulator can receive.
 */
const maxHeldBytes = 65_536;

/**
 * From the peer's FIN to the end of the connection, in milliseconds. Who answers what came before it may need promises:
 * each step of one takes a turn on XS. The TCP of the simulator notices a FIN 20 ms behind the bytes anyway.
 */
const answerMs = 20;

/** The read buffer of a polling TCP in bytes; a full one stops its polling for more. */
const pollBufferBytes = 1_536;

const ignoringHandlers: SocketHandlers = {
  data() {},
  drain() {},
  close() {},
};

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
  /** Received while paused, and not yet delivered. */
  #held: Uint8Array[] | undefined;
  #heldBytes = 0;
  #isPaused = false;
  #isEnding = false;
  #isClosed = false;
  /** The end of the connection was noticed, and is told after what is held, not before `resume()`. */
  #isLost = false;
  /** What is to be told with it. */
  #lossError: Error | undefined;
  #timer: Timer | undefined;

  constructor(connecting?: ConnectHandlers) {
    this.handlers = connecting ?? ignoringHandlers;
    this.#connecting = connecting;
  }

  get bufferedAmount(): number {
    return this.#bufferedAmount;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Gives the socket its TCP, whose callbacks are {@link tcpCallbacks} and whose target is this socket. */
  attach(tcp: TcpStream): void {
    this.#tcp = tcp;
  }

  write(bytes: Uint8Array): boolean {
    if (this.#isClosed || this.#isEnding) return false;
    let rest: Uint8Array | undefined = bytes;
    if (this.#waiting.length === 0 && this.#writable > 0) rest = this.#pass(bytes);
    if (rest === undefined || rest.byteLength === 0) return !this.isClosed && this.#waiting.length === 0;
    this.#waiting.push(rest);
    this.#bufferedAmount += rest.byteLength;
    return false;
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    // There is no second onReadable for bytes that the TCP has already announced.
    this.#later(() => {
      this.readable(0);
    });
  }

  end(): void {
    if (this.#isClosed || this.#isEnding) return;
    this.#isEnding = true;
    this.#held = undefined;
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
  fail(error?: Error): void {
    if (this.#isClosed) return;
    this.#release();
    this.#timer = Timer.set(() => {
      this.#timer = undefined;
      this.#tellClose(error);
    }, 0);
  }

  /** The TCP takes `count` bytes; its first word says that the connection stands. */
  writable(count: number): void {
    if (this.#isClosed) return;
    this.#writable = count;
    this.#tellOpen();
    this.#flush();
  }

  /**
   * The TCP has bytes. While the socket is paused they stay there, which is what slows the peer down. Not so on Linux:
   * its TCP never reports a FIN that it meets behind unread bytes, so they are taken and held here, up to a limit, until
   * a full read buffer shows that the peer has more to say. What remains: a peer that sends less than a buffer and then
   * its FIN after the limit was reached. Such a connection ends by a ping's deadline.
   *
   * @param count how many bytes the TCP has, 0 where that is not known
   */
  readable(count: number): void {
    this.#tellOpen();
    if (this.#isClosed) return;
    if (this.#isPaused) {
      if (count < pollBufferBytes) this.#hold();
      return;
    }
    this.#deliverHeld();
    this.#deliverNew();
    if (this.#isLost && this.#held === undefined) this.lost();
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
    if (this.#isHeldBack) return;
    const isFin = lossError === undefined && this.#connecting === undefined;
    if (isFin && !pollsSockets()) this.#later(() => this.#endLost(), answerMs);
    else this.#endLost();
  }

  /** Ends the connection after an exception where no caller of the library is there to catch it. */
  crash(error: unknown): void {
    logError("handler of a socket", error);
    this.fail(new NetworkError("EHOSTERROR", "a handler of the socket has thrown", error));
  }

  get #isHeldBack(): boolean {
    return this.#held !== undefined || this.#isPaused;
  }

  #endLost(): void {
    // Where it was paused since, resume() comes back to it.
    if (this.#isClosed || this.#isHeldBack) return;
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
    this.#tellClose(error);
  }

  /** The first word of the TCP, whatever it is about, says that the connection stands. */
  #tellOpen(): void {
    const connecting = this.#connecting;
    this.#connecting = undefined;
    connecting?.open();
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
    this.fail(new NetworkError("ECONNRESET", "the connection was lost while sending", cause));
    return undefined;
  }

  #flush(): void {
    const waiting = this.#waiting;
    if (waiting.length > 0) {
      this.#passWaiting(waiting);
      if (this.#isClosed || waiting.length > 0) return;
      if (!this.#isEnding) this.handlers.drain();
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

  #deliverHeld(): void {
    const held = this.#held;
    if (held === undefined) return;
    this.#held = undefined;
    this.#heldBytes = 0;
    for (const bytes of held) this.#deliver(bytes);
  }

  #deliverNew(): void {
    if (this.#isPaused) return;
    const bytes = this.#read();
    if (bytes !== undefined) this.#deliver(bytes);
  }

  #deliver(bytes: Uint8Array): void {
    if (this.#isClosed || this.#isEnding) return;
    if (this.#isPaused) this.#keep(bytes);
    else this.handlers.data(bytes);
  }

  #hold(): void {
    if (!pollsSockets() || this.#heldBytes >= maxHeldBytes) return;
    const bytes = this.#read();
    if (bytes !== undefined) this.#keep(bytes);
  }

  #keep(bytes: Uint8Array): void {
    (this.#held ??= []).push(bytes);
    this.#heldBytes += bytes.byteLength;
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

  #tellClose(error: Error | undefined): void {
    try {
      this.handlers.close(error);
    } catch (thrown) {
      logError("close handler of a socket", thrown);
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
    this.#held = undefined;
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
export const tcpCallbacks = {
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
};
