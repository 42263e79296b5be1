/** One request and its answer on one connection. */

import type { Socket, SocketHandlers, WriteResult } from "#network";
import { clearTimer, encodeUtf8, setTimer, type TimerHandle } from "#platform";
import { formatEndPoint, isDecimal, isFieldValue, isToken } from "../common/text.js";
import { InvalidStateError, OptionError, HandshakeError } from "../common/errors.js";
import { HttpHeadReader, type HttpHead } from "./head.js";
import { resourceOf } from "./query.js";
import { isUpgradeRequest, type HttpHeaders } from "../common/headers.js";
import { checkInteger } from "../common/options.js";

/** Limits of an exchange. */
export interface HttpExchangeLimits {
  readonly maxHeadBytes: number;
  readonly maxKeptHeadBytes: number;
  readonly keptHeaders: readonly string[];
  readonly requestTimeoutMs: number;
}

/** The head of a request, its request line taken apart. */
export interface RequestHead {
  readonly method: string;
  readonly target: string;
  /** Such as "HTTP/1.1". */
  readonly version: string;
  readonly headers: HttpHeaders;
}

/** The listener of exchanges. */
export interface HttpExchangeOwner {
  /** The head of a request has come whole. */
  requestReceived(context: HttpListenerContext): void;
  /** A head needs more memory than one may have. @returns whether it gets as much again, until `ended` */
  takeSpare(exchange: HttpExchange): boolean;
  /** A head was too long, or is none. It is answered. */
  headRefused(error: HandshakeError): void;
  /** The connection has ended, or is a WebSocket now. Called once. */
  ended(exchange: HttpExchange): void;
}

/** A request and the way to answer it (.NET `HttpListenerContext`). */
export interface HttpListenerContext {
  /** What the client asks for. */
  readonly request: HttpListenerRequest;
  /** What it is answered. */
  readonly response: HttpListenerResponse;
  /**
   * Sends the head of a 101 answer and gives the socket away. For `WebSocketServer.addWebSocket`.
   *
   * @returns the socket; undefined where the connection has ended meanwhile
   */
  upgrade(headers: readonly (readonly [name: string, value: string])[]): Socket | undefined;
}

/** The head of a request (.NET `HttpListenerRequest`). */
export interface HttpListenerRequest {
  /** "GET", "HEAD", "POST" … */
  readonly httpMethod: string;
  /** The request target as it came, such as "/led?on=1". */
  readonly rawUrl: string;
  /** The target without its query: see `queryValue`. */
  readonly path: string;
  /** "1.1", or "1.0", which cannot become a WebSocket. */
  readonly httpVersion: "1.0" | "1.1";
  /** The header fields. */
  readonly headers: HttpHeaders;
  /** Whether an upgrade to WebSocket is asked for: pass the context to `WebSocketServer.addWebSocket`. */
  readonly isWebSocketRequest: boolean;
  /** The client, as "address:port". */
  readonly remoteEndPoint: string;
  /** The client's certificate, DER, where it had to show one (`clientCertificateRequired`); else undefined. */
  readonly clientCertificate: Uint8Array | undefined;
}

/** The answer (.NET `HttpListenerResponse`). */
export interface HttpListenerResponse {
  /** The HTTP status: 200 unless set; 200 to 599. */
  statusCode: number;
  /** The media type of the body. */
  contentType: string | undefined;
  /** Whether the answer was given. */
  readonly isClosed: boolean;
  /**
   * Adds a header field.
   *
   * @param name a token (RFC 9110, 5.6.2)
   * @param value one line of text
   * @throws OptionError where the name or value is not allowed, or says where the answer ends
   */
  setHeader(name: string, value: string): void;
  /**
   * Sends the answer and ends the connection.
   *
   * @throws InvalidStateError where it was sent before, OptionError for a `statusCode` that is not from 200 to 599
   */
  close(body?: string | Uint8Array): void;
}

/** What a socket of the listener does from its first byte to the end of the answer. */
export class HttpExchange implements SocketHandlers {
  private readonly socket: Socket;
  private readonly limits: HttpExchangeLimits;
  private readonly owner: HttpExchangeOwner;
  private reader: HttpHeadReader | undefined;
  private timer: TimerHandle | undefined = undefined;
  /** What of the answer's body is still to be written. */
  private body: Uint8Array | undefined = undefined;
  /** Of what was written, what the network had not taken when the time started. */
  private waitingBytes = 0;
  private isAnswered = false;
  private isEnded = false;

  constructor(socket: Socket, limits: HttpExchangeLimits, owner: HttpExchangeOwner) {
    this.socket = socket;
    this.limits = limits;
    this.owner = owner;
    const { maxHeadBytes, maxKeptHeadBytes, keptHeaders } = limits;
    const needed = keptHeaders.length === 0 ? NEEDED_FIELDS : [...NEEDED_FIELDS, ...keptHeaders];
    this.reader = new HttpHeadReader({ maxHeadBytes, maxKeptHeadBytes, needed, isAnswer: false }, this);
    this.startTimer();
  }

  takeSpare(): boolean {
    return this.owner.takeSpare(this);
  }

  received(bytes: Uint8Array): void {
    if (this.isAnswered || this.reader === undefined) return;
    try {
      const rest = this.reader.read(bytes);
      if (rest !== undefined) this.headReceived(readRequestLine(this.reader.head), rest);
    } catch (error) {
      this.headFailed(error);
    }
  }

  /**
   * A head has come whole, behind which `unread` came.
   *
   * @throws HandshakeError where it is not that of HTTP/1.1 or HTTP/1.0
   */
  headReceived(head: RequestHead, unread: Uint8Array): void {
    const context = new Context(head, this, this.socket);
    this.reader = undefined;
    this.socket.unread(unread);
    this.owner.requestReceived(context);
    if (this.isAnswered || this.isEnded) return;
    // What the client sends before it has its answer stays in the network.
    this.socket.pause();
    this.startTimer();
  }

  /** A head was refused. @throws any other error */
  headFailed(error: unknown): void {
    if (!(error instanceof HandshakeError)) throw error;
    this.refuse(error.statusCode, error.message);
    this.owner.headRefused(error);
  }

  drained(): void {
    if (this.body !== undefined) this.writeBody(this.body);
  }

  closed(): void {
    this.end();
  }

  /** Ends the connection at once. */
  abort(): void {
    this.socket.destroy();
    this.end();
  }

  /** Answers without having asked anyone. */
  refuse(statusCode: number, text = ""): void {
    this.reader = undefined;
    if (this.isAnswered) return this.abort();
    const body = encodeUtf8(text === "" ? "" : `${text}\n`);
    const type = text === "" ? [] : [["Content-Type", "text/plain"] as const];
    const headers = [...type, ["Content-Length", String(body.length)] as const, ["Connection", "close"] as const];
    this.respond(encodeUtf8(formatHead(statusCode, headers)), body);
  }

  /** Sends the answer, then ends the connection. */
  respond(head: Uint8Array, body?: Uint8Array): void {
    if (this.isEnded || this.isAnswered) return;
    this.isAnswered = true;
    if (this.socket.isPaused) this.socket.resume();
    const result = this.socket.write(head);
    if (body === undefined || body.length === 0) this.socket.end();
    else if (result === "taken") return this.writeBody(body);
    else this.body = body;
    this.startStallTimer();
  }

  /** Writes as much of the body as the network takes: what leaves in pieces shows that it leaves. */
  private writeBody(body: Uint8Array): void {
    let rest = body;
    for (let result: WriteResult = "taken"; result === "taken" && rest.length > 0;) {
      result = this.socket.write(rest.subarray(0, PIECE_BYTES));
      rest = rest.subarray(PIECE_BYTES);
    }
    this.body = rest.length > 0 ? rest : undefined;
    if (rest.length === 0) this.socket.end();
    this.startStallTimer();
  }

  /** An answer may take any time, as long as the client takes of it. */
  private startStallTimer(): void {
    this.waitingBytes = this.socket.bufferedAmount;
    this.startTimer();
  }

  /** The time is over: for the head, for an answer to be found, or for the client to take some of it. */
  timeCame(): void {
    if (!this.isAnswered) this.refuse(this.reader === undefined ? 503 : 408);
    else if (this.socket.bufferedAmount < this.waitingBytes) this.startStallTimer();
    else this.abort();
  }

  /** Gives the socket away. */
  upgrade(head: Uint8Array): Socket | undefined {
    if (this.isEnded || this.isAnswered) return undefined;
    this.isAnswered = true;
    this.end();
    this.socket.write(head);
    if (this.socket.isPaused) this.socket.resume();
    return this.socket;
  }

  private end(): void {
    if (this.isEnded) return;
    this.isEnded = true;
    this.body = undefined;
    clearTimer(this.timer);
    this.owner.ended(this);
  }

  private startTimer(): void {
    clearTimer(this.timer);
    this.timer = setTimer(timeCame, this.limits.requestTimeoutMs, this);
  }
}

function timeCame(exchange: HttpExchange): void {
  exchange.timeCame();
}

/** Header fields of a request that this library reads: they are kept, or the request is refused. */
const NEEDED_FIELDS: readonly string[] = Object.freeze([
  "host",
  "origin",
  "connection",
  "upgrade",
  "sec-websocket-key",
  "sec-websocket-version",
  "sec-websocket-protocol",
  "content-length",
  "transfer-encoding",
  "authorization",
  "access-control-request-headers",
]);

/** Bytes of an answer that are written at a time. */
const PIECE_BYTES = 4_096;

/** Header fields that say where the answer ends. */
const OWN_FIELDS: readonly string[] = Object.freeze(["content-length", "transfer-encoding", "connection"]);

class Context implements HttpListenerContext {
  readonly request: HttpListenerRequest;
  readonly response: HttpListenerResponse;
  private readonly exchange: HttpExchange;

  /** @throws HandshakeError where the head is not that of HTTP/1.1 or HTTP/1.0 */
  constructor(head: RequestHead, exchange: HttpExchange, socket: Socket) {
    this.exchange = exchange;
    this.request = readRequest(head, socket);
    this.response = new Response(exchange, this.request.httpMethod === "HEAD");
  }

  upgrade(headers: readonly (readonly [string, string])[]): Socket | undefined {
    return this.exchange.upgrade(encodeUtf8(formatHead(101, headers)));
  }
}

class Response implements HttpListenerResponse {
  statusCode = 200;
  contentType: string | undefined = undefined;
  isClosed = false;
  private readonly headers: (readonly [string, string])[] = [];
  private readonly exchange: HttpExchange;
  private readonly isBodiless: boolean;

  constructor(exchange: HttpExchange, isBodiless: boolean) {
    this.exchange = exchange;
    this.isBodiless = isBodiless;
  }

  setHeader(name: string, value: string): void {
    if (!isToken(name) || !isFieldValue(value))
      throw new OptionError(`The header ${JSON.stringify(name)} cannot be sent: a name is a token, a value one line.`);
    if (OWN_FIELDS.includes(name.toLowerCase()))
      throw new OptionError(`The header ${name} follows from the answer: leave it out.`);
    this.headers.push([name, value]);
  }

  close(body: string | Uint8Array = ""): void {
    if (this.isClosed) throw new InvalidStateError("The request was answered before: call close() once.");
    const bytes = typeof body === "string" ? encodeUtf8(body) : body;
    checkInteger("statusCode", this.statusCode, 200, 599);
    if (this.contentType !== undefined) this.setHeader("Content-Type", this.contentType);
    // RFC 9110, 8.6: no Content-Length where there is no content; 304 may tell that of another answer.
    const hasContent = this.statusCode !== 204 && this.statusCode !== 304;
    const length = hasContent ? [["Content-Length", String(bytes.length)] as const] : [];
    this.isClosed = true;
    // RFC 9110, 7.8: who sends Upgrade sends it as an option of Connection, too.
    const isUpgrade = this.headers.some((header) => header[0].toLowerCase() === "upgrade");
    const connection = ["Connection", isUpgrade ? "Upgrade, close" : "close"] as const;
    const head = encodeUtf8(formatHead(this.statusCode, [...this.headers, ...length, connection]));
    this.exchange.respond(head, this.isBodiless || !hasContent ? undefined : bytes);
  }
}

/** RFC 9112, 3: method, target and version, one space between them. */
function readRequestLine({ startLine, headers }: HttpHead): RequestHead {
  const first = startLine.indexOf(" ");
  const second = startLine.indexOf(" ", first + 1);
  return {
    method: startLine.slice(0, Math.max(0, first)),
    target: startLine.slice(first + 1, Math.max(0, second)),
    version: startLine.slice(second + 1),
    headers,
  };
}

function readRequest({ method, target, version, headers }: RequestHead, socket: Socket): HttpListenerRequest {
  const resource = resourceOf(target);
  const httpVersion = versionOf(version);
  if (httpVersion === undefined || !isToken(method) || resource === undefined)
    throw new HandshakeError(400, "The request line is not that of HTTP/1.1.");
  // RFC 9112, 3.2: 400 for an HTTP/1.1 request that "lacks a Host header field". Older ones have none.
  if (httpVersion === "1.1" && headers.get("host") === undefined)
    throw new HandshakeError(400, "The request has no Host.");
  const query = resource.indexOf("?");
  const path = query < 0 ? resource : resource.slice(0, query);
  return {
    httpMethod: method,
    rawUrl: target,
    path: path === "" ? "/" : path,
    httpVersion,
    headers,
    // RFC 9110, 7.8: "A server MUST ignore an Upgrade header field that is received in an HTTP/1.0 request."
    isWebSocketRequest: httpVersion === "1.1" && isUpgradeRequest(headers),
    remoteEndPoint: formatEndPoint(socket.remoteAddress, socket.remotePort),
    clientCertificate: socket.peerCertificate,
  };
}

/** RFC 9110, 2.5: a higher minor version is to be read as the highest that is known. */
function versionOf(text: string): "1.0" | "1.1" | undefined {
  if (text === "HTTP/1.0") return "1.0";
  return text.startsWith("HTTP/1.") && text.length === 8 && isDecimal(text.slice(7)) ? "1.1" : undefined;
}

function formatHead(statusCode: number, headers: readonly (readonly [string, string])[]): string {
  let head = `HTTP/1.1 ${statusCode} ${REASONS[statusCode] ?? "Status"}\r\n`;
  for (const header of headers) head += `${header.join(": ")}\r\n`;
  return `${head}\r\n`;
}

/** Reason phrases (RFC 9110, 15) of the statuses that this library and its samples answer with. */
const REASONS: Readonly<Record<number, string>> = Object.freeze({
  101: "Switching Protocols",
  200: "OK",
  204: "No Content",
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  408: "Request Timeout",
  414: "URI Too Long",
  421: "Misdirected Request",
  426: "Upgrade Required",
  431: "Request Header Fields Too Large",
  500: "Internal Server Error",
  503: "Service Unavailable",
});
