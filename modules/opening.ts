/** One attempt to open a client's connection: socket, upgrade request, answer; under one time limit. */

import type { ConnectHandlers, Socket } from "#network";
import { clearTimer, encodeUtf8, setTimer, type TimerHandle } from "#platform";
import { openSocket, type SocketRequest } from "./clientsocket.js";
import { AbortedError, HandshakeError, networkError, TimeoutError, WebSocketError } from "./protocol/errors.js";
import {
  checkUpgradeAnswer,
  createAnswerReader,
  createKey,
  formatUpgradeRequest,
  statusOf,
} from "./protocol/clienthandshake.js";
import { decodeLatin1, type HttpHeadReader } from "./protocol/httphead.js";
import type { HttpHeaders } from "./protocol/httpheaders.js";

/** Bytes of a refusal's body that its error tells. */
const MAX_TOLD_BODY_BYTES = 512;

/** Answers such as 103 (Early Hints) that are passed over. */
const MAX_INTERIM_ANSWERS = 4;

/** Whom an attempt tells. One of the two is called, once, and never from within the constructor. */
export interface OpeningEvents {
  /** The server agreed. `bytes` came behind its answer: they are the first frames. */
  opened(socket: Socket, bytes: Uint8Array, subprotocol: string | undefined): void;
  /** There is no connection, and nothing is left of the attempt. */
  failed(error: WebSocketError): void;
}

/** What is asked for. */
export interface OpeningRequest extends SocketRequest {
  readonly headers: Iterable<readonly [name: string, value: string]>;
}

/** An attempt. */
export class Opening implements ConnectHandlers {
  private readonly request: OpeningRequest;
  private readonly events: OpeningEvents;
  private readonly key = createKey();
  private reader: HttpHeadReader;
  private readonly socket: Socket;
  private readonly timer: TimerHandle;
  private interimCount = 0;
  private isOver = false;
  private refusal: Refusal | undefined = undefined;

  constructor(request: OpeningRequest, events: OpeningEvents) {
    const { connectTimeout, maxHeadBytes } = request.settings;
    this.request = request;
    this.events = events;
    this.reader = createAnswerReader(maxHeadBytes);
    this.socket = openSocket(request, this);
    this.timer = setTimer(() => {
      this.fail(
        this.refusal?.toError() ?? new TimeoutError(`No connection within ${connectTimeout} ms (connectTimeout).`),
      );
    }, connectTimeout);
  }

  open(): void {
    const { uri, settings, headers } = this.request;
    this.socket.write(encodeUtf8(formatUpgradeRequest(uri, this.key, settings.subprotocols, headers)));
  }

  data(bytes: Uint8Array): void {
    if (this.isOver) return;
    try {
      if (this.refusal === undefined) this.headReceived(bytes);
      else this.bodyReceived(this.refusal, bytes);
    } catch (error) {
      this.fail(answerError(error));
    }
  }

  drain(): void {
    // The request is one piece: nothing waits for room.
  }

  close(cause?: Error): void {
    const { host, port } = this.request.uri;
    this.fail(this.refusal?.toError() ?? networkError(`Cannot connect to ${host}, port ${port}.`, cause));
  }

  /** Gives the attempt up. */
  abort(): void {
    this.fail(new AbortedError());
  }

  private headReceived(bytes: Uint8Array): void {
    const rest = this.readHead(bytes);
    if (rest === undefined) return;
    const { head } = this.reader;
    const status = statusOf(head.startLine);
    if (status < 200 && status !== 101) return this.interimReceived(rest);
    if (status !== 101) {
      this.refusal = new Refusal(status, head.headers);
      return this.bodyReceived(this.refusal, rest);
    }
    const subprotocol = checkUpgradeAnswer(head.headers, this.key, this.request.settings.subprotocols);
    this.end();
    this.events.opened(this.socket, rest, subprotocol);
  }

  /** A head that cannot be read to its end has told its status perhaps. */
  private readHead(bytes: Uint8Array): Uint8Array | undefined {
    try {
      return this.reader.read(bytes);
    } catch (error) {
      const { startLine, headers } = this.reader;
      const status = startLine === undefined ? 0 : statusOf(startLine);
      if (status >= 200) throw new Refusal(status, headers).toError();
      throw status === 101 && error instanceof HandshakeError ? new HandshakeError(101, error.message) : error;
    }
  }

  /** RFC 9110, 15.2: "A client MUST be able to parse one or more 1xx responses received prior to a final response". */
  private interimReceived(rest: Uint8Array): void {
    if (++this.interimCount > MAX_INTERIM_ANSWERS)
      throw new HandshakeError(0, "The server gives interim answers (1xx) without end.");
    this.reader = createAnswerReader(this.request.settings.maxHeadBytes);
    if (rest.length > 0) this.headReceived(rest);
  }

  private bodyReceived(refusal: Refusal, bytes: Uint8Array): void {
    if (refusal.add(bytes)) this.fail(refusal.toError());
  }

  private fail(error: WebSocketError): void {
    if (this.isOver) return;
    this.end();
    this.socket.destroy();
    this.events.failed(error);
  }

  private end(): void {
    this.isOver = true;
    clearTimer(this.timer);
  }
}

/** An answer other than 101. */
class Refusal {
  private body = "";
  private readonly expected: number;
  private readonly isChunked: boolean;
  private readonly status: number;
  private readonly headers: HttpHeaders;

  constructor(status: number, headers: HttpHeaders) {
    this.status = status;
    this.headers = headers;
    this.isChunked = headers.hasToken("transfer-encoding", "chunked");
    const length = this.isChunked ? undefined : headers.get("content-length");
    this.expected = hasNoBody(status) ? 0 : Math.min(Number(length ?? MAX_TOLD_BODY_BYTES), MAX_TOLD_BODY_BYTES);
  }

  /** @returns whether enough of the body has come */
  add(bytes: Uint8Array): boolean {
    this.body += decodeLatin1(bytes.subarray(0, MAX_TOLD_BODY_BYTES - this.body.length));
    return !(this.body.length < this.expected) || (this.isChunked && this.body.endsWith(LAST_CHUNK));
  }

  toError(): HandshakeError {
    const { headers } = this;
    const message = `The server answered ${this.status} instead of 101.`;
    const body = this.isChunked ? joinChunks(this.body) : this.body;
    return new HandshakeError(this.status, message, { headers, body });
  }
}

/** RFC 9112, 7.1: a chunk of no bytes, and no trailer. */
const LAST_CHUNK = "0\r\n\r\n";

/** RFC 9112, 6.3: these end with their head. */
function hasNoBody(status: number): boolean {
  return status < 200 || status === 204 || status === 304;
}

/** The data of a body in chunks (RFC 9112, 7.1), as far as it is there. */
function joinChunks(text: string): string {
  let data = "";
  let at = 0;
  for (;;) {
    const lineEnd = text.indexOf("\r\n", at);
    const size = lineEnd < 0 ? 0 : parseInt(text.slice(at, lineEnd), 16);
    if (!(size > 0)) return data;
    data += text.slice(lineEnd + 2, lineEnd + 2 + size);
    at = lineEnd + 2 + size + 2;
  }
}

/** What is told of an answer that is refused. One that cannot be read has no status: the reader's is a server's. */
function answerError(error: unknown): WebSocketError {
  if (error instanceof HandshakeError && error.answer === undefined && error.statusCode >= 400)
    return new HandshakeError(0, `The server's answer cannot be read. ${error.message}`);
  if (error instanceof WebSocketError) return error;
  return networkError("The server's answer cannot be read.", error instanceof Error ? error : new Error(String(error)));
}
