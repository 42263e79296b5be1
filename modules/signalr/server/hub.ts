/** A hub on the device: SignalR clients connect to it (ASP.NET Core `Hub` and its host). */

import { queryValue, type HttpListenerContext, type HttpListenerRequest, type RequestHandler } from "../../http.js";
import { OptionError } from "../../common/errors.js";
import { RequestPolicy } from "../../handshake/policy.js";
import { WebSocketServer, type WebSocketOpenedEventArgs } from "../../server.js";
import { ConnectionTokens } from "./tokens.js";
import { Clients, Members, type HubClients, type HubGroups } from "./members.js";
import type { CloseDetails } from "../link/session.js";
import { ServerSession } from "./session.js";
import { answerNegotiation } from "./negotiation.js";
import { resolveHubServerOptions } from "./options.js";
import type { HubServerOptions, HubServerSettings } from "./options.js";

/** How a hub says good-bye. */
export interface HubStopOptions {
  /** True: clients that can may connect again, such as when the device starts anew. */
  readonly allowReconnect?: boolean;
  /** What went wrong, for the clients. */
  readonly error?: string;
}

/** What gives a hub its requests: an HttpListener. */
export interface HubListener {
  /**
   * Has requests for one path answered by a handler.
   *
   * @param path such as "/hub"
   * @param handler answers the requests
   */
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
  private readonly members = new Members();
  /** For negotiations. */
  private readonly policy: RequestPolicy;
  private readonly tokens = new ConnectionTokens();
  private readonly server: WebSocketServer;
  private isStarted = false;

  /**
   * Makes a hub, which serves from `start` on.
   *
   * @param listener an HttpListener: its requests for `path`, and those of the negotiation below it, become the hub's
   * @param path such as "/hub"
   * @param options methods, hooks and limits
   * @throws OptionError where the path or an option is out of its range, or the listener has a handler for the path
   */
  constructor(listener: HubListener, path: string, options: HubServerOptions = {}) {
    if (typeof (listener as Partial<HubListener> | undefined)?.route !== "function")
      throw new OptionError("A HubServer needs an HttpListener: new HubServer(new HttpListener({ port }), path).");
    this.settings = resolveHubServerOptions(options);
    const { allowedHosts = [], allowedOrigins = [] } = this.settings.webSocket;
    this.policy = new RequestPolicy({ allowedHosts, allowedOrigins });
    this.clients = new Clients(this.members);
    this.groups = this.members;
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
    return this.members.all.length;
  }

  /** The ids of the connected clients. */
  get connectionIds(): string[] {
    return this.members.all.map(({ connectionId }) => connectionId);
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
  async stop(options: HubStopOptions = {}): Promise<void> {
    this.isStarted = false;
    for (const client of this.members.all) client.close(goodBye(options));
    await this.server.stop();
  }

  /**
   * Closes one client's connection.
   *
   * @param connectionId the client
   * @param options whether it may come back, and what went wrong
   * @returns false where there is no such client
   */
  disconnect(connectionId: string, options: HubStopOptions = {}): boolean {
    const client = this.members.find(connectionId);
    client?.close(goodBye(options));
    return client !== undefined;
  }

  private async negotiate(context: HttpListenerContext): Promise<void> {
    if (!this.isStarted) {
      refuse(context, 503);
      return;
    }
    await answerNegotiation(context, {
      tokens: this.tokens,
      authorize: this.settings.authorize,
      policy: this.policy,
    });
  }

  private addClient(context: HttpListenerContext): void {
    const token = tokenOf(context);
    const id = this.tokens.idOf(token);
    if (token !== "" && id === undefined) refuse(context, 404);
    else if (id !== undefined && this.members.has(id)) refuse(context, 409);
    else this.server.addWebSocket(context);
  }

  private opened(e: WebSocketOpenedEventArgs): void {
    const { webSocket, request } = e;
    const negotiated = this.tokens.idOf(tokenOf(e));
    // Who was let in at the same time with the same token is another client.
    const isFree = negotiated !== undefined && !this.members.has(negotiated);
    const id = isFree ? negotiated : this.tokens.createId();
    if (!this.isStarted) {
      webSocket.close();
      return;
    }
    const { settings, members } = this;
    new ServerSession({ settings, members, hooks: this }, id, webSocket, request);
  }
}

function goodBye({ allowReconnect, error }: HubStopOptions): CloseDetails {
  return {
    ...(error === undefined ? {} : { error }),
    ...(allowReconnect === undefined ? {} : { allowReconnect }),
  };
}

/** The token of the negotiation; "" where the client has skipped it. */
function tokenOf({ request }: { readonly request: HttpListenerRequest }): string {
  return queryValue(request.rawUrl, "id") ?? "";
}

function refuse({ response }: HttpListenerContext, statusCode: number): void {
  response.statusCode = statusCode;
  response.close();
}
