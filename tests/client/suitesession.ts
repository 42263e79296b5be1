/** A client of suite.ts, and what it is told of the servers. */

import {
  ClientWebSocket,
  WebSocketMessageType,
  WebSocketState,
  type ClientWebSocketOptions,
  type ConnectionClosedEventArgs,
  type WebSocketError,
} from "xs-websockets/client";
import { assert, assertEqual, codeOf } from "../support/assertions.js";
import { EventLog } from "../support/eventlog.js";

/** Where the servers of suiteservers.ts are. */
export interface SuiteSettings {
  /** Ports of 127.0.0.1. `answers` does what the path of the request says. */
  readonly ports: Readonly<
    Record<
      | "answers"
      | "echo"
      | "closed"
      | "silent"
      | "right"
      | "untrusted"
      | "expired"
      | "wrongHost"
      | "onlyTls13"
      // Wants a client's certificate, and is *.test.example.
      | "mutual",
      number
    >
  >;
  /** The certificate that `right` leads to: DER in base64. */
  readonly authority: string;
  /** What a client may show at `mutual`, RSA: certificate and PKCS #8, DER in base64. The host has stored it, too. */
  readonly identity: Readonly<Record<"clientCertificate" | "clientPrivateKey", string>>;
}

/** A client whose events are recorded. */
export class Session extends EventLog {
  readonly client: ClientWebSocket;
  readonly ends: ConnectionClosedEventArgs[] = [];

  constructor(options: ClientWebSocketOptions = {}) {
    super();
    this.client = new ClientWebSocket(options);
    this.client.onMessageReceived = (sender, e) => {
      const { messageType, text, buffer } = e.frame;
      this.record(messageType === WebSocketMessageType.Text ? `text ${text}` : `binary ${buffer.join(" ")}`);
      return options.onMessageReceived?.(sender, e);
    };
    this.client.onPingReceived = (_sender, payload) => {
      this.record(`ping ${payload.join(" ")}`);
    };
    this.client.onPongReceived = (_sender, payload) => {
      this.record(`pong ${payload.join(" ")}`);
    };
    this.client.onConnectionClosed = (_sender, e) => {
      this.ends.push(e);
      this.record(["closed", e.closeStatus, e.wasClean ? "clean" : "unclean", e.error?.code ?? ""].join(" ").trim());
    };
  }

  /** Connects, and expects that it fails with this code, and with one event. */
  async failure(url: string, code: string): Promise<WebSocketError> {
    const error = await this.client.connect(url).then(
      () => undefined,
      (reason: unknown) => reason as WebSocketError,
    );
    assert(error !== undefined, `${url} connects`);
    assertEqual(codeOf(error), code, `code of "${error.message}"`);
    assertEqual(this.events.at(-1), `closed 1006 unclean ${code}`, "event");
    assertEqual(this.client.state, WebSocketState.Closed, "state");
    return error;
  }
}
