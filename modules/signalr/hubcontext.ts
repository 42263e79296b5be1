/** What a hub's method knows of its caller. */

import type { HttpListenerRequest } from "../http.js";
import type { HubClient } from "./hubclient.js";
import { HubCallerClients, type ClientRegistry, type HubGroups } from "./hubclients.js";

/** The caller, and the hub's clients and groups (ASP.NET Core `Hub` and `HubCallerContext`). */
export class HubCallerContext {
  /** Whatever methods keep of this caller. */
  readonly items = new Map<string, unknown>();
  /** Whom the method can call. */
  readonly clients: HubCallerClients;
  /** The groups of the hub. */
  readonly groups: HubGroups;
  private readonly client: HubClient;

  /** @internal */
  constructor(client: HubClient, registry: ClientRegistry, groups: HubGroups) {
    this.client = client;
    this.clients = new HubCallerClients(registry, client);
    this.groups = groups;
  }

  /** The id of the caller's connection. */
  get connectionId(): string {
    return this.client.connectionId;
  }

  /** The caller, as "address:port". */
  get endPoint(): string {
    return this.client.endPoint;
  }

  /** The request it came with: its headers and query. */
  get request(): HttpListenerRequest {
    return this.client.request;
  }

  /** Whether the caller is still there. */
  get isConnected(): boolean {
    return this.client.isConnected;
  }

  /** Ends the caller's connection. */
  abort(): void {
    this.client.close({});
  }
}
