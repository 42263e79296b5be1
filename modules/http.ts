/** A small HTTP/1.1 server: answers one request per connection, and hands upgrade requests over to WebSocketServer. */

import { log } from "#platform";
import { listen, type Listener, type ListenOptions, type Socket } from "#network";
import { HttpExchange, type HttpExchangeOwner, type HttpListenerContext } from "./http/exchange.js";
import { whenRejected, type Handler } from "./common/handlers.js";
import { kindOf } from "./common/text.js";
import { HandshakeError, InvalidStateError, networkError, OptionError } from "./common/errors.js";
import { RequestPolicy } from "./handshake/policy.js";
import { checkPath } from "./http/query.js";
import {
  checkHandlers,
  checkOptions,
  MAX_HEAD_BYTES,
  MIN_HEAD_BYTES,
  resolveOptions,
  toFieldNames,
  type OptionTable,
  type ResolvedOptions,
} from "./common/options.js";
import { resolveTlsOptions, TLS_SERVER_OPTIONS, type TlsServerOptions } from "./server/tlsoptions.js";

export type { HttpListenerContext, HttpListenerRequest, HttpListenerResponse } from "./http/exchange.js";
export { queryValue } from "./http/query.js";
export type { Handler } from "./common/handlers.js";
export type { HttpHeaders } from "./common/headers.js";
export type { TlsServerOptions } from "./server/tlsoptions.js";

/** Limits of an {@link HttpListener}. */
export interface HttpListenerLimits {
  /** TCP port, 0 to 65535; 0: the system chooses a free one. @defaultValue 80 */
  readonly port?: number;
  /** Largest head of a request that is read, in bytes; a larger one is answered with 431. @defaultValue 16384 */
  readonly maxHeadBytes?: number;
  /**
   * Bytes that are kept of a head: its request line, and of each field name, value and 32 more. Fields that nobody
   * asked for are passed over where there is no room; those that the library or `keptHeaders` name are refused with
   * 431. One request at a time may have twice as much.
   * @defaultValue 1536
   */
  readonly maxKeptHeadBytes?: number;
  /**
   * Names of header fields that are kept in any case, because handlers read them, such as ["cookie"].
   * @defaultValue []
   */
  readonly keptHeaders?: readonly string[];
  /**
   * Names that this server answers by, such as ["device.local"], or [".local"] for all that end so, beside its IP
   * addresses and localhost; others get 421. []: any name, so that a page may have its own point here (DNS rebinding).
   * @defaultValue []
   */
  readonly allowedHosts?: readonly string[];
  /**
   * Milliseconds until the head must have come whole, and again until the answer must have left.
   * @defaultValue 10000
   */
  readonly requestTimeoutMs?: number;
  /**
   * Requests that are answered at the same time; as many more get 503, others no answer. Connections that became
   * WebSockets do not count.
   * @defaultValue 16
   */
  readonly maxRequests?: number;
}

/** Options of an {@link HttpListener}. */
export interface HttpListenerOptions extends HttpListenerLimits, TlsServerOptions {
  /** The local address to listen on, where the host can choose (Node.js); all addresses when left out. */
  readonly address?: string;
  /** Becomes the listener's `onRequest`. */
  readonly onRequest?: RequestHandler;
}

/**
 * Answers one request: by its response's `close`, or by `WebSocketServer.addWebSocket`. May be async. After an exception or
 * a rejection the answer is 500.
 */
export type RequestHandler = Handler<[context: HttpListenerContext]>;

/** The defaults of an HTTP listener. @internal */
export const HTTP_LISTENER_DEFAULTS: ResolvedOptions<HttpListenerLimits> = Object.freeze({
  port: 80,
  maxHeadBytes: 16_384,
  maxKeptHeadBytes: 1_536,
  keptHeaders: Object.freeze([]),
  allowedHosts: Object.freeze([]),
  requestTimeoutMs: 10_000,
  maxRequests: 16,
});

/** What an HTTP listener takes. @internal */
export const HTTP_LISTENER_OPTIONS: OptionTable<ResolvedOptions<HttpListenerLimits>> = Object.freeze({
  defaults: HTTP_LISTENER_DEFAULTS,
  least: Object.freeze({
    maxHeadBytes: MIN_HEAD_BYTES,
    maxKeptHeadBytes: MIN_HEAD_BYTES,
    requestTimeoutMs: 1,
    maxRequests: 1,
  }),
  most: Object.freeze({
    port: 65_535,
    maxHeadBytes: MAX_HEAD_BYTES,
    maxKeptHeadBytes: MAX_HEAD_BYTES,
    maxRequests: 65_535,
  }),
});

/** Listens for HTTP requests (.NET `HttpListener`, with an event instead of a blocking `GetContext`). */
export class HttpListener {
  /** Called for each request whose path is no route's. */
  onRequest: RequestHandler | undefined;
  private readonly settings: ResolvedOptions<HttpListenerLimits>;
  private readonly listenOptions: ListenOptions;
  private readonly routes = new Map<string, RequestHandler>();
  private readonly policy: RequestPolicy;
  private isRefusalLogged = false;
  /** The one whose head may be twice as long as others, as for an access token. */
  private longRequest: HttpExchange | undefined = undefined;
  private readonly exchanges = new Set<HttpExchange>();
  private readonly exchangeOwner: HttpExchangeOwner = {
    requestReceived: (context) => {
      this.answer(context, this.routes.get(routeOf(context.request.path)) ?? this.onRequest);
    },
    headRefused: (error) => {
      this.logRefusal(error);
    },
    takeSpare: (exchange) => {
      const isFree = this.longRequest === undefined;
      if (isFree) this.longRequest = exchange;
      return isFree;
    },
    ended: (exchange) => {
      this.exchanges.delete(exchange);
      if (this.longRequest === exchange) this.longRequest = undefined;
    },
  };
  private listener: Listener | undefined = undefined;
  private rejectStart: ((error: Error) => void) | undefined = undefined;

  /**
   * Makes a listener, which listens from `start` on.
   *
   * @throws OptionError where an option is out of its range
   */
  constructor(options: HttpListenerOptions = {}) {
    checkOptions("HttpListener", options, "{ port: 8080 }");
    const { onRequest, address, identity, clientCertificateRequired, clientAuthorities, ...limits } = options;
    checkHandlers({ onRequest });
    this.onRequest = onRequest;
    const settings = resolveOptions(limits, HTTP_LISTENER_OPTIONS, ["onRequest", "address", ...TLS_SERVER_OPTIONS]);
    this.settings = { ...settings, keptHeaders: toFieldNames("keptHeaders", settings.keptHeaders) };
    this.policy = new RequestPolicy({ allowedHosts: settings.allowedHosts, allowedOrigins: [] });
    this.listenOptions = {
      port: this.settings.port,
      ...(address === undefined ? {} : { address }),
      ...resolveTlsOptions({ identity, clientCertificateRequired, clientAuthorities }),
    };
  }

  /** The port it listens on: after `start`, the one the system chose where it was to. */
  get port(): number {
    return this.listener === undefined || this.listener.port === 0 ? this.settings.port : this.listener.port;
  }

  /** Whether it listens. */
  get isListening(): boolean {
    return this.listener !== undefined;
  }

  /**
   * Starts to listen.
   *
   * @returns resolves when requests are accepted
   * @throws (rejects) NetworkError where the port cannot be had, InvalidStateError where it listens already, or is stopped
   *   before it does
   */
  async start(): Promise<void> {
    if (this.listener !== undefined)
      throw new InvalidStateError("The HttpListener is already listening: call stop() first.");
    let isListening = false;
    await new Promise<void>((resolve, reject) => {
      this.rejectStart = reject;
      this.listener = listen(this.listenOptions, {
        accept: (socket) => this.accept(socket),
        listening: () => {
          isListening = true;
          resolve();
        },
        failed: (failure) => {
          const error = networkError(`Cannot listen on port ${this.settings.port}.`, failure);
          if (isListening) log("The HttpListener has stopped.", error);
          reject(error);
          this.stop();
        },
      });
    });
  }

  /** Stops at once: requests that are not answered yet end. WebSockets stay. */
  stop(): void {
    this.listener?.close();
    this.listener = undefined;
    this.rejectStart?.(new InvalidStateError("The HttpListener was stopped before it listened."));
    this.rejectStart = undefined;
    for (const exchange of [...this.exchanges]) exchange.abort();
  }

  /**
   * Has requests for one path answered by a handler of their own, before `onRequest`. Letter case, and a slash at the end
   * of a request's path, do not matter.
   *
   * @param path such as "/led"
   * @param handler answers the requests; it may return a promise
   * @throws OptionError where it is no path, or there is a handler for it already
   */
  route(path: string, handler: RequestHandler): void {
    checkPath("A path", path);
    if (typeof handler !== "function")
      throw new OptionError(`The handler of ${path} must be a function; it is ${kindOf(handler)}.`);
    const route = routeOf(path);
    if (this.routes.has(route)) throw new OptionError(`There is already a handler for ${path}.`);
    this.routes.set(route, handler);
  }

  private accept(socket: Socket): HttpExchange | undefined {
    // Answers that nobody takes keep their places: beyond as many refusals again, there is not even an answer.
    if (this.exchanges.size >= 2 * this.settings.maxRequests) return undefined;
    const exchange = new HttpExchange(socket, this.settings, this.exchangeOwner);
    this.exchanges.add(exchange);
    if (this.exchanges.size > this.settings.maxRequests) exchange.refuse(503);
    return exchange;
  }

  /** A limit that is too low is met again and again: it is told once. */
  private logRefusal({ statusCode, message }: HandshakeError): void {
    if (statusCode === 400 || statusCode === 503 || this.isRefusalLogged) return;
    this.isRefusalLogged = true;
    log(`A request was answered with ${statusCode}. ${message} Further ones are not logged.`);
  }

  private answer(context: HttpListenerContext, handler: RequestHandler | undefined): void {
    try {
      this.policy.checkHost(context.request.headers);
    } catch (error) {
      if (!(error instanceof HandshakeError)) throw error;
      return this.answerWith(context, error.statusCode, error.message);
    }
    if (handler === undefined) return this.answerWith(context, 404);
    const failed = (cause: unknown): void => {
      this.handlerFailed(context, cause);
    };
    try {
      whenRejected(handler(context), failed);
    } catch (cause) {
      failed(cause);
    }
  }

  private handlerFailed(context: HttpListenerContext, cause: unknown): void {
    log(`The handler of ${context.request.httpMethod} ${context.request.rawUrl} threw; the answer is 500.`, cause);
    this.answerWith(context, 500);
  }

  private answerWith({ response }: HttpListenerContext, statusCode: number, text = ""): void {
    if (response.isClosed) return;
    response.statusCode = statusCode;
    response.close(text === "" ? "" : `${text}\n`);
  }
}

/** As ASP.NET Core compares paths: without letter case, and without a slash at the end. */
function routeOf(path: string): string {
  const route = path.toLowerCase();
  return route.endsWith("/") && route !== "/" ? route.slice(0, -1) : route;
}
