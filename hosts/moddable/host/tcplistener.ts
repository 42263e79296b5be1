import SdkListener from "embedded:io/socket/listener";
import TCP from "embedded:io/socket/tcp";
import Modules from "modules";
import Timer from "timer";

import type { Listener, ListenHandlers, ListenOptions, NetworkFailure, SocketHandlers } from "../../contract.js";
import { log } from "./log.js";
import { probePort } from "./native.js";
import { asFailure, failure } from "./failure.js";
import { tcpCallbacks, TcpSocket } from "./tcpsocket.js";

/** What the SDK's declarations lack. */
interface ListenerOfHost extends SdkListener {
  /** ECMA-419 has it for every class of IO. */
  close(): void;
  /** Of hosts/moddable/lwip: false before onListening is called. The SDK's listens when it is made. */
  readonly isListening?: boolean;
}

/** Linked by manifest_tls.json only: see hosts/moddable/tls.ts. */
const tlsAcceptor = "xs-websockets/tls/acceptor";

const noTls =
  "TLS is not part of this app: its manifest has to include hosts/moddable/manifest_tls.json of xs-websockets, with mcpack dist/manifest_tls.json";

/** What makes secured sockets of accepted TCPs. */
interface Acceptor {
  add(tcp: TCP): void;
  close(): void;
}

type AcceptorClass = new (options: ListenOptions, accept: (socket: TcpSocket) => void) => Acceptor;

/** Listens by an ECMA-419 Listener. The SDK's one of the simulator binds all addresses: an `address` is not obeyed there. */
export class TcpListener implements Listener {
  port = 0;

  readonly #handlers: ListenHandlers;
  #listener: ListenerOfHost | undefined;
  #acceptor: Acceptor | undefined;
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
    this.#acceptor?.close();
    this.#acceptor = undefined;
  }

  #start(options: ListenOptions): void {
    const error = this.#prepareTls(options) ?? this.#bind(options);
    if (error !== undefined) this.#fail(error);
    else if (this.#listener?.isListening !== false) this.#tellListening();
  }

  #tellListening(): void {
    try {
      this.#handlers.listening();
    } catch (thrown) {
      log("A handler of a listener threw.", thrown);
    }
  }

  #prepareTls(options: ListenOptions): NetworkFailure | undefined {
    if (options.identity === undefined) return undefined;
    if (!Modules.has(tlsAcceptor)) return failure("ENOTSUP", noTls);
    try {
      const TlsAcceptor = Modules.importNow(tlsAcceptor) as AcceptorClass;
      this.#acceptor = new TlsAcceptor(options, (socket) => {
        this.#tell(socket);
      });
      return undefined;
    } catch (error) {
      return asFailure(error, "ETLSFAILED");
    }
  }

  /** On Linux the SDK's Listener that fails to bind leaves freed memory behind, so the port is tried before. */
  #bind(options: ListenOptions): NetworkFailure | undefined {
    const code = probePort(options.port);
    if (code !== undefined) return listenError(code);
    try {
      this.#listen(options);
      return undefined;
    } catch (error) {
      return listenError(reasonOf(error), error);
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
        this.#fail(listenError(typeof code === "string" ? code : "EIO"));
      },
    };
    const listener = new SdkListener(options) as ListenerOfHost;
    this.#listener = listener;
    this.port = listener.port;
  }

  #fail(error: NetworkFailure): void {
    this.close();
    try {
      this.#handlers.failed(error);
    } catch (thrown) {
      log("A handler of a listener threw.", thrown);
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
        log("A connection could not be accepted.", error);
      }
    }
  }

  #accept(accepted: TCP): void {
    if (this.#acceptor !== undefined) {
      this.#acceptor.add(accepted);
      return;
    }
    const socket = wrapTcp(accepted);
    if (socket !== undefined) this.#tell(socket);
  }

  #tell(socket: TcpSocket): void {
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

/** Where the SDK's Listener gives no reason, the port is taken. */
function reasonOf(error: unknown): string {
  if (error instanceof RangeError) return "ENOMEM";
  return error instanceof Error && error.message.includes("no network") ? "no network" : "EADDRINUSE";
}

function listenError(code: string, cause?: unknown): NetworkFailure {
  switch (code) {
    case "EADDRINUSE":
      return failure(code, "another program uses it; end that program, or take another port", cause);
    case "EACCES":
      return failure(code, "the system does not allow it; ports below 1024 want privileges: 8080 does not", cause);
    default:
      return failure("EIO", `the system has no listener for it (${code})`, cause);
  }
}
