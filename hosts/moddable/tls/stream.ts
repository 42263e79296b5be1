import TCP from "embedded:io/socket/tcp";
import Timer from "timer";

import { monotonicTime, pollsSockets } from "../host/native.js";
import { asFailure, describeLoss, failure, type HostFailure } from "../host/failure.js";
import type { TcpSocket, TcpStream } from "../host/tcpsocket.js";
import { Status, type TlsEngine } from "./engine.js";
import { errorOf } from "./errors.js";

/** Bytes that are taken from a polling TCP while the socket is paused: it would not notice the peer's end otherwise. */
const maxInputBytes = 65_536;
/** What a record is longer than its data at most: head, initialization vector, digest and padding of AES-CBC. */
const recordOverheadBytes = 5 + 16 + 48 + 16;
/** How long the steps of a handshake may hold the program up before timers and other connections have their turn. */
const maxStepsMs = 20;

/** Who is behind a {@link TlsStream}. */
export interface TlsStreamOwner {
  /** Bytes came, and there is no engine yet: `start` gives it one. */
  engineWanted(): void;
  /** The engine has no authority for the peer's certificates. */
  authorityWanted(engine: TlsEngine): void;
  /** The handshake is over. */
  secured(engine: TlsEngine): void;
  /** A session can be kept, for a later connection. */
  sessionReceived(engine: TlsEngine): void;
  /** The stream is closed; its engine is freed. */
  streamClosed(): void;
  /** What is to be added to the message of an error about the peer's certificates. */
  readonly hint: string;
}

/** TLS over an ECMA-419 TCP, for a {@link TcpSocket} in the place of its TCP. */
export class TlsStream implements TcpStream {
  /** When bytes of the peer last came, on the clock of `monotonicTime`. */
  heardAt = monotonicTime();

  readonly #socket: TcpSocket;
  readonly #owner: TlsStreamOwner;
  #engine: TlsEngine | undefined;
  #tcp: TCP | undefined;
  /** Bytes that the TCP takes now. */
  #writable = 0;
  /** Received, and from #at on not processed yet. */
  #input: ArrayBuffer[] = [];
  #inputBytes = 0;
  #at = 0;
  /** Of the engine's output, what the TCP had no memory for. */
  #unsent: ArrayBuffer | undefined;
  #isConnected = false;
  #isSecured = false;
  /** The engine has output that the TCP has not taken, and reads no more before that. */
  #isFull = false;
  /** The peer has said that no more follows. */
  #hasEnded = false;
  /** The TCP has ended, which is told after what it has brought, and why where that is known. */
  #isLost = false;
  #lossError: HostFailure | undefined;
  #timer: Timer | undefined;

  /** @param options those of the SDK's TCP: `address` and `port`, or `from` */
  constructor(socket: TcpSocket, options: object, owner: TlsStreamOwner) {
    this.#socket = socket;
    this.#owner = owner;
    // The SDK declares the options of connections that it opens only.
    const all: object = { ...options, nodelay: true, target: this, ...callbacks };
    this.#tcp = new TCP(all as ConstructorParameters<typeof TCP>[0]);
  }

  get peer(): TcpSocket {
    return this.#socket;
  }

  /** Begins the handshake. What has come so far is processed in a turn of its own. */
  start(engine: TlsEngine): void {
    this.#engine = engine;
    if (this.#isConnected) this.#takeLater();
  }

  /** The socket takes data again, which it is told of: see {@link TcpStream}. */
  read(): undefined {
    if (this.#isSecured) this.#continue();
  }

  /** Takes all bytes, and gives how many more it would take. */
  write(bytes: Uint8Array): number {
    const engine = this.#engine;
    if (engine === undefined) return 0;
    for (let at = 0; at < bytes.byteLength;) {
      const count = engine.write(bytes, at);
      if (count === 0) throw errorOf(engine, this.#owner.hint);
      at += count;
      this.#flush(engine);
    }
    return this.#room(engine);
  }

  close(): void {
    const engine = this.#engine;
    const tcp = this.#tcp;
    if (tcp === undefined) return;
    // RFC 8446, 6.1: "Each party MUST send a close_notify alert before closing its write side", the one that is told so, too.
    if (engine !== undefined && (!this.#isLost || this.#hasEnded)) {
      engine.end();
      this.#tryFlush(engine);
    }
    this.#engine = undefined;
    this.#tcp = undefined;
    this.#input = [];
    Timer.clear(this.#timer);
    this.#timer = undefined;
    engine?.free();
    tcp.close();
    this.#owner.streamClosed();
  }

  /** The TCP takes `count` bytes; at first this tells that it is connected. */
  writable(count: number): void {
    if (this.#tcp === undefined) return;
    this.#writable = count;
    const engine = this.#engine;
    if (!this.#isConnected) {
      this.#isConnected = true;
      if (engine !== undefined) this.#take();
    } else if (engine !== undefined) this.#flushed(engine);
  }

  /** The TCP has bytes. They stay there while the socket does not read, which slows the peer down. */
  readable(): void {
    if (this.#tcp === undefined) return;
    this.heardAt = monotonicTime();
    if (this.#engine === undefined) {
      // A polling TCP notices the peer's end only where nothing is unread.
      if (pollsSockets() && this.#inputBytes === 0) this.#receive();
      this.#owner.engineWanted();
      return;
    }
    const isHeld = this.#isHeldBack || this.#isFull;
    if (isHeld && (!pollsSockets() || this.#inputBytes >= maxInputBytes)) return;
    this.#receive();
    this.#take();
  }

  lost(error?: HostFailure): void {
    if (this.#tcp === undefined) return;
    this.#isLost = true;
    this.#lossError = error;
    // Nor before what is still to be taken, see #takeLater.
    if (!this.#isHeldBack && this.#timer === undefined) this.#tellLost();
  }

  /** Ends the connection for an error in its processing. */
  fail(thrown: unknown): void {
    const engine = this.#engine;
    if (this.#tcp === undefined) return;
    // The peer is told by the alert that the engine has written.
    if (engine !== undefined) this.#tryFlush(engine);
    this.#isLost = true;
    this.#socket.fail(asFailure(thrown, "ETLSFAILED"));
  }

  /** The socket takes no data now. The handshake goes on nevertheless. */
  get #isHeldBack(): boolean {
    return this.#isSecured && this.#socket.isHeldBack;
  }

  #tellLost(): void {
    if (!this.#isConnected || this.#lossError !== undefined) this.#socket.lost(this.#lossError);
    else if (!this.#isSecured) {
      this.#socket.fail(failure("ECONNRESET", "the peer has ended the connection during the TLS handshake"));
    } else if (this.#hasEnded) this.#socket.lost();
    else {
      // RFC 8446, 6.1: else "a truncation attack" would look like the end.
      const message = "the connection has ended without close_notify: what the peer has sent may be cut off";
      this.#socket.lost(failure("ECONNRESET", message));
    }
  }

  #receive(): void {
    const buffer: unknown = this.#tcp?.read();
    if (!(buffer instanceof ArrayBuffer) || buffer.byteLength === 0) return;
    this.#input.push(buffer);
    this.#inputBytes += buffer.byteLength;
  }

  /** Processes what was received, until the socket does not take it, or there is no more. */
  #take(): void {
    const began = monotonicTime();
    while (!this.#isHeldBack && this.#engine !== undefined && this.#step(this.#engine)) {
      if (this.#isSecured || monotonicTime() - began < maxStepsMs) continue;
      this.#takeLater();
      return;
    }
    const isOver = this.#isLost && !this.#isHeldBack && this.#timer === undefined;
    if (isOver && this.#tcp !== undefined) this.#tellLost();
  }

  /** @returns whether there may be more to do at once */
  #step(engine: TlsEngine): boolean {
    const input = this.#input[0] ?? nothing;
    const result = engine.process(input, this.#at);
    this.#at += result >> 3;
    if (this.#at > 0 && this.#at === input.byteLength) {
      this.#input.shift();
      this.#inputBytes -= this.#at;
      this.#at = 0;
    }
    this.#flush(engine);
    switch (result & 7) {
      case Status.Starved:
        return this.#input.length > 0;
      case Status.Continue:
        if (this.#isSecured && engine.hasSession) this.#owner.sessionReceived(engine);
        return true;
      case Status.Secured:
        this.#secured(engine);
        return true;
      case Status.Data:
        return this.#deliver(engine);
      case Status.Ended:
        this.#hasEnded = this.#isLost = true;
        return false;
      case Status.Full:
        this.#isFull = this.#writable === 0;
        return !this.#isFull;
      case Status.AuthorityWanted:
        this.#owner.authorityWanted(engine);
        return true;
      default:
        throw errorOf(engine, this.#owner.hint);
    }
  }

  #secured(engine: TlsEngine): void {
    this.#isSecured = true;
    this.#owner.secured(engine);
    if (this.#engine === undefined) return;
    if (engine.hasSession) this.#owner.sessionReceived(engine);
    this.#tellRoom(engine);
  }

  #deliver(engine: TlsEngine): boolean {
    const data = engine.read();
    if (data === undefined) throw errorOf(engine, this.#owner.hint);
    this.#socket.received(new Uint8Array(data));
    return true;
  }

  #takeLater(): void {
    this.#timer ??= Timer.set(() => {
      this.#timer = undefined;
      this.#continue();
    }, 0);
  }

  #continue(): void {
    guarded(this, () => {
      // There is no second onReadable for bytes that the TCP has already announced.
      if (!this.#isFull) this.#receive();
      this.#take();
    });
  }

  /** The TCP has room again. */
  #flushed(engine: TlsEngine): void {
    this.#flush(engine);
    if (this.#isFull && this.#writable > 0) {
      this.#isFull = false;
      this.#receive();
      this.#take();
    }
    if (this.#engine !== undefined && this.#isSecured) this.#tellRoom(engine);
  }

  #tryFlush(engine: TlsEngine): void {
    try {
      this.#flush(engine);
    } catch {
      // The connection ends anyway.
    }
  }

  #flush(engine: TlsEngine): void {
    while (this.#writable > 0) {
      const bytes = this.#unsent ?? engine.take(this.#writable);
      if (bytes === undefined) return;
      this.#unsent = bytes.byteLength > this.#writable ? bytes.slice(this.#writable) : undefined;
      this.#send(this.#unsent === undefined ? bytes : bytes.slice(0, this.#writable));
    }
  }

  #send(bytes: ArrayBuffer): void {
    try {
      const remaining: unknown = this.#tcp?.write(bytes);
      if (typeof remaining !== "number") throw failure("ECONNRESET", "the connection was lost while sending");
      this.#writable = remaining;
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      // lwIP had no memory for the bytes, and tells by onWritable when to try again.
      this.#unsent = this.#unsent === undefined ? bytes : joined(bytes, this.#unsent);
      this.#writable = 0;
    }
  }

  #tellRoom(engine: TlsEngine): void {
    const room = this.#room(engine);
    if (room > 0) this.#socket.writable(room);
  }

  /** How many bytes of data fit what the TCP takes, in records. */
  #room(engine: TlsEngine): number {
    if (this.#writable === 0) return 0;
    const recordBytes = engine.maxRecordBytes + recordOverheadBytes;
    return Math.max(0, this.#writable - Math.ceil(this.#writable / recordBytes) * recordOverheadBytes);
  }
}

const nothing = new ArrayBuffer(0);

function joined(one: ArrayBuffer, other: ArrayBuffer): ArrayBuffer {
  const all = new Uint8Array(one.byteLength + other.byteLength);
  all.set(new Uint8Array(one));
  all.set(new Uint8Array(other), one.byteLength);
  return all.buffer;
}

/** An SDK instance carries the `target` of its options. */
interface Targeted {
  readonly target: TlsStream;
}

function guarded(stream: TlsStream, task: () => void): void {
  try {
    task();
  } catch (error) {
    stream.fail(error);
  }
}

/** The callbacks of every TCP below TLS: see tcpCallbacks. */
const callbacks = Object.freeze({
  onReadable(this: TCP): void {
    const { target } = this as TCP & Targeted;
    guarded(target, () => {
      target.readable();
    });
  },
  onWritable(this: TCP, count: number): void {
    const { target } = this as TCP & Targeted;
    guarded(target, () => {
      target.writable(count);
    });
  },
  onError(this: TCP, code?: unknown): void {
    const { target } = this as TCP & Targeted;
    guarded(target, () => {
      target.lost(typeof code === "string" ? describeLoss(code, target.peer) : undefined);
    });
  },
});
