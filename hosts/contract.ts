/**
 * The two contracts that a host fulfils. `#platform` is a module that exports the members of {@link Platform};
 * `#network` is a module that exports the members of {@link Network}. Nothing else of a host is known to the library.
 */

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
  /** XORs `bytes` in place with `mask`, which repeats; `mask[0]` meets `bytes[0]` (RFC 6455, 5.3). */
  xorMask(bytes: Uint8Array, mask: Uint8Array): void;
  /** Decodes a whole text. A byte order mark is kept. Throws TypeError where the bytes are not UTF-8. */
  decodeUtf8(bytes: Uint8Array): string;
  /** A decoder for a text that arrives in pieces. A byte order mark is kept. */
  createUtf8Decoder(): Utf8Decoder;
  /** Encodes a text as UTF-8; a lone surrogate becomes U+FFFD. The result is the caller's own. */
  encodeUtf8(text: string): Uint8Array;
  /** The 20 bytes of the SHA-1 digest of `bytes`. */
  sha1(bytes: Uint8Array): Uint8Array;
  /** Base64 with padding (RFC 4648, 4). */
  base64(bytes: Uint8Array): string;
  /** Fills `bytes` with cryptographically strong random values. */
  randomFill(bytes: Uint8Array): void;
  /** Milliseconds on a clock that never goes back; its zero has no meaning. */
  now(): number;
  /** Calls `callback` once, after `delayMs` milliseconds. */
  setTimer(callback: () => void, delayMs: number): TimerHandle;
  /** Stops a timer. A timer that has fired or was stopped may be passed. */
  clearTimer(timer: TimerHandle): void;
  /** Writes one line for the developer. */
  log(message: string): void;
}

/** What a host tells the owner of a socket. No handler is called from within the call that creates the socket. */
export interface SocketHandlers {
  /** Bytes came. The callee owns `bytes` and may change them. */
  data(bytes: Uint8Array): void;
  /** All bytes that were written have been passed to the network: there is room again. */
  drain(): void;
  /** The connection is over, by whichever side. Called once, and never after `destroy()`. */
  close(error?: Error): void;
}

/** One TCP (or TLS) connection. */
export interface Socket {
  /** Whom the host tells. May be exchanged at any time, as an HTTP upgrade does. */
  handlers: SocketHandlers;
  /** The peer's IP address, "" where it is not known. Stays readable after the end. */
  readonly remoteAddress: string;
  /** The peer's TCP port, 0 where it is not known. Stays readable after the end. */
  readonly remotePort: number;
  /** Bytes written that the network has not taken yet. */
  readonly bufferedAmount: number;
  /**
   * Sends bytes, all of them or (after the connection's end) none. The host may keep `bytes` until they are sent: the
   * caller does not change them any more.
   *
   * @returns false when bytes wait in the host: write more after `drain`
   */
  write(bytes: Uint8Array): boolean;
  /** Delivers no more data until `resume()`; the peer is slowed down by TCP. */
  pause(): void;
  /** Delivers data again. */
  resume(): void;
  /** Sends what is buffered and then ends the connection; data that still comes may be discarded. */
  end(): void;
  /** Ends the connection at once and frees it. No handler is called any more. May be called again. */
  destroy(): void;
}

/** Handlers of a socket that is still being connected. */
export interface ConnectHandlers extends SocketHandlers {
  /** The connection stands (for TLS: is secured and verified). */
  open(): void;
}

/** Where to connect to. */
export interface ConnectOptions {
  /** A host name or an IP address. */
  readonly host: string;
  /** The TCP port, 1 to 65535. */
  readonly port: number;
}

/** Where to listen. */
export interface ListenOptions {
  /** The TCP port, 0 to 65535; 0 lets the system choose a free one. */
  readonly port: number;
  /** The local address to bind, where the host can choose; all addresses when left out. */
  readonly address?: string;
}

/** Handlers of a listener. */
export interface ListenHandlers {
  /** A connection came. The handlers that are returned become the socket's; undefined refuses it. */
  accept(socket: Socket): SocketHandlers | undefined;
  /** The listener cannot start, or has failed. It is closed. */
  error(error: Error): void;
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
  /** Opens a TCP connection. A failure is reported by `handlers.close(error)`. */
  connect(options: ConnectOptions, handlers: ConnectHandlers): Socket;
  /** Listens for TCP connections. A failure is reported by `handlers.error(error)`. */
  listen(options: ListenOptions, handlers: ListenHandlers): Listener;
}
