/** A POST request without a body, for negotiation: one connection, a bounded answer. */

import type { ConnectHandlers, Socket } from "#network";
import { clearTimer, decodeUtf8, encodeUtf8, setTimer, type TimerHandle } from "#platform";
import { openSocket, type SocketRequest } from "../clientsocket.js";
import { isDecimal } from "../protocol/characters.js";
import { AbortedError, networkError, TimeoutError, type WebSocketError } from "../protocol/errors.js";
import { createAnswerReader, statusOf } from "../protocol/clienthandshake.js";
import type { HttpHead, HttpHeadReader } from "../protocol/httphead.js";
import { decodeChunked } from "./chunked.js";
import { NegotiationError } from "./errors.js";

/** What is asked for. */
export interface HttpPostRequest extends SocketRequest {
  readonly headers: Iterable<readonly [name: string, value: string]>;
  /** Largest body of the answer, in bytes. */
  readonly maximumBodyBytes: number;
}

/** What a server answered. */
export interface HttpAnswer {
  readonly statusCode: number;
  readonly body: string;
}

/** One request. */
export class HttpPost implements ConnectHandlers {
  /** Resolves with the answer. Rejects with NetworkError, TlsError, TimeoutError, AbortedError, NegotiationError. */
  readonly answer: Promise<HttpAnswer>;
  private readonly request: HttpPostRequest;
  private readonly reader: HttpHeadReader;
  private readonly socket: Socket;
  private readonly timer: TimerHandle;
  private head: HttpHead | undefined = undefined;
  private body: Uint8Array = new Uint8Array(0);
  private isOver = false;
  private resolve: (answer: HttpAnswer) => void = () => undefined;
  private reject: (error: WebSocketError) => void = () => undefined;

  constructor(request: HttpPostRequest) {
    const { connectTimeout, maxHeadBytes } = request.settings;
    this.request = request;
    this.reader = createAnswerReader(maxHeadBytes);
    this.answer = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    this.socket = openSocket(request, this);
    this.timer = setTimer(() => {
      this.fail(new TimeoutError(`No answer to the negotiation within ${connectTimeout} ms (connectTimeout).`));
    }, connectTimeout);
  }

  open(): void {
    const { uri, headers } = this.request;
    const lines = [
      `POST ${uri.resourceName} HTTP/1.1`,
      `Host: ${uri.hostHeader}`,
      "Content-Length: 0",
      "Connection: close",
    ];
    for (const [name, value] of headers) lines.push(`${name}: ${value}`);
    this.socket.write(encodeUtf8(`${lines.join("\r\n")}\r\n\r\n`));
  }

  data(bytes: Uint8Array): void {
    if (this.isOver) return;
    try {
      const rest = this.head === undefined ? this.headReceived(bytes) : bytes;
      if (rest !== undefined) this.bodyReceived(rest);
    } catch (error) {
      this.fail(error instanceof NegotiationError ? error : unreadable(error));
    }
  }

  drain(): void {
    // The request is one piece: nothing waits for room.
  }

  close(cause?: Error): void {
    if (this.isOver) return;
    const { host, port } = this.request.uri;
    if (cause === undefined && this.head !== undefined && !hasLength(this.head)) this.finish(this.head, this.body);
    else this.fail(networkError(`Cannot negotiate with ${host}, port ${port}.`, cause));
  }

  /** Gives the request up. */
  abort(): void {
    this.fail(new AbortedError());
  }

  private headReceived(bytes: Uint8Array): Uint8Array | undefined {
    const rest = this.reader.read(bytes);
    if (rest !== undefined) this.head = this.reader.head;
    return rest;
  }

  private bodyReceived(bytes: Uint8Array): void {
    const { head } = this;
    const { maximumBodyBytes } = this.request;
    if (head === undefined) return;
    if (this.body.length + bytes.length > maximumBodyBytes)
      throw new NegotiationError(statusOf(head.startLine), `The answer has more than ${maximumBodyBytes} bytes.`);
    const body = new Uint8Array(this.body.length + bytes.length);
    body.set(this.body);
    body.set(bytes, this.body.length);
    this.body = body;
    const whole = wholeBody(head, body);
    if (whole !== undefined) this.finish(head, whole);
  }

  private finish(head: HttpHead, body: Uint8Array): void {
    try {
      const answer = { statusCode: statusOf(head.startLine), body: decodeUtf8(body, 0, body.length) };
      this.end();
      this.resolve(answer);
    } catch (error) {
      this.fail(unreadable(error));
    }
  }

  private fail(error: WebSocketError): void {
    if (this.isOver) return;
    this.end();
    this.reject(error);
  }

  private end(): void {
    this.isOver = true;
    clearTimer(this.timer);
    this.socket.destroy();
  }
}

function hasLength({ headers }: HttpHead): boolean {
  return headers.get("content-length") !== undefined || headers.hasToken("transfer-encoding", "chunked");
}

/** The body, once it is there; undefined where more is to come. */
function wholeBody({ headers }: HttpHead, bytes: Uint8Array): Uint8Array | undefined {
  if (headers.hasToken("transfer-encoding", "chunked")) return decodeChunked(bytes);
  const length = headers.get("content-length");
  if (length === undefined) return undefined;
  if (!isDecimal(length)) throw new NegotiationError(0, "The Content-Length of the answer is not a number.");
  return bytes.length < Number(length) ? undefined : bytes.subarray(0, Number(length));
}

function unreadable(cause: unknown): NegotiationError {
  return new NegotiationError(0, "The answer to the negotiation cannot be read.", { cause });
}
