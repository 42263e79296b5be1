/** One attempt to open a client's connection: the upgrade request, and what becomes of the answer. */

import type { Socket } from "#network";
import type { DeflateExtension } from "#platform";
import { openSocket, type SocketRequest } from "./dial.js";
import type { HttpAnswer } from "../http/answer.js";
import { describeContent, describeStatus, textOf } from "../http/describe.js";
import { formatRequest, HttpRequest, type HttpRequestEvents } from "../http/request.js";
import {
  checkUpgradeAnswer,
  createKey,
  UPGRADE_ANSWER_FIELDS,
  upgradeFields,
  type UpgradeAnswer,
} from "../handshake/client.js";
import { HandshakeError, type WebSocketError } from "../common/errors.js";
import type { HttpHeaders } from "../common/headers.js";
import type { AgreedSettings, ConnectionSettings } from "../common/options.js";

/** The listener of an attempt. One of the two is called, once, and never from within the constructor. */
export interface OpeningEvents {
  /** The server agreed. */
  opened(opened: Opened): void;
  /** There is no connection, and nothing is left of the attempt. */
  failed(error: WebSocketError): void;
}

/** What an attempt has led to. */
export interface Opened {
  /** Paused: the first frames wait. */
  readonly socket: Socket;
  readonly subprotocol: string | undefined;
  /** Where messages may be compressed. */
  readonly deflater: AgreedSettings["deflater"];
  /** The fields of the answer. */
  readonly headers: HttpHeaders;
}

/** What is asked for. */
export interface OpeningRequest extends SocketRequest {
  readonly headers: Iterable<readonly [name: string, value: string]>;
  /** What is offered to the server. */
  readonly deflate: DeflateExtension<ConnectionSettings> | undefined;
}

/** An attempt. */
export class Opening implements HttpRequestEvents {
  private readonly events: OpeningEvents;
  private readonly subprotocols: readonly string[];
  private readonly deflate: DeflateExtension<ConnectionSettings> | undefined;
  private readonly key = createKey();
  private readonly exchange: HttpRequest;

  /** @throws NetworkError where the host cannot even begin */
  constructor(request: OpeningRequest, events: OpeningEvents) {
    const { uri, headers, deflate } = request;
    const { connectTimeout, maxHeadBytes, subprotocols } = request.settings;
    this.events = events;
    this.subprotocols = subprotocols;
    this.deflate = deflate;
    this.exchange = new HttpRequest(
      {
        uri,
        connect: (handlers) => openSocket(request, handlers),
        text: formatRequest("GET", uri, upgradeFields(this.key, subprotocols, deflate), headers),
        connectTimeout,
        maxHeadBytes,
        wantedStatus: 101,
        neededFields: UPGRADE_ANSWER_FIELDS,
        maxBodyBytes: 0,
      },
      this,
    );
  }

  /** Gives the attempt up. */
  abort(): void {
    this.exchange.abort();
  }

  switched(socket: Socket, headers: HttpHeaders): void {
    let answer: UpgradeAnswer;
    try {
      answer = checkUpgradeAnswer(headers, this.key, this.subprotocols, this.deflate);
    } catch (error) {
      socket.destroy();
      return this.failed(error as WebSocketError);
    }
    this.events.opened({ socket, headers, ...answer });
  }

  answered(answer: HttpAnswer): void {
    const body = textOf(answer.body);
    const message = `The server answered ${describeStatus(answer)} instead of 101.${describeContent(answer, body)}`;
    this.failed(new HandshakeError(answer.statusCode, message, { headers: answer.headers, body }));
  }

  failed(error: WebSocketError): void {
    this.events.failed(error);
  }
}
