/** One HTTP request of a client and its answer: one connection, one time limit. */

import type { ConnectHandlers, NetworkFailure, Socket } from "#network";
import { clearTimer, encodeUtf8, now, setTimer, type TimerHandle } from "#platform";
import {
  AbortedError,
  type Failure,
  HandshakeError,
  NetworkError,
  networkError,
  TimeoutError,
  type WebSocketError,
} from "../common/errors.js";
import type { HttpHeaders } from "../common/headers.js";
import type { WebSocketUri } from "../common/uri.js";
import { AnswerReader, type AnswerRules, type HttpAnswer } from "./answer.js";

/** Milliseconds that the body of a refusal is waited for: it is not to hold up what the status tells. */
const REFUSAL_TIMEOUT = 1_000;

/** What is asked, and what is wanted of the answer. */
export interface HttpRequestSettings extends AnswerRules {
  /** Where to; for messages. */
  readonly uri: WebSocketUri;
  /** Opens the connection. */
  readonly connect: (handlers: ConnectHandlers) => Socket;
  /** The whole request. */
  readonly text: string;
  /** Milliseconds for all of it. */
  readonly connectTimeout: number;
}

/** The listener of a request. One of the three is called, once, and never from within the constructor. */
export interface HttpRequestEvents {
  /** The 101 that was wanted has come. The socket is the callee's, and paused; what came behind the answer is unread. */
  switched(socket: Socket, headers: HttpHeaders): void;
  /** Another answer has come: whole if it is the wanted one, else as far as it goes. Nothing is left of the connection. */
  answered(answer: HttpAnswer): void;
  /** There is no answer that can be read, and nothing is left of the connection. */
  failed(error: WebSocketError): void;
}

/** A request. */
export class HttpRequest implements ConnectHandlers {
  private readonly settings: HttpRequestSettings;
  private readonly events: HttpRequestEvents;
  private readonly reader: AnswerReader;
  private readonly socket: Socket;
  private readonly endsAt: number;
  private timer: TimerHandle;
  private isConnected = false;
  private isHurried = false;
  private isOver = false;

  /** @throws NetworkError where the host cannot even begin */
  constructor(settings: HttpRequestSettings, events: HttpRequestEvents) {
    this.settings = settings;
    this.events = events;
    this.reader = new AnswerReader(settings);
    try {
      this.socket = settings.connect(this);
    } catch (cause) {
      throw networkError("The connection cannot be begun.", toFailure(cause));
    }
    this.endsAt = now() + settings.connectTimeout;
    this.timer = this.startTimer(settings.connectTimeout);
  }

  /** Gives the request up. */
  abort(): void {
    this.fail(new AbortedError());
  }

  opened(): void {
    this.isConnected = true;
    this.socket.write(encodeUtf8(this.settings.text));
  }

  received(bytes: Uint8Array): void {
    if (this.isOver) return;
    let rest: Uint8Array | undefined;
    try {
      rest = this.reader.read(bytes);
    } catch (error) {
      return this.brokenOff(unreadable(error));
    }
    if (rest === undefined) return this.hurry();
    if (rest.length > 0) {
      this.socket.pause();
      this.socket.unread(rest);
    }
    this.finish();
  }

  drained(): void {
    // The request is one piece: nothing waits for room.
  }

  closed(failure?: NetworkFailure): void {
    if (this.isOver) return;
    if (failure === undefined && this.reader.end()) this.finish();
    else this.brokenOff(networkError(this.closedMessage(), failure));
  }

  private startTimer(delayMs: number): TimerHandle {
    return setTimer(() => {
      const { connectTimeout } = this.settings;
      this.brokenOff(new TimeoutError(`No connection within ${connectTimeout} ms (connectTimeout).`));
    }, delayMs);
  }

  /** A refusal gets little time for the rest of it. */
  private hurry(): void {
    if (this.isHurried || !this.reader.isRefusal) return;
    this.isHurried = true;
    clearTimer(this.timer);
    this.timer = this.startTimer(Math.max(0, Math.min(REFUSAL_TIMEOUT, this.endsAt - now())));
  }

  /** Nothing more comes. A refusal is told as it is, as its status says more than its end. */
  private brokenOff(error: WebSocketError): void {
    if (this.reader.isRefusal) this.finish();
    else this.fail(error);
  }

  private finish(): void {
    if (this.isOver) return;
    this.end();
    const { socket, reader, events } = this;
    const { answer } = reader;
    if (answer.statusCode === 101 && this.settings.wantedStatus === 101) {
      // Also where nothing more has come: on XS it may, before whoever waits for the answer has its turn.
      socket.pause();
      return events.switched(socket, answer.headers);
    }
    socket.destroy();
    events.answered(answer);
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

  private closedMessage(): string {
    const { host, port, isSecure } = this.settings.uri;
    if (!this.isConnected) return `Cannot connect to ${host}, port ${port}.`;
    if (this.reader.isBegun) return `The connection to ${host}, port ${port}, ended within the answer.`;
    const advice = isSecure ? "" : " If it speaks TLS, write wss:// (https://).";
    return `${host}, port ${port}, took the connection and ended it without an answer.${advice}`;
  }
}

/** The start of a request (RFC 9112, 3): its own fields, and those of the caller, among them perhaps another Host. */
export function formatRequest(
  method: "GET" | "POST",
  uri: WebSocketUri,
  fields: readonly string[],
  headers: Iterable<readonly [name: string, value: string]>,
): string {
  const lines = [...fields];
  let host = uri.hostHeader;
  for (const header of headers)
    if (header[0].toLowerCase() === "host") host = header[1];
    else lines.push(header.join(": "));
  return `${[`${method} ${uri.resourceName} HTTP/1.1`, `Host: ${host}`, ...lines].join("\r\n")}\r\n\r\n`;
}

function unreadable(error: unknown): WebSocketError {
  const message = "The server's answer cannot be read.";
  if (!(error instanceof HandshakeError)) return new NetworkError(message, { cause: error });
  return new HandshakeError(error.statusCode, `${message} ${error.message}`);
}

/** What a host threw before there was a connection, such as for a stored certificate that cannot be read. */
function toFailure(cause: unknown): Failure {
  const { code = "ERR_NETWORK", message = String(cause) } = cause as Partial<Failure>;
  return { code, message, cause };
}
