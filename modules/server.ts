/** The server: a pool of clients, alone on a port or inside an HttpListener (.NET nanoFramework `WebSocketServer`). */

// For `using`, also in the project of whoever reads the declarations of this module.
/// <reference lib="esnext.disposable" preserve="true" />

import type { Socket } from "#network";
import { encodeUtf8, log, now, type DeflateOption } from "#platform";
import { tellClosed, whenRejected, type Handler } from "./common/handlers.js";
import { HttpListener, type HttpListenerContext, type HttpListenerOptions, type HttpListenerRequest } from "./http.js";
import { Opcode, Role, WebSocketCloseStatus } from "./common/constants.js";
import { HandshakeError, InvalidStateError } from "./common/errors.js";
import { encodeMessage } from "./protocol/framewriter.js";
import { checkHandlers, checkOptions } from "./common/options.js";
import type { UpgradeHeaders } from "./handshake/server.js";
import { ServerClient, type ClientOwner } from "./server/accepted.js";
import { Admission } from "./server/admission.js";
import { checkAlone, resolveServerOptions } from "./server/options.js";
import type { AcceptHook, ServerSettings, WebSocketServerLimits } from "./server/options.js";
import type { WebSocketClosedEventArgs, WebSocketOpenedEventArgs } from "./server/accepted.js";
import { bytesOf, checkFragmentSize, type BinaryData, type WebSocket } from "./websocket/websocket.js";
import type { TlsServerOptions } from "./server/tlsoptions.js";
import type { MessageReceivedEventArgs } from "./websocket/websocket.js";

export type { AcceptDecision, AcceptHook, Refusal, WebSocketServerLimits } from "./server/options.js";
export type { TlsServerOptions } from "./server/tlsoptions.js";
export type { WebSocketClosedEventArgs, WebSocketOpenedEventArgs } from "./server/accepted.js";
export type { HttpListenerContext, HttpListenerRequest } from "./http.js";
export { WebSocketCloseStatus, WebSocketState, WebSocketMessageType, FragmentationType } from "./common/constants.js";
export { AbortedError, HandshakeError, InvalidStateError, NetworkError, OptionError } from "./common/errors.js";
export { ProtocolError, TimeoutError, TlsError, WebSocketError } from "./common/errors.js";
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

/** Requests beside those of clients: browsers open connections ahead, and ask for icons. */
const SPARE_REQUESTS = 4;

/** Options of a {@link WebSocketServer}. */
export interface WebSocketServerOptions extends WebSocketServerLimits, TlsServerOptions, DeflateOption {
  /** Stand-alone: the local address to listen on, where the host can choose (Node.js). */
  readonly address?: string;
  /** Looks at each request before it is accepted. */
  readonly acceptClient?: AcceptHook;
  /** Becomes the server's `onMessageReceived`. */
  readonly onMessageReceived?: WebSocketServer["onMessageReceived"];
  /** Becomes the server's `onWebSocketOpened`. */
  readonly onWebSocketOpened?: WebSocketServer["onWebSocketOpened"];
  /** Becomes the server's `onWebSocketClosed`. */
  readonly onWebSocketClosed?: WebSocketServer["onWebSocketClosed"];
}

/** A WebSocket server. Its handlers may be async: the rejection of a promise is what an exception is. */
export class WebSocketServer {
  /** A message came from any client; `e.frame.endPoint` is its sender. An exception closes that client with 1011. */
  onMessageReceived: Handler<[sender: WebSocketServer, e: MessageReceivedEventArgs]> | undefined;
  /** A client is connected. An exception closes it with 1011. */
  onWebSocketOpened: Handler<[sender: WebSocketServer, e: WebSocketOpenedEventArgs]> | undefined;
  /** A client is gone. An exception is logged. */
  onWebSocketClosed: Handler<[sender: WebSocketServer, e: WebSocketClosedEventArgs]> | undefined;

  private readonly settings: ServerSettings;
  private readonly clientOwner: ClientOwner;
  private readonly admission: Admission;
  private readonly listener: HttpListener | undefined;
  private readonly pool = new Map<string, ServerClient>();

  /**
   * Makes a server, which accepts clients from `start` on.
   *
   * @throws OptionError where an option is out of its range
   */
  constructor(options: WebSocketServerOptions = {}) {
    checkOptions("WebSocketServer", options, "{ port: 8080 }");
    checkAlone({ ...options });
    const { address, identity, clientCertificateRequired, clientAuthorities, acceptClient, ...others } = options;
    const { onMessageReceived, onWebSocketOpened, onWebSocketClosed, permessageDeflate, ...limits } = others;
    checkHandlers({ acceptClient, onMessageReceived, onWebSocketOpened, onWebSocketClosed });
    this.settings = resolveServerOptions(limits);
    this.clientOwner = {
      settings: this.settings,
      clientMessageReceived: (e) => this.onMessageReceived?.(this, e),
      clientClosed: (client, e) => {
        const endPoint = client.remoteEndPoint;
        this.pool.delete(endPoint);
        tellClosed(() => this.onWebSocketClosed?.(this, { ...e, endPoint, webSocket: client }));
      },
    };
    this.admission = new Admission(this.settings, acceptClient, permessageDeflate, (socket, request, agreed) => {
      this.clientAdmitted(socket, request, agreed);
    });
    this.onMessageReceived = onMessageReceived;
    this.onWebSocketOpened = onWebSocketOpened;
    this.onWebSocketClosed = onWebSocketClosed;
    if (this.settings.isStandAlone)
      this.listener = this.createListener({ address, identity, clientCertificateRequired, clientAuthorities });
  }

  /** Whether clients are accepted. */
  get started(): boolean {
    return this.admission.isOpen && this.listener?.isListening !== false;
  }

  /** Stand-alone: the port; after `start` the one the system chose where it was to. */
  get port(): number {
    return this.listener?.port ?? this.settings.port;
  }

  /** Stand-alone: the path of the WebSocket. */
  get prefix(): string {
    return this.settings.prefix;
  }

  /** The Server header of the handshake's answer. */
  get serverName(): string {
    return this.settings.serverName;
  }

  /** Milliseconds that the head of a request and its acceptance may take. */
  get handshakeTimeoutMs(): number {
    return this.settings.handshakeTimeoutMs;
  }

  /** Clients at the same time, at most. */
  get maxClients(): number {
    return this.settings.maxClients;
  }

  /** Milliseconds a client may take to answer a Ping; 0: for ever. */
  get serverTimeout(): number {
    return this.settings.serverTimeout;
  }

  /** Milliseconds without a byte from a client after which it is sent a Ping; 0: never. */
  get keepAliveInterval(): number {
    return this.settings.keepAliveInterval;
  }

  /** Largest payload of a received frame, in bytes. */
  get maxReceiveFrameSize(): number {
    return this.settings.maxReceiveFrameSize || this.settings.maxMessageBytes;
  }

  /** Largest payload of a sent frame in bytes; 0: messages are never fragmented. */
  get fragmentSize(): number {
    return this.settings.maxFragmentSize;
  }

  /** How many clients are connected. */
  get clientsCount(): number {
    return this.pool.size;
  }

  /** The connected clients. */
  get clients(): WebSocket[] {
    return [...this.pool.values()];
  }

  /**
   * Lists the connected clients.
   *
   * @returns each as "address:port"
   */
  listClients(): string[] {
    return [...this.pool.keys()];
  }

  /**
   * Starts to accept clients.
   *
   * @returns resolves when it does
   * @throws (rejects) NetworkError where the port cannot be had, InvalidStateError where it was started before
   */
  async start(): Promise<void> {
    if (this.admission.isOpen)
      throw new InvalidStateError("The WebSocketServer is already started: call stop() first.");
    this.admission.isOpen = true;
    try {
      await this.listener?.start();
    } catch (error) {
      // It may have been stopped and started again meanwhile.
      this.admission.isOpen = this.listener?.isListening === true;
      throw error;
    }
  }

  /**
   * Accepts no more clients and closes those that are connected with 1001 (EndpointUnavailable).
   *
   * @returns resolves when all are gone, within `closeTimeoutMs`
   */
  async stop(): Promise<void> {
    this.refuseAll();
    const clients = [...this.pool.values()];
    for (const client of clients) client.close(WebSocketCloseStatus.EndpointUnavailable);
    await Promise.all(clients.map((client) => client.whenClosed()));
  }

  /** Accepts no more clients and ends all connections at once. */
  abort(): void {
    this.refuseAll();
    for (const client of [...this.pool.values()]) client.abort();
  }

  /** Frees everything. As {@link WebSocketServer.abort}. */
  dispose(): void {
    this.abort();
  }

  /** For `using`. As `dispose`. */
  [Symbol.dispose](): void {
    this.dispose();
  }

  /**
   * Makes a WebSocket of a request to an HttpListener, or answers why not. The context is the server's from then on.
   *
   * @returns true where the client is accepted, or is being looked at by an accept hook that is not done yet
   */
  addWebSocket(context: HttpListenerContext): boolean {
    return this.admission.admit(context, this.pool.size);
  }

  /**
   * Sends a text message to one client.
   *
   * @param endPoint the client, as `listClients` names it
   * @param message the text
   * @param fragmentSize largest payload of a frame in bytes, instead of `maxFragmentSize`; 0: never fragmented
   * @returns false where the client is not connected, or its queue has no room now
   * @throws OptionError for what is no text, or is more than `maxQueueBytes` can ever hold
   */
  sendString(endPoint: string, message: string, fragmentSize?: number): boolean {
    return this.sendTo(endPoint, (client) => client.sendString(message, fragmentSize));
  }

  /**
   * Sends a binary message to one client.
   *
   * @param endPoint the client, as `listClients` names it
   * @param buffer the bytes; they are copied
   * @param fragmentSize largest payload of a frame in bytes, instead of `maxFragmentSize`; 0: never fragmented
   * @returns false where the client is not connected, or its queue has no room now
   * @throws OptionError for what has no bytes, or is more than `maxQueueBytes` can ever hold
   */
  sendData(endPoint: string, buffer: BinaryData, fragmentSize?: number): boolean {
    return this.sendTo(endPoint, (client) => client.sendBytes(buffer, fragmentSize));
  }

  /**
   * Sends a message to all clients: a text, or bytes as binary. It is encoded once, however many they are;
   * but compressed for each to whom messages are compressed.
   *
   * @param message a text, or bytes
   * @param fragmentSize largest payload of a frame in bytes, instead of `maxFragmentSize`; 0: never fragmented
   * @returns how many clients it is sent to: one whose queue has no room is left out
   * @throws OptionError for what is neither, or for a `fragmentSize` that is none
   */
  broadcast(message: string | BinaryData, fragmentSize = this.settings.maxFragmentSize): number {
    checkFragmentSize(fragmentSize);
    const isText = typeof message === "string";
    const payload = isText ? encodeUtf8(message) : bytesOf(message, "JSON.stringify() makes a text of it.");
    const opcode = isText ? Opcode.Text : Opcode.Binary;
    const encoded = { opcode, payload, frames: encodeMessage(Role.Server, opcode, payload, fragmentSize) };
    const time = now();
    let count = 0;
    for (const client of this.pool.values()) if (client.sendEncoded(encoded, fragmentSize, time)) count++;
    return count;
  }

  /**
   * Closes one client. Does nothing where it is not connected.
   *
   * @param endPoint the client, as `listClients` names it
   * @param closeStatus 1000 unless given
   * @param isAbort true: ends the connection at once, without a Close frame
   */
  disconnectClient(endPoint: string, closeStatus?: WebSocketCloseStatus, isAbort = false): void {
    const client = this.pool.get(endPoint);
    if (isAbort) client?.abort();
    else client?.close(closeStatus);
  }

  /** @param options those of the listener that are passed on as they are */
  private createListener(options: Readonly<Record<string, unknown>>): HttpListener {
    const { port, maxHeadBytes, maxKeptHeadBytes, keptHeaders, handshakeTimeoutMs, prefix, maxClients } = this.settings;
    return new HttpListener({
      port,
      maxHeadBytes,
      maxKeptHeadBytes,
      keptHeaders,
      requestTimeoutMs: handshakeTimeoutMs,
      maxRequests: maxClients + SPARE_REQUESTS,
      ...(options as HttpListenerOptions),
      onRequest: (context) => {
        if (context.request.path === prefix) this.addWebSocket(context);
        else this.admission.refuse(context, new HandshakeError(404, "There is no WebSocket at this path."));
      },
    });
  }

  /** Accepts no more clients. */
  private refuseAll(): void {
    this.listener?.stop();
    this.admission.close();
  }

  private clientAdmitted(socket: Socket, request: HttpListenerRequest, agreed: UpgradeHeaders): void {
    const { subprotocol, deflater } = agreed;
    const client = new ServerClient(this.clientOwner);
    client.openOn(socket, deflater);
    const endPoint = client.remoteEndPoint;
    // A client that went away unnoticed may come back from the same port.
    this.pool.get(endPoint)?.abort();
    this.pool.set(endPoint, client);
    const failed = (cause: unknown): void => {
      log("A handler of the opened event threw; the connection is closed with 1011.", cause);
      client.close(WebSocketCloseStatus.InternalServerError);
    };
    try {
      whenRejected(this.onWebSocketOpened?.(this, { endPoint, webSocket: client, request, subprotocol }), failed);
    } catch (cause) {
      failed(cause);
    }
  }

  private sendTo(endPoint: string, send: (client: ServerClient) => boolean): boolean {
    const client = this.pool.get(endPoint);
    return client !== undefined && client.isOpen && send(client);
  }
}
