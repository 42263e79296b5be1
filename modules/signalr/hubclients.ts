/** Whom a hub calls: all of its clients, some, or one (ASP.NET Core `IHubClients`). */

import { checkTime } from "../protocol/options.js";
import { HubClosedError } from "./errors.js";
import { MessageType, type HubProtocol } from "./hubprotocol.js";
import type { HubClient } from "./hubclient.js";

/** Calls a method of several clients. */
export interface ClientProxy {
  /**
   * Calls a method without waiting for answers. The message is formatted once, however many clients there are.
   *
   * @returns how many clients it is sent to: one whose queue has no room is left out
   * @throws OptionError for what cannot be sent
   */
  send(method: string, ...values: readonly unknown[]): number;
}

/** Calls a method of one client. */
export interface SingleClientProxy extends ClientProxy {
  /**
   * Calls a method and waits for its result.
   *
   * @returns rejects with HubException where the client gives none, TimeoutError, HubClosedError
   */
  invoke(method: string, ...values: readonly unknown[]): Promise<unknown>;
  /** As `invoke`, within `timeoutMs` milliseconds instead of `invocationTimeout`; 0: as long as the connection lasts. */
  invokeCore(method: string, values: readonly unknown[], timeoutMs: number): Promise<unknown>;
}

/** All clients of a hub, by their connection ids; and their groups. */
export class ClientRegistry {
  private readonly clients = new Map<string, HubClient>();

  get count(): number {
    return this.clients.size;
  }

  get ids(): string[] {
    return [...this.clients.keys()];
  }

  get all(): HubClient[] {
    return [...this.clients.values()];
  }

  find(connectionId: string): HubClient | undefined {
    return this.clients.get(connectionId);
  }

  add(client: HubClient): void {
    this.clients.set(client.connectionId, client);
  }

  remove(client: HubClient): void {
    if (this.clients.get(client.connectionId) === client) this.clients.delete(client.connectionId);
  }
}

/** Chooses clients (ASP.NET Core `IHubClients`). */
export class HubClients {
  /** @internal */
  protected readonly registry: ClientRegistry;

  /** @internal */
  constructor(registry: ClientRegistry) {
    this.registry = registry;
  }

  /** All clients. */
  get all(): ClientProxy {
    return this.where(() => true);
  }

  /** All clients but some. */
  except(...connectionIds: readonly string[]): ClientProxy {
    return this.where((client) => !connectionIds.includes(client.connectionId));
  }

  /** One client. */
  client(connectionId: string): SingleClientProxy {
    return new OneClient(() => this.registry.find(connectionId), connectionId);
  }

  /** Some clients. */
  clients(...connectionIds: readonly string[]): ClientProxy {
    return this.where((client) => connectionIds.includes(client.connectionId));
  }

  /** The clients of a group, but perhaps some. */
  group(name: string, ...exceptConnectionIds: readonly string[]): ClientProxy {
    return this.where((client) => client.groupNames.has(name) && !exceptConnectionIds.includes(client.connectionId));
  }

  private where(isChosen: (client: HubClient) => boolean): ClientProxy {
    return { send: (method, ...values) => sendTo(this.registry.all.filter(isChosen), method, values) };
  }
}

/** Chooses clients, from within a method (ASP.NET Core `IHubCallerClients`). */
export class HubCallerClients extends HubClients {
  private readonly own: HubClient;

  /** @internal */
  constructor(registry: ClientRegistry, own: HubClient) {
    super(registry);
    this.own = own;
  }

  /** The client that called. */
  get caller(): SingleClientProxy {
    return new OneClient(() => this.own, this.own.connectionId);
  }

  /** All clients but the one that called. */
  get others(): ClientProxy {
    return this.except(this.own.connectionId);
  }

  /** The clients of a group but the one that called. */
  othersInGroup(name: string): ClientProxy {
    return this.group(name, this.own.connectionId);
  }
}

/** Adds clients to groups and removes them (ASP.NET Core `IGroupManager`). A client that disconnects leaves all. */
export class HubGroups {
  private readonly registry: ClientRegistry;

  /** @internal */
  constructor(registry: ClientRegistry) {
    this.registry = registry;
  }

  /** @returns false where there is no such client */
  add(connectionId: string, name: string): boolean {
    const client = this.registry.find(connectionId);
    client?.groupNames.add(name);
    return client !== undefined;
  }

  /** @returns false where the client was not in the group */
  remove(connectionId: string, name: string): boolean {
    return this.registry.find(connectionId)?.groupNames.delete(name) ?? false;
  }
}

class OneClient implements SingleClientProxy {
  private readonly find: () => HubClient | undefined;
  private readonly connectionId: string;

  constructor(find: () => HubClient | undefined, connectionId: string) {
    this.find = find;
    this.connectionId = connectionId;
  }

  send(method: string, ...values: readonly unknown[]): number {
    const client = this.find();
    return client === undefined ? 0 : sendTo([client], method, values);
  }

  async invoke(method: string, ...values: readonly unknown[]): Promise<unknown> {
    return this.require().call(method, values, undefined);
  }

  async invokeCore(method: string, values: readonly unknown[], timeoutMs: number): Promise<unknown> {
    checkTime("timeoutMs", timeoutMs, 0);
    return this.require().call(method, values, timeoutMs);
  }

  private require(): HubClient {
    const client = this.find();
    if (client === undefined) throw new HubClosedError(`The client ${this.connectionId} is not connected.`);
    return client;
  }
}

/** Formats once for each encoding that there is among the clients. */
function sendTo(clients: readonly HubClient[], target: string, values: readonly unknown[]): number {
  const formatted = new Map<HubProtocol, string | Uint8Array>();
  let count = 0;
  for (const client of clients) {
    const { protocol } = client;
    const data = formatted.get(protocol) ?? client.format({ type: MessageType.Invocation, target, arguments: values });
    formatted.set(protocol, data);
    if (client.trySendData(data)) count++;
  }
  return count;
}
