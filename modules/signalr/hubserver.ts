/** A hub on the device: SignalR clients connect to it (ASP.NET Core `Hub` and its host). */

import { queryValue, type HttpListenerContext, type HttpListenerRequest, type RequestHandler } from "../http.js";
import { logRejection } from "../handlers.js";
import { logError } from "../log.js";
import { OptionError } from "../protocol/errors.js";
import { RequestPolicy } from "../requestpolicy.js";
import { WebSocketServer, type WebSocketOpenedEventArgs } from "../server.js";
import { ConnectionTokens } from "./connectiontokens.js";
import { HubClient, type HubClientOwner } from "./hubclient.js";
import { ClientRegistry, HubClients, HubGroups } from "./hubclients.js";
import type { HubCallerContext } from "./hubcontext.js";
import { answerNegotiation } from "./hubnegotiate.js";
import { resolveHubServerOptions } from "./hubserveroptions.js";
import type { HubServerOptions, HubServerSettings } from "./hubserveroptions.js";

/** How a hub says good-bye. */
export interface HubStopOptions {
  /** True: clients that can may connect again, such as when the device starts anew. */
  readonly allowReconnect?: boolean;
  /** What went wrong, for the clients. */
  readonly error?: string;
}

/** What gives a hub its requests: an HttpListener. */
export interface HubListener {
  /** Has requests for one path answered by a handler. */
  route(path: string, handler: RequestHandler): void;
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

  private readonly settings: HubServerSettings;
  private readonly registry = new ClientRegistry();
  /** For negotiations. */
  private readonly policy: RequestPolicy;
  private readonly tokens = new ConnectionTokens();
  private readonly server: WebSocketServer;
  private isStarted = false;

  /**
   * @param listener an HttpListener: its requests for `path`, and those of the negotiation below it, become the hub's
   * @param path such as "/hub"
   * @throws OptionError where the path or an option is out of its range, or the listener has a handler for the path
   */
  constructor(listener: HubListener, path: string, options: HubServerOptions = {}) {
    if (typeof (listener as Partial<HubListener> | undefined)?.route !== "function")
      throw new OptionError("A HubServer is on an HttpListener: new HubServer(new HttpListener({ port }), path).");
    this.settings = resolveHubServerOptions(options);
    const { allowedHosts = [], allowedOrigins = [] } = this.settings.webSocket;
    this.policy = new RequestPolicy({ allowedHosts, allowedOrigins });
    this.clients = new HubClients(this.registry);
    this.groups = new HubGroups(this.registry);
    this.onConnected = options.onConnected;
    this.onDisconnected = options.onDisconnected;
    this.server = new WebSocketServer({
      ...this.settings.webSocket,
      isStandAlone: false,
      acceptClient: this.settings.authorize,
      onWebSocketOpened: (_server, e) => this.opened(e),
    });
    listener.route(path, (context) => this.addClient(context));
    listener.route(path.endsWith("/") ? `${path}negotiate` : `${path}/negotiate`, (context) => this.negotiate(context));
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
   * Accepts clients. The listener is started by itself.
   *
   * @throws InvalidStateError where it does already
   */
  async start(): Promise<void> {
    await this.server.start();
    this.isStarted = true;
  }

  /**
   * Accepts no more clients, and says good-bye to those that are connected.
   *
   * @returns resolves when all are gone, within `closeTimeoutMs`
   */
  async stop({ allowReconnect, error }: HubStopOptions = {}): Promise<void> {
    this.isStarted = false;
    const details = {
      ...(error === undefined ? {} : { error }),
      ...(allowReconnect === undefined ? {} : { allowReconnect }),
    };
    for (const client of this.registry.all) client.close(details);
    await this.server.stop();
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

  private negotiate(context: HttpListenerContext): void {
    if (!this.isStarted) return refuse(context, 503);
    const { authorize } = this.settings;
    answerNegotiation(context, { tokens: this.tokens, authorize, policy: this.policy }).catch((error: unknown) => {
      logError("The negotiation could not be answered.", error);
      if (!context.response.isClosed) refuse(context, 500);
    });
  }

  private addClient(context: HttpListenerContext): void {
    const token = tokenOf(context);
    const id = this.tokens.idOf(token);
    if (token !== "" && id === undefined) refuse(context, 404);
    else if (id !== undefined && this.registry.find(id) !== undefined) refuse(context, 409);
    else this.server.addWebSocket(context);
  }

  private opened(e: WebSocketOpenedEventArgs): void {
    const { webSocket, request } = e;
    const negotiated = this.tokens.idOf(tokenOf(e));
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
    try {
      logRejection(DISCONNECTED_FAILED, this.onDisconnected?.(context, error));
    } catch (cause) {
      logError(DISCONNECTED_FAILED, cause);
    }
  }
}

const DISCONNECTED_FAILED = "A handler of the hub's disconnected event threw.";

/** The token of the negotiation; "" where the client has skipped it. */
function tokenOf({ request }: { readonly request: HttpListenerRequest }): string {
  return queryValue(request.rawUrl, "id") ?? "";
}

function refuse({ response }: HttpListenerContext, statusCode: number): void {
  response.statusCode = statusCode;
  response.close();
}
