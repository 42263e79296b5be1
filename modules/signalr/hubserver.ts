/** A hub on the device: SignalR clients connect to it (ASP.NET Core `Hub` and its host). */

import { HttpListener, type HttpListenerContext } from "../http.js";
import { logError } from "../log.js";
import { everyCharacter, isAlphanumericOr } from "../protocol/characters.js";
import { OptionError } from "../protocol/errors.js";
import { WebSocketServer, type WebSocketOpenedEventArgs } from "../server.js";
import { ConnectionTokens } from "./connectiontokens.js";
import { HubClient, type HubClientOwner } from "./hubclient.js";
import { ClientRegistry, HubClients, HubGroups } from "./hubclients.js";
import type { HubCallerContext } from "./hubcontext.js";
import { answerNegotiation } from "./hubnegotiate.js";
import { queryValue, resolveHubServerOptions } from "./hubserveroptions.js";
import type { HubServerOptions, HubServerSettings } from "./hubserveroptions.js";

/** RFC 3986, 3.3: the characters of a path; the others are written with a per cent sign. */
const isPathCharacter = isAlphanumericOr("._~!$&'()*+,;=:@/%-");

/** How a hub says good-bye. */
export interface HubStopOptions {
  /** True: clients that can may connect again, such as when the device starts anew. */
  readonly allowReconnect?: boolean;
  /** What went wrong, for the clients. */
  readonly error?: string;
}

/** A hub. */
export class HubServer {
  /** A client has connected; its calls wait until this is done. An exception closes its connection. */
  onConnected: HubServerOptions["onConnected"];
  /** A client is gone; the error where it did not say good-bye. */
  onDisconnected: HubServerOptions["onDisconnected"];
  /** Calls clients. */
  readonly clients: HubClients;
  /** The groups of clients. */
  readonly groups: HubGroups;

  private readonly path: string;
  private readonly settings: HubServerSettings;
  private readonly registry = new ClientRegistry();
  private readonly tokens = new ConnectionTokens();
  private readonly server: WebSocketServer;
  private readonly ownsServer: boolean;
  private isStarted = false;

  /**
   * @param host an HttpListener, whose requests for `path` become the hub's, and its negotiation's; or a WebSocketServer,
   *   whose clients at `path` do: they have to skip the negotiation. Handlers that either has stay for the rest
   * @param path such as "/hub"
   * @throws OptionError where the path or an option is out of its range
   */
  constructor(host: HttpListener | WebSocketServer, path: string, options: HubServerOptions = {}) {
    if (!path.startsWith("/") || !everyCharacter(path, isPathCharacter) || (path !== "/" && path.endsWith("/")))
      throw new OptionError(`The path of a hub is such as "/hub"; it was given ${JSON.stringify(path)}.`);
    this.path = path;
    this.settings = resolveHubServerOptions(options);
    this.clients = new HubClients(this.registry);
    this.groups = new HubGroups(this.registry);
    this.onConnected = options.onConnected;
    this.onDisconnected = options.onDisconnected;
    this.ownsServer = host instanceof HttpListener;
    this.server = host instanceof HttpListener ? this.listenOn(host) : this.shareServer(host);
  }

  /** Whether clients are accepted. */
  get started(): boolean {
    return this.isStarted;
  }

  /** How many clients are connected. */
  get clientsCount(): number {
    return this.registry.count;
  }

  /** The ids of the connected clients. */
  get connectionIds(): string[] {
    return this.registry.ids;
  }

  /**
   * Accepts clients. The listener or server is started by itself.
   *
   * @throws InvalidStateError where it does already
   */
  async start(): Promise<void> {
    if (this.ownsServer) await this.server.start();
    this.isStarted = true;
  }

  /**
   * Accepts no more clients, and says good-bye to those that are connected.
   *
   * @returns resolves when all are gone, within `closeTimeoutMs`; with a WebSocketServer at once
   */
  async stop({ allowReconnect, error }: HubStopOptions = {}): Promise<void> {
    this.isStarted = false;
    const details = {
      ...(error === undefined ? {} : { error }),
      ...(allowReconnect === undefined ? {} : { allowReconnect }),
    };
    for (const client of this.registry.all) client.close(details);
    if (this.ownsServer) await this.server.stop();
  }

  /**
   * Closes one client's connection.
   *
   * @returns false where there is no such client
   */
  disconnect(connectionId: string, { allowReconnect, error }: HubStopOptions = {}): boolean {
    const client = this.registry.find(connectionId);
    client?.close({
      ...(error === undefined ? {} : { error }),
      ...(allowReconnect === undefined ? {} : { allowReconnect }),
    });
    return client !== undefined;
  }

  /**
   * Answers a request to the listener, where it is one for this hub. The hub does this by itself; it is for those who
   * set the listener's `onRequest` later.
   *
   * @returns whether it was
   */
  answer(context: HttpListenerContext): boolean {
    const { path } = context.request;
    if (path === this.path) this.addClient(context);
    else if (path === this.negotiatePath) this.negotiate(context);
    else return false;
    return true;
  }

  private get negotiatePath(): string {
    return this.path === "/" ? "/negotiate" : `${this.path}/negotiate`;
  }

  private listenOn(listener: HttpListener): WebSocketServer {
    const others = listener.onRequest;
    listener.onRequest = (context) => {
      if (this.answer(context)) return undefined;
      if (others !== undefined) return others(context);
      context.response.statusCode = 404;
      context.response.close();
    };
    return new WebSocketServer({
      ...this.settings.webSocket,
      isStandAlone: false,
      acceptClient: this.settings.authorize,
      onWebSocketOpened: (_server, e) => this.opened(e),
    });
  }

  private shareServer(server: WebSocketServer): WebSocketServer {
    if (this.settings.hasWebSocketOptions)
      throw new OptionError("authorize, and options of WebSockets, are to be given to the WebSocketServer.");
    const others = server.onWebSocketOpened;
    server.onWebSocketOpened = (sender, e) => {
      if (e.request.path !== this.path) return others?.(sender, e);
      this.opened(e);
      return undefined;
    };
    return server;
  }

  private negotiate(context: HttpListenerContext): void {
    if (!this.isStarted) return refuse(context, 503);
    const { authorize, webSocket } = this.settings;
    const { allowedOrigins = [] } = webSocket;
    answerNegotiation(context, { tokens: this.tokens, authorize, allowedOrigins }).catch((error: unknown) => {
      logError("The negotiation could not be answered.", error);
      if (!context.response.isClosed) refuse(context, 500);
    });
  }

  private addClient(context: HttpListenerContext): void {
    const token = queryValue(context.request.rawUrl, "id");
    const id = token === undefined ? undefined : this.tokens.idOf(token);
    if (token !== undefined && id === undefined) refuse(context, 404);
    else if (id !== undefined && this.registry.find(id) !== undefined) refuse(context, 409);
    else this.server.addWebSocket(context);
  }

  private opened({ webSocket, request }: WebSocketOpenedEventArgs): void {
    const token = queryValue(request.rawUrl, "id");
    const negotiated = token === undefined ? undefined : this.tokens.idOf(token);
    // Who was let in at the same time with the same token is another client.
    const isFree = negotiated !== undefined && this.registry.find(negotiated) === undefined;
    const id = isFree ? negotiated : this.tokens.createId();
    if (this.isStarted) new HubClient(this.owner, id, webSocket, request);
    else webSocket.close();
  }

  /** What a client may know of its hub. */
  private get owner(): HubClientOwner {
    return {
      settings: this.settings,
      registry: this.registry,
      groups: this.groups,
      clientConnected: ({ context }) => this.onConnected?.(context),
      clientDisconnected: ({ context }, error) => {
        this.tellDisconnected(context, error);
      },
    };
  }

  private tellDisconnected(context: HubCallerContext, error: Error | undefined): void {
    const failed = (cause: unknown): void => logError("A handler of the hub's disconnected event threw.", cause);
    try {
      this.onDisconnected?.(context, error)?.catch(failed);
    } catch (cause) {
      failed(cause);
    }
  }
}

function refuse({ response }: HttpListenerContext, statusCode: number): void {
  response.statusCode = statusCode;
  response.close();
}
