/** The client (.NET nanoFramework `ClientWebSocket`). */

import { createDeflate, log, type DeflateExtension, type DeflateOption } from "#platform";
import { ClientWebSocketHeaders, type HeadersInit } from "./client/headers.js";
import {
  resolveCertificates,
  resolveClientOptions,
  SslVerification,
  type ClientCertificates,
  type ClientSettings,
  type ClientWebSocketLimits,
  type ResolvedCertificates,
  type SslProtocols,
} from "./client/options.js";
import { Opening, type Opened } from "./client/attempt.js";
import { Role, WebSocketState, type WebSocketCloseStatus } from "./common/constants.js";
import { ENDED_WITHOUT_CLOSE } from "./protocol/closing.js";
import { InvalidStateError, OptionError, ProtocolError, type WebSocketError } from "./common/errors.js";
import type { HttpHeaders } from "./common/headers.js";
import { checkHandlers, checkOptions } from "./common/options.js";
import { parseWebSocketUri, uriText, type WebSocketUri } from "./common/uri.js";
import { Connection, tellConnectionClosed } from "./websocket/connection.js";
import { WebSocket } from "./websocket/websocket.js";

export { ClientWebSocketHeaders, type HeadersInit } from "./client/headers.js";
export { SslProtocols, SslVerification } from "./client/options.js";
export type { ClientCertificates, ClientWebSocketLimits } from "./client/options.js";
export { FragmentationType, WebSocketCloseStatus, WebSocketMessageType, WebSocketState } from "./common/constants.js";
export {
  AbortedError,
  HandshakeError,
  InvalidStateError,
  NetworkError,
  OptionError,
  ProtocolError,
  TimeoutError,
  TlsError,
  WebSocketError,
} from "./common/errors.js";
export type { ErrorDetails, HandshakeAnswer } from "./common/errors.js";
export type { HttpHeaders } from "./common/headers.js";
export type { WebSocketOptions } from "./common/options.js";
export type { DeflateOption, PermessageDeflateOptions } from "#platform";
export type {
  BinaryData,
  ConnectionClosedEventArgs,
  Handler,
  MessageReceivedEventArgs,
  MessageReceivedFrame,
  WebSocket,
} from "./websocket/websocket.js";

/** Options of a {@link ClientWebSocket} (.NET nanoFramework `ClientWebSocketOptions`, and limits of our own). */
export interface ClientWebSocketOptions extends ClientWebSocketLimits, ClientCertificates, DeflateOption {
  /** Becomes the client's `onMessageReceived`. */
  readonly onMessageReceived?: WebSocket["onMessageReceived"];
  /** Becomes the client's `onConnectionClosed`. */
  readonly onConnectionClosed?: WebSocket["onConnectionClosed"];
  /** Becomes the client's `onDrained`. */
  readonly onDrained?: WebSocket["onDrained"];
}

/** A WebSocket client. It may connect again after its connection is closed. */
export class ClientWebSocket extends WebSocket {
  protected override readonly settings: ClientSettings;
  private readonly certificates: ResolvedCertificates;
  private uri: WebSocketUri | undefined = undefined;
  private opening: Opening | undefined = undefined;
  private chosenSubprotocol: string | undefined = undefined;
  /** Declared, so that it takes no memory where nothing is compressed. */
  declare private readonly deflate?: DeflateExtension<ClientSettings>;
  private responseHeaders: HttpHeaders | undefined = undefined;
  private endState: WebSocketState = WebSocketState.None;

  /**
   * Makes a client, which connects from `connect` on.
   *
   * @throws OptionError where an option is out of its range, or options contradict each other
   */
  constructor(options: ClientWebSocketOptions = {}) {
    checkOptions("ClientWebSocket", options, "{ subprotocols: [] }, and connect() takes the URL");
    const { certificate, clientCertificate, clientPrivateKey, ...others } = options;
    const { onMessageReceived, onConnectionClosed, onDrained, permessageDeflate, ...limits } = others;
    checkHandlers({ onMessageReceived, onConnectionClosed, onDrained });
    const settings = resolveClientOptions(limits);
    const deflate = createDeflate(permessageDeflate, settings, { OptionError, ProtocolError });
    super();
    this.settings = settings;
    if (deflate !== undefined) this.deflate = deflate;
    this.certificates = resolveCertificates({ certificate, clientCertificate, clientPrivateKey }, settings);
    this.onMessageReceived = onMessageReceived;
    this.onConnectionClosed = onConnectionClosed;
    this.onDrained = onDrained;
    if (settings.sslVerification === SslVerification.NoVerification)
      log("xs-websockets: SslVerification.NoVerification was asked for: the server can be anyone.");
  }

  override get isServer(): boolean {
    return false;
  }

  override get state(): WebSocketState {
    if (this.opening !== undefined) return WebSocketState.Connecting;
    return this.protocol?.state ?? this.endState;
  }

  /** Whether the connection uses TLS. */
  get isSSL(): boolean {
    return this.uri?.isSecure ?? false;
  }

  /** The host of the URI; "" before `connect`. */
  get host(): string {
    return this.uri?.host ?? "";
  }

  /** The port of the URI; 0 before `connect`. */
  get port(): number {
    return this.uri?.port ?? 0;
  }

  /** The path of the URI; "" before `connect`. */
  get prefix(): string {
    return this.uri?.path ?? "";
  }

  /** The subprotocol that the server chose; undefined for none. */
  get subprotocol(): string | undefined {
    return this.chosenSubprotocol;
  }

  /** What the server agreed to of extensions: permessage-deflate and its parameters; "" for nothing. */
  get extensions(): string {
    return this.protocol?.settings.deflater?.parameters ?? "";
  }

  /**
   * The header fields of the answer that opened the connection, such as the cookies of a balancer, until `connect` is
   * called again; undefined unless `collectHttpResponseDetails` is true. Of those of a refusal a HandshakeError tells.
   */
  get httpResponseHeaders(): HttpHeaders | undefined {
    return this.responseHeaders;
  }

  /** The lowest TLS version that is accepted. */
  get sslProtocol(): SslProtocols {
    return this.settings.sslProtocol;
  }

  /** Whether the server's certificate is verified. */
  get sslVerification(): SslVerification {
    return this.settings.sslVerification;
  }

  /** Whether authorities were given to trust instead of the host's own list. */
  get useCustomCertificate(): boolean {
    return this.certificates.authorities.length > 0;
  }

  /** Whether a server that asks for a certificate is shown the one that is stored on the device. */
  get useStoredDeviceCertificate(): boolean {
    return this.settings.useStoredDeviceCertificate;
  }

  /**
   * Connects. Whatever becomes of it, `onConnectionClosed` is called once for each call that was not a mistake: after
   * a failure before the promise rejects, otherwise when the connection is over.
   *
   * @param uri ws://host:port/path or wss://host:port/path, or a URL object with such a one
   * @param headers header fields to add to the request
   * @returns resolves when the state is Open
   * @throws (rejects) OptionError (URI, headers), InvalidStateError (it is connecting or connected), NetworkError, TlsError,
   *   TimeoutError (connectTimeout), HandshakeError (not 101, or not RFC 6455), or AbortedError (`close` or `abort` was
   *   called meanwhile)
   */
  async connect(uri: string | { readonly href: string }, headers: HeadersInit = []): Promise<void> {
    if (this.state !== WebSocketState.None && !this.isClosed)
      throw new InvalidStateError(
        "The ClientWebSocket is in use: close it, and connect again after onConnectionClosed.",
      );
    const fields = new ClientWebSocketHeaders(headers);
    const target = parseWebSocketUri(uriText(uri));
    this.uri = target;
    this.protocol = undefined;
    this.chosenSubprotocol = undefined;
    this.responseHeaders = undefined;
    this.endState = WebSocketState.Closed;
    await new Promise<void>((resolve, reject) => {
      const { settings, certificates, deflate } = this;
      const request = { uri: target, headers: fields, settings, certificates, deflate };
      const failed = (error: WebSocketError): void => {
        this.failed(error);
        reject(error);
      };
      try {
        this.opening = new Opening(request, {
          opened: (opened) => {
            this.opened(opened, resolve);
          },
          failed,
        });
      } catch (error) {
        failed(error as WebSocketError);
      }
    });
  }

  override close(closeStatus?: WebSocketCloseStatus, statusDescription?: string): void {
    if (this.opening !== undefined) this.opening.abort();
    else super.close(closeStatus, statusDescription);
  }

  override abort(): void {
    if (this.opening !== undefined) {
      this.endState = WebSocketState.Aborted;
      this.opening.abort();
    } else super.abort();
  }

  private opened({ socket, subprotocol, headers, deflater }: Opened, resolve: () => void): void {
    this.opening = undefined;
    this.chosenSubprotocol = subprotocol;
    if (this.settings.collectHttpResponseDetails) this.responseHeaders = headers;
    this.protocol = new Connection(this, Role.Client, socket, this.settings, deflater).protocol;
    resolve();
  }

  private failed(error: WebSocketError): void {
    this.opening = undefined;
    tellConnectionClosed(this, { ...ENDED_WITHOUT_CLOSE, error });
  }
}
