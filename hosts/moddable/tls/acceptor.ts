import type TCP from "embedded:io/socket/tcp";
import Timer from "timer";

import type { ListenOptions, TlsIdentity } from "../../contract.js";
import { log } from "../host/log.js";
import { monotonicTime } from "../host/native.js";
import { TcpSocket } from "../host/tcpsocket.js";
import { TlsContext, TlsEngine } from "./engine.js";
import { TlsStream, type TlsStreamOwner } from "./stream.js";

/** Connections whose handshake has not begun, or is under way. */
const maxHandshakes = 8;
/** For the whole handshake, with the time that it waits for its turn. */
const handshakeTimeoutMs = 10_000;
/** For a peer that is silent within its handshake while others wait for their turn. */
const silenceTimeoutMs = 2_000;
const checkIntervalMs = 500;
const ticketLifetimeSeconds = 86_400;

/** One connection until its handshake is over. */
class Accepted implements TlsStreamOwner {
  readonly hint = "";
  readonly since = monotonicTime();
  readonly socket = new TcpSocket();
  readonly stream: TlsStream;
  /** Bytes of its peer have come, and it waits for its turn. */
  isReady = false;
  readonly #acceptor: TlsAcceptor;

  /** @throws where the peer has left already */
  constructor(acceptor: TlsAcceptor, tcp: TCP) {
    this.#acceptor = acceptor;
    this.socket.remoteAddress = tcp.remoteAddress ?? "";
    this.socket.remotePort = tcp.remotePort ?? 0;
    this.stream = new TlsStream(this.socket, { from: tcp }, this);
    this.socket.attach(this.stream);
  }

  engineWanted(): void {
    this.isReady = true;
    this.#acceptor.passTurn();
  }

  secured(engine: TlsEngine): void {
    const { peer } = engine;
    if (peer !== undefined) this.socket.peerCertificate = new Uint8Array(peer);
    this.#acceptor.secured(this);
  }

  streamClosed(): void {
    this.#acceptor.remove(this);
  }

  authorityWanted(): void {
    // Those of a server are given.
  }

  sessionReceived(): void {
    // A server's sessions are its clients' business.
  }
}

/**
 * Makes secured sockets of accepted TCPs. A handshake takes much memory and a device's time, so there is one at a time,
 * begun when the peer has sent something; the others wait, for a bounded time and in a bounded number.
 */
export class TlsAcceptor {
  readonly #context: TlsContext;
  readonly #accept: (socket: TcpSocket) => void;
  #pending: Accepted[] = [];
  #current: Accepted | undefined;
  #turn: Timer | undefined;
  #watch: Timer | undefined;
  /** Memory was short, which is logged once until a handshake succeeds: a flood would fill the log. */
  #isShort = false;

  /**
   * @param accept is told of each socket when its handshake is over
   * @throws HostFailure where an identity is not usable, or the build of mbedTLS lacks something
   */
  constructor(options: ListenOptions, accept: (socket: TcpSocket) => void) {
    const { identity = [], clientAuthorities, applicationProtocols = [] } = options;
    const identities: readonly TlsIdentity[] = "certificates" in identity ? [identity] : identity;
    const isVerified = clientAuthorities !== undefined;
    const context = new TlsContext({ isServer: true, isVerified, isTls13Only: false, usesBundle: false });
    try {
      for (const each of identities) context.addIdentity(each);
      for (const authority of clientAuthorities ?? []) context.addAuthority(authority);
      for (const protocol of applicationProtocols) context.addProtocol(protocol);
    } catch (error) {
      context.free();
      throw error;
    }
    // A ticket of TLS 1.3 has no certificate in it, so that nobody would know who has come back.
    if (!isVerified) context.useTickets(ticketLifetimeSeconds);
    this.#context = context;
    this.#accept = accept;
  }

  add(tcp: TCP): void {
    if (this.#pending.length >= maxHandshakes) {
      tcp.close();
      return;
    }
    try {
      this.#pending.push(new Accepted(this, tcp));
    } catch {
      tcp.close();
    }
    this.#watch ??= Timer.repeat(() => {
      this.#check();
    }, checkIntervalMs);
  }

  /** Ends all handshakes. Nothing is to be added any more. */
  close(): void {
    for (const { socket } of [...this.#pending]) socket.destroy();
    this.#context.free();
  }

  /** Begins the next handshake, in a turn of its own, where none is under way. */
  passTurn(): void {
    if (this.#current !== undefined) return;
    this.#turn ??= Timer.set(() => {
      this.#turn = undefined;
      this.#begin();
    }, 0);
  }

  secured(accepted: Accepted): void {
    this.#isShort = false;
    this.remove(accepted);
    this.#accept(accepted.socket);
  }

  remove(accepted: Accepted): void {
    const pending = this.#pending.filter((other) => other !== accepted);
    if (pending.length === this.#pending.length) return;
    this.#pending = pending;
    if (this.#current === accepted) this.#current = undefined;
    if (pending.length > 0) this.passTurn();
    else {
      Timer.clear(this.#watch);
      this.#watch = undefined;
    }
  }

  #begin(): void {
    const next = this.#pending.find(({ isReady }) => isReady);
    if (next === undefined || this.#current !== undefined) return;
    this.#current = next;
    try {
      next.stream.start(new TlsEngine(this.#context, "", ""));
    } catch (error) {
      if (!this.#isShort) log("A TLS handshake failed.", error);
      this.#isShort = true;
      next.socket.destroy();
    }
  }

  #check(): void {
    const now = monotonicTime();
    const isWaitedFor = this.#pending.some((accepted) => accepted.isReady && accepted !== this.#current);
    for (const accepted of this.#pending) {
      const isSilent = accepted === this.#current && now - accepted.stream.heardAt > silenceTimeoutMs;
      if (now - accepted.since > handshakeTimeoutMs || (isSilent && isWaitedFor)) accepted.socket.destroy();
    }
  }
}

/** For hosts/moddable/host/tcplistener.ts, which imports it by name at run time. */
export default TlsAcceptor;
