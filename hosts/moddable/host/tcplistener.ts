import SdkListener from "embedded:io/socket/listener";
import TCP from "embedded:io/socket/tcp";
import Timer from "timer";

import type { Listener, ListenHandlers, ListenOptions, SocketHandlers } from "../../contract.js";
import { logError } from "./guard.js";
import { probePort } from "./native.js";
import { NetworkError } from "./networkerror.js";
import { tcpCallbacks, TcpSocket } from "./tcpsocket.js";

/** The SDK's declarations lack `close`, which ECMA-419 has for every class of IO. */
type ClosableListener = SdkListener & { close(): void };

const noTlsServer = "the Moddable SDK has no TLS server: listen without an identity, and put a TLS proxy in front";

/** Listens by an ECMA-419 Listener. The SDK's binds all addresses: an `address` is not obeyed. */
export class TcpListener implements Listener {
  port = 0;

  readonly #handlers: ListenHandlers;
  #listener: ClosableListener | undefined;
  #timer: Timer | undefined;

  constructor(options: ListenOptions, handlers: ListenHandlers) {
    this.#handlers = handlers;
    this.#timer = Timer.set(() => {
      this.#timer = undefined;
      this.#start(options);
    }, 0);
  }

  close(): void {
    Timer.clear(this.#timer);
    this.#timer = undefined;
    const listener = this.#listener;
    this.#listener = undefined;
    listener?.close();
  }

  #start({ port, identity }: ListenOptions): void {
    const error = identity === undefined ? this.#bind(port) : new NetworkError("ENOTSUP", noTlsServer);
    try {
      if (error === undefined) this.#handlers.listening();
      else this.#handlers.error(error);
    } catch (thrown) {
      logError("handler of a listener", thrown);
    }
  }

  /** On Linux the SDK's Listener that fails to bind leaves freed memory behind, so the port is tried before. */
  #bind(port: number): NetworkError | undefined {
    let code = probePort(port);
    let cause: unknown;
    if (code === undefined) {
      try {
        this.#listen(port);
        return undefined;
      } catch (error) {
        // lwIP's bind, the one that reports here, fails for a port that is taken; the SDK gives no reason.
        code = "EADDRINUSE";
        cause = error;
      }
    }
    return new NetworkError(
      code === "EADDRINUSE" || code === "EACCES" ? code : "EIO",
      `cannot listen on port ${port.toString()} (${code}); choose another port, or end what uses it`,
      cause,
    );
  }

  #listen(port: number): void {
    const accept = (count: number): void => {
      this.#acceptAll(count);
    };
    const listener = new SdkListener({ port, onReadable: accept }) as ClosableListener;
    this.#listener = listener;
    this.port = listener.port;
  }

  /** Reads as many as are announced: a read that finds none leaves an instance behind that is never freed. */
  #acceptAll(count: number): void {
    for (let index = 0; index < count; index += 1) {
      const accepted = this.#listener?.read();
      if (accepted === undefined) return;
      try {
        this.#accept(accepted);
      } catch (error) {
        logError("accepting a connection", error);
      }
    }
  }

  #accept(accepted: TCP): void {
    const socket = wrapTcp(accepted);
    if (socket === undefined) return;
    let handlers: SocketHandlers | undefined;
    try {
      handlers = this.#handlers.accept(socket);
    } finally {
      if (handlers === undefined) socket.destroy();
    }
    if (handlers !== undefined) socket.handlers = handlers;
  }
}

/**
 * An accepted TCP has no callbacks: it is made anew from itself.
 *
 * @returns undefined where that fails, since the peer has left
 */
export function wrapTcp(accepted: TCP): TcpSocket | undefined {
  const socket = new TcpSocket();
  try {
    socket.remoteAddress = accepted.remoteAddress ?? "";
    socket.remotePort = accepted.remotePort ?? 0;
    socket.attach(new TCP({ from: accepted, nodelay: true, target: socket, ...tcpCallbacks }));
    return socket;
  } catch {
    accepted.close();
    return undefined;
  }
}
