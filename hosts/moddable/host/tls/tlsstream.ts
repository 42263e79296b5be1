import TCP from "embedded:io/socket/tcp";
import RNG from "rng";
import alertProtocol from "ssl/alert";
import recordProtocol from "ssl/record";
import Session from "ssl/session";
import Timer from "timer";

import { fillRandom, pollsSockets } from "../native.js";
import { NetworkError } from "../networkerror.js";
import type { TcpSocket, TcpStream } from "../tcpsocket.js";
import { alertFor, toTlsError, versionError } from "./alert.js";
import type { Credentials } from "./credentials.js";
import { HandshakeGuard, RecordType } from "./handshakeguard.js";
import { Records } from "./records.js";

const tls12 = 0x303;
/** RFC 5246, 6.2.1: the most that one record carries. */
const maxFragmentBytes = 16_384;
/** What a record is longer than its data at most: head, initialization vector, digest and padding of AES-CBC. */
const recordOverheadBytes = 5 + 16 + 32 + 16;
/** Bytes of a paused socket that are taken from a polling TCP, which would not notice the peer's end otherwise. */
const maxHeldBytes = 65_536;
const warning = 1;
const fatal = 2;
const closeNotify = 0;
const seedBytes = 256;

/**
 * TLS over an ECMA-419 TCP, for a {@link TcpSocket} in the place of its TCP. It drives the SDK's session itself: the
 * SDK's TLSSocket leaves the exceptions of a handshake to nobody, and takes some failed handshakes for successful ones.
 */
export class TlsStream implements TcpStream {
  readonly #socket: TcpSocket;
  readonly #guard: HandshakeGuard;
  readonly #records = new Records();
  #session: Session | undefined;
  #tcp: TCP | undefined;
  /** Bytes that the TCP takes now. */
  #writable = 0;
  /** Records that wait for the TCP to take them. */
  #waiting: Uint8Array[] = [];
  /** Received, and not yet read by the socket. */
  #data: Uint8Array | undefined;
  #isConnected = false;
  #isSecured = false;
  /** The TCP has ended, which is told after what it has brought. */
  #isLost = false;
  #isTaking = false;
  #timer: Timer | undefined;

  /** @param serverName the name to ask for, "" for none */
  constructor(socket: TcpSocket, address: string, port: number, serverName: string, credentials: Credentials) {
    this.#socket = socket;
    this.#guard = new HandshakeGuard(() => credentials.serverKey);
    // The SDK's cache would resume a session that was never verified.
    const options = { protocolVersion: tls12, cache: false };
    const session = new Session(serverName === "" ? options : { ...options, serverName });
    session.certificateManager = credentials;
    session.initiateHandshake();
    this.#session = session;
    this.#tcp = new TCP({ address, port, nodelay: true, target: this, ...callbacks });
  }

  /** Gives what one record has brought. */
  read(): Uint8Array | undefined {
    const data = this.#data;
    this.#data = undefined;
    // A socket that is resumed reads by itself; what lies behind is then to be processed.
    if (data !== undefined && !this.#isTaking) this.#takeLater();
    return data;
  }

  /** Takes all bytes, and gives how many more it would take. */
  write(bytes: Uint8Array): number {
    const session = this.#session;
    if (session === undefined) return 0;
    for (let at = 0; at < bytes.byteLength; at += maxFragmentBytes) {
      const fragment = bytes.subarray(at, at + maxFragmentBytes);
      this.#send(recordProtocol.packetize(session, RecordType.ApplicationData, fragment));
    }
    return this.#room();
  }

  close(): void {
    const session = this.#session;
    const tcp = this.#tcp;
    if (session !== undefined && this.#isSecured && !this.#isLost) this.#sendAlert(session, warning, closeNotify);
    this.#session = undefined;
    this.#tcp = undefined;
    this.#data = undefined;
    this.#waiting = [];
    Timer.clear(this.#timer);
    this.#timer = undefined;
    tcp?.close();
  }

  /** The TCP takes `count` bytes; at first this tells that it is connected. */
  writable(count: number): void {
    if (this.#tcp === undefined) return;
    this.#writable = count;
    if (!this.#isConnected) {
      this.#isConnected = true;
      this.#continueHandshake();
    }
    this.#flush();
    const room = this.#room();
    if (this.#isSecured && room > 0) this.#socket.writable(room);
  }

  /** The TCP has bytes. They stay there while the socket does not read, which slows the peer down. */
  readable(): void {
    if (this.#tcp === undefined) return;
    const isHeld = this.#data !== undefined;
    if (isHeld && (!pollsSockets() || this.#records.byteLength >= maxHeldBytes)) return;
    this.#receive();
    this.#take();
  }

  lost(): void {
    if (this.#tcp === undefined) return;
    this.#isLost = true;
    // Nor before what is still to be taken, see #takeLater.
    if (this.#data === undefined && this.#timer === undefined) this.#tellLost();
  }

  /** Ends the connection for an error in its processing. */
  fail(thrown: unknown): void {
    const session = this.#session;
    if (session === undefined) return;
    const error = toTlsError(thrown, this.#guard.hasServerHello);
    // The session has an alert where the server has sent one: there is nobody to tell.
    if (session.alert === undefined && this.#isConnected) this.#sendAlert(session, fatal, alertFor(error));
    this.#session = undefined;
    this.#socket.fail(error);
  }

  #tellLost(): void {
    if (this.#isSecured || !this.#isConnected) {
      this.#socket.lost();
      return;
    }
    this.#socket.fail(new NetworkError("ECONNRESET", "the server has ended the connection during the TLS handshake"));
  }

  #receive(): void {
    const buffer: unknown = this.#tcp?.read();
    if (buffer instanceof ArrayBuffer) this.#records.add(new Uint8Array(buffer));
  }

  #take(): void {
    this.#isTaking = true;
    try {
      while (this.#data === undefined && this.#session !== undefined) {
        const record = this.#records.take();
        if (record === undefined) break;
        this.#process(this.#session, record);
      }
    } finally {
      this.#isTaking = false;
    }
    if (this.#isLost && this.#data === undefined && this.#tcp !== undefined) this.#tellLost();
  }

  #takeLater(): void {
    this.#timer ??= Timer.set(() => {
      this.#timer = undefined;
      guarded(this, () => {
        // There is no second onReadable for bytes that the TCP has already announced.
        this.#receive();
        this.#take();
      });
    }, 0);
  }

  #process(session: Session, record: Uint8Array): void {
    if (!this.#isSecured) this.#guard.inspect(record);
    recordProtocol.unpacketize(session, record);
    // The SDK throws for every alert but the one that ends the connection, and sets one where it refuses the version.
    if (session.alert?.description === closeNotify) {
      this.#isLost = true;
      this.#tellLost();
    } else if (session.alert !== undefined) throw versionError();
    else if (!this.#isSecured) this.#continueHandshake();
    else this.#deliver(session);
  }

  #deliver(session: Session): void {
    const data = session.applicationData;
    session.applicationData = undefined;
    if (data === undefined || data.byteLength === 0) return;
    this.#data = data;
    this.#socket.readable(data.byteLength);
  }

  #continueHandshake(): void {
    // The SDK's random numbers are the same in every run of the simulator, and few on a device: they need a real seed.
    const seed = new Uint8Array(seedBytes);
    fillRandom(seed);
    RNG.init(seed.buffer);
    const outgoing = {
      readable: 0,
      writable: 0,
      write: (packet: Uint8Array) => {
        this.#send(packet);
      },
    };
    if (this.#session?.handshake(outgoing) !== true) return;
    this.#isSecured = true;
    const room = this.#room();
    if (room > 0) this.#socket.writable(room);
  }

  #sendAlert(session: Session, level: number, description: number): void {
    try {
      this.#send(alertProtocol.packetize(session, level, description));
    } catch {
      // The connection ends anyway.
    }
  }

  #send(packet: Uint8Array): void {
    this.#waiting.push(packet);
    this.#flush();
  }

  #flush(): void {
    for (let [packet] = this.#waiting; packet !== undefined && this.#writable > 0; [packet] = this.#waiting) {
      const count = Math.min(packet.byteLength, this.#writable);
      const remaining: unknown = this.#tcp?.write(packet.subarray(0, count));
      if (typeof remaining !== "number") throw new NetworkError("ECONNRESET", "the connection was lost while sending");
      this.#writable = remaining;
      if (count === packet.byteLength) this.#waiting.shift();
      else this.#waiting[0] = packet.subarray(count);
    }
  }

  #room(): number {
    return this.#waiting.length > 0 ? 0 : Math.max(0, this.#writable - recordOverheadBytes);
  }
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
  onError(this: TCP): void {
    const { target } = this as TCP & Targeted;
    guarded(target, () => {
      target.lost();
    });
  },
});
