import SdkListener from "embedded:io/socket/listener";
import TCP from "embedded:io/socket/tcp";
import Timer from "timer";

import type { Listener, ListenHandlers, ListenOptions, SocketHandlers } from "../../contract.js";
import { logError } from "./guard.js";
import { probePort } from "./native.js";
import { NetworkError } from "./networkerror.js";
import { tcpCallbacks, TcpSocket } from "./tcpsocket.js";

/** What the SDK's declarations lack. */
interface ListenerOfHost extends SdkListener {
  /** ECMA-419 has it for every class of IO. */
  close(): void;
  /** Of hosts/moddable/lwip: false before onListening is called. The SDK's listens when it is made. */
  readonly isListening?: boolean;
}

const noTlsServer = "the Moddable SDK has no TLS server: listen without an identity, and put a TLS proxy in front";

/** Listens by an ECMA-419 Listener. The SDK's one of the simulator binds all addresses: an `address` is not obeyed there. */
export class TcpListener implements Listener {
  port = 0;

  readonly #handlers: ListenHandlers;
  #listener: ListenerOfHost | undefined;
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

  #start(options: ListenOptions): void {
    const error = options.identity === undefined ? this.#bind(options) : new NetworkError("ENOTSUP", noTlsServer);
    if (error !== undefined) this.#fail(error);
    else if (this.#listener?.isListening !== false) this.#tellListening();
  }

  #tellListening(): void {
    try {
      this.#handlers.listening();
    } catch (thrown) {
      logError("handler of a listener", thrown);
    }
  }

  /** On Linux the SDK's Listener that fails to bind leaves freed memory behind, so the port is tried before. */
  #bind(options: ListenOptions): NetworkError | undefined {
    const code = probePort(options.port);
    if (code !== undefined) return listenError(options.port, code);
    try {
      this.#listen(options);
      return undefined;
    } catch (error) {
      // A RangeError is a lack of memory. Else the port is taken: the SDK gives no other reason.
      return listenError(options.port, error instanceof RangeError ? "ENOMEM" : "EADDRINUSE", error);
    }
  }

  #listen({ port, address }: ListenOptions): void {
    const options = {
      port,
      ...(address === undefined ? {} : { address }),
      onReadable: (count: number) => {
        this.#acceptAll(count);
      },
      onListening: () => {
        this.#tellListening();
      },
      // lwIP tells later that the port belongs to somebody else, or that it has no memory.
      onError: (code?: unknown) => {
        this.#fail(listenError(port, typeof code === "string" ? code : "EIO"));
      },
    };
    const listener = new SdkListener(options) as ListenerOfHost;
    this.#listener = listener;
    this.port = listener.port;
  }

  #fail(error: NetworkError): void {
    this.close();
    try {
      this.#handlers.error(error);
    } catch (thrown) {
      logError("handler of a listener", thrown);
    }
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

function listenError(port: number, code: string, cause?: unknown): NetworkError {
  return new NetworkError(
    code === "EADDRINUSE" || code === "EACCES" ? code : "EIO",
    `cannot listen on port ${port.toString()} (${code}); choose another port, or end what uses it`,
    cause,
  );
}
