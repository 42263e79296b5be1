/**
 * The contracts that a host fulfils. `#platform` is a module that exports the members of {@link Platform}, `#network`
 * those of {@link Network}, `#tls` those of {@link TlsNetwork}. Nothing else of a host is known to the library.
 */

import type { CreateDeflate } from "./deflatecontract.js";

export type * from "./deflatecontract.js";

/** A handle to a running timer. Its shape is the host's own business. */
export type TimerHandle = object;

/** Decodes the UTF-8 text of one message, piece by piece. */
export interface Utf8Decoder {
  /**
   * Decodes the next bytes.
   *
   * @param bytes the next bytes of the text
   * @param isLast true when the text ends here: an incomplete sequence is then an error
   * @returns the characters that are complete by now
   * @throws TypeError where the bytes are not UTF-8 (RFC 3629), as soon as the host can tell
   */
  decode(bytes: Uint8Array, isLast: boolean): string;
}

/** Pure services, without sockets. */
export interface Platform {
  /**
   * XORs `bytes` from `start` to `end` in place with the four bytes of `mask` from `maskStart` on, which repeat: the
   * first of them meets the byte at `start` (RFC 6455, 5.3). `mask` may be `bytes` itself, outside of that range.
   */
  xorMask(bytes: Uint8Array, start: number, end: number, mask: Uint8Array, maskStart: number): void;
  /**
   * Decodes `bytes` from `start` to `end` as a whole text. A byte order mark is kept. Masked ones are unmasked before, in
   * place: their mask is the four bytes before `start` (RFC 6455, 5.2). Throws TypeError where they are not UTF-8.
   */
  decodeUtf8(bytes: Uint8Array, start: number, end: number, isMasked?: boolean): string;
  /** A copy of `bytes` from `start` to `end`, the caller's own; unmasked where they are masked, as for `decodeUtf8`. */
  copyBytes(bytes: Uint8Array, start: number, end: number, isMasked?: boolean): Uint8Array;
  /**
   * A frame (RFC 6455, 5.2): its header, and behind it a copy of the payload: bytes, or a text as UTF-8, in which a lone
   * surrogate becomes U+FFFD.
   *
   * @param first its first byte: FIN, RSV1 to RSV3 and the opcode
   * @param isMasked whether it gets a fresh random mask, with which the payload is masked (RFC 6455, 5.3)
   * @param most bytes that the payload may have; left out: any number
   * @returns undefined where it has more: nothing is copied then
   */
  makeFrame(first: number, isMasked: boolean, payload: Uint8Array | string, most?: number): Uint8Array | undefined;
  /** A decoder for a text that arrives in pieces. A byte order mark is kept. */
  createUtf8Decoder(): Utf8Decoder;
  /** Encodes a text as UTF-8; a lone surrogate becomes U+FFFD. The result is the caller's own, a part of a larger buffer perhaps. */
  encodeUtf8(text: string): Uint8Array;
  /** The 20 bytes of the SHA-1 digest of `bytes`. */
  sha1(bytes: Uint8Array): Uint8Array;
  /** permessage-deflate (RFC 7692). */
  createDeflate: CreateDeflate;
  /** Base64 with padding (RFC 4648, 4). */
  base64(bytes: Uint8Array): string;
  /** The bytes of a text in base64; white space in it is skipped. Throws where it is not base64. */
  fromBase64(text: string): Uint8Array;
  /** Fills `bytes` with cryptographically strong random values. */
  randomFill(bytes: Uint8Array): void;
  /** Milliseconds on a clock that never goes back; its zero has no meaning. */
  now(): number;
  /** Calls `callback` once, after `delayMs` milliseconds, with `argument`, which takes less memory than a closure. */
  setTimer<Argument = undefined>(
    callback: (argument: Argument) => void,
    delayMs: number,
    argument?: Argument,
  ): TimerHandle;
  /** Stops a timer. One that has fired or was stopped may be passed, and undefined for none. */
  clearTimer(timer: TimerHandle | undefined): void;
  /** Whether `JSON.parse` keeps each property name that it meets for as long as the program runs. */
  readonly keepsPropertyNames: boolean;
  /** Writes one line for the developer, and behind it what was thrown, if anything was, with where it comes from. */
  log(message: string, cause?: unknown): void;
}

/**
 * What has become of bytes that were written:
 *
 * - "taken": the network has them, and all before them. Nothing waits in the host: `bufferedAmount` is 0
 * - "full": some wait in the host: write more after `drained`
 * - "over": they are not sent, since the connection has ended, or `end()` was called
 */
export type WriteResult = "taken" | "full" | "over";

/** What a host tells the owner of a socket. No handler is called from within the call that creates the socket. */
export interface SocketHandlers {
  /** Bytes came. The callee owns `bytes` and may change them. Those that it does not handle yet it gives to `unread`. */
  received(bytes: Uint8Array): void;
  /** All bytes that were written have been passed to the network: there is room again. */
  drained(): void;
  /**
   * The connection is over, by whichever side; the error where that is no good end. Called once, after all that came was
   * received, and never after `destroy()`.
   */
  closed(error?: NetworkFailure): void;
}

/** One TCP (or TLS) connection. */
export interface Socket {
  /** The listener. May be exchanged at any time, as an HTTP upgrade does. */
  handlers: SocketHandlers;
  /** The peer's IP address, "" where it is not known. Stays readable after the end. */
  readonly remoteAddress: string;
  /** The peer's TCP port, or, where `remoteAddress` is "", a number that tells this peer from others. Stays readable. */
  readonly remotePort: number;
  /** Of a client that had to show one (`clientAuthorities`): its certificate, DER. */
  readonly peerCertificate?: Uint8Array;
  /** Bytes written that the network has not taken yet. */
  readonly bufferedAmount: number;
  /** Whether `pause()` was called, and `resume()` not since. */
  readonly isPaused: boolean;
  /**
   * Sends bytes, all of them or none. The host may keep them until they are sent: the caller does not change them any more.
   *
   * @returns what became of them
   */
  write(bytes: Uint8Array): WriteResult;
  /** Delivers nothing until `resume()`, nor the peer's end behind it; the peer is slowed down by TCP. */
  pause(): void;
  /** Delivers again, in a turn of its own. */
  resume(): void;
  /**
   * Takes bytes back that were received and not handled. They are delivered again in a turn of their own, before all others
   * and before the peer's end, unless the socket is paused: then behind `resume()`. What was taken back last comes first.
   */
  unread(bytes: Uint8Array): void;
  /** Sends what is buffered and then ends the connection; what is unread, and what still comes, may be discarded. */
  end(): void;
  /** Ends the connection at once and frees it. No handler is called any more. May be called again. */
  destroy(): void;
}

/** Why a host could not connect or listen, or why a connection broke: data, of which the library makes its own errors. */
export interface NetworkFailure {
  /** Which kind it is. */
  readonly code: NetworkErrorCode;
  /** What happened, and what to do about it, in words. */
  readonly message: string;
  /** What the platform has thrown or told, where it has. */
  readonly cause?: unknown;
}

/**
 * The reasons of a {@link NetworkFailure}.
 * They are Node's where Node has one:
 *
 * - ENOTFOUND: the host name has no address
 * - ECONNREFUSED: nothing listens there, or the host cannot tell why it was not let in
 * - EHOSTUNREACH: there is no way to the peer
 * - ECONNRESET: the peer or the network broke the connection
 * - EADDRINUSE: another program listens on the port
 * - EACCES: the program may not listen on the port
 * - ENOTSUP: the host cannot do what it was asked for
 * - ETLSUNTRUSTED: the certificate was issued by no authority that is trusted
 * - ETLSEXPIRED: the certificate is not valid any more, or not yet
 * - ETLSHOSTNAME: the certificate is for another host name
 * - ETLSVERSION: there is no TLS version or cipher suite that both sides speak
 * - ETLSFAILED: TLS failed in another way, which the message or the cause tells
 * - EIO, EHOSTERROR: anything else, which the message or the cause tells
 */
export type NetworkErrorCode =
  | "ENOTFOUND"
  | "ECONNREFUSED"
  | "EHOSTUNREACH"
  | "ECONNRESET"
  | "EADDRINUSE"
  | "EACCES"
  | "ENOTSUP"
  | "ETLSUNTRUSTED"
  | "ETLSEXPIRED"
  | "ETLSHOSTNAME"
  | "ETLSVERSION"
  | "ETLSFAILED"
  | "EIO"
  | "EHOSTERROR";

/** Handlers of a socket that is still being connected. */
export interface ConnectHandlers extends SocketHandlers {
  /** The connection stands (for TLS: is secured and verified). */
  opened(): void;
}

/** Where to connect to. */
export interface ConnectOptions {
  /** A host name or an IP address. */
  readonly host: string;
  /** The TCP port, 1 to 65535. */
  readonly port: number;
}

/** A certificate chain, the own certificate first, and its private key, all DER; the key PKCS #8. */
export interface TlsIdentity {
  readonly certificates: readonly Uint8Array[];
  readonly privateKey: Uint8Array;
}

/** Where to connect to with TLS, and whom to trust. */
export interface ConnectTlsOptions extends ConnectOptions {
  /**
   * The name that is asked for (SNI) and that the certificate is checked against. Where it is "", none is asked for and
   * `host` is checked. An IP address is checked, but never asked for (RFC 6066, 3).
   */
  readonly serverName: string;
  /** False: any certificate of any name is accepted, and nothing is known of the peer. Nothing else turns this off. */
  readonly isVerified: boolean;
  /** Certificates of the authorities to trust, DER; empty: those that the host trusts of itself. */
  readonly authorities: readonly Uint8Array[];
  /** What to show where the server asks for a certificate. */
  readonly identity?: TlsIdentity;
  /** The application protocols to offer (ALPN, RFC 7301), the most wanted first; at most 4, of 31 characters each. */
  readonly applicationProtocols?: readonly string[];
  /** The lowest TLS version that is accepted. */
  readonly minVersion: "TLSv1.2" | "TLSv1.3";
}

/** Where to listen. */
export interface ListenOptions {
  /** The TCP port, 0 to 65535; 0 lets the system choose a free one. */
  readonly port: number;
  /** The local address to bind, where the host can choose; all addresses when left out. */
  readonly address?: string;
  /**
   * Serves TLS, where the host can; `failed` is called with ENOTSUP where it cannot. Of several the one is shown whose
   * certificate is for the name that the client asks for (SNI), else the first.
   */
  readonly identity?: TlsIdentity | readonly TlsIdentity[];
  /** With `identity`: clients need a certificate of one of these authorities, DER. */
  readonly clientAuthorities?: readonly Uint8Array[];
  /** With `identity`: the application protocols that are spoken (ALPN), the most wanted first. */
  readonly applicationProtocols?: readonly string[];
}

/** Handlers of a listener. */
export interface ListenHandlers {
  /** A connection came. The handlers that are returned become the socket's; undefined refuses it. */
  accept(socket: Socket): SocketHandlers | undefined;
  /** The listener cannot start, or has failed. It is closed. */
  failed(error: NetworkFailure): void;
  /** The listener accepts connections now. */
  listening(): void;
}

/** A listening socket. */
export interface Listener {
  /** The port it is bound to; 0 before `listening`. */
  readonly port: number;
  /** Stops listening at once. Connections that were accepted stay. May be called again. */
  close(): void;
}

/** Sockets. */
export interface Network {
  /** Opens a TCP connection. A failure is reported by `handlers.closed(error)`. */
  connect(options: ConnectOptions, handlers: ConnectHandlers): Socket;
  /** Listens for TCP connections. A failure is reported by `handlers.failed(error)`. */
  listen(options: ListenOptions, handlers: ListenHandlers): Listener;
}

/** Secured sockets. They are a contract of their own since on XS they link 100 KB that a plain server does not need. */
export interface TlsNetwork {
  /**
   * Opens a TCP connection and secures it. A failure is reported by `handlers.closed(error)`, with its code. There is no
   * time limit but that of TCP: whoever sets one calls `destroy()`.
   */
  connectTls(options: ConnectTlsOptions, handlers: ConnectHandlers): Socket;
  /**
   * The certificate and key that are stored on the device, apart from the app's code; undefined where there are none.
   * XS: the resources device-certificate.der and device-key.der. Node: the files that the environment variables
   * XS_WEBSOCKETS_DEVICE_CERTIFICATE and XS_WEBSOCKETS_DEVICE_KEY name, PEM or DER.
   */
  storedIdentity(): TlsIdentity | undefined;
}
