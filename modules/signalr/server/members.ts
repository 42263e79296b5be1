/** The connected clients of a hub: all of them, some, or one are called (ASP.NET Core `IHubClients`). */

import { checkTime } from "../../common/options.js";
import { HubClosedError } from "../errors.js";
import { formatMessage } from "../link/link.js";
import type { CloseDetails } from "../link/session.js";
import { MessageType, type HubProtocol } from "../wire/messages.js";

/** Calls a method of several clients. */
export interface ClientProxy {
  /**
   * Calls a method without waiting for answers. The message is formatted once, however many clients there are.
   *
   * @param method its name; letter case does not matter
   * @param values its arguments, which become JSON
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
   * @param method its name; letter case does not matter
   * @param values its arguments, which become JSON
   * @returns the result
   * @throws (rejects) HubException where the client gives none, TimeoutError after `invocationTimeout`, HubClosedError where
   *   it is gone
   */
  invoke(method: string, ...values: readonly unknown[]): Promise<unknown>;
  /**
   * As `invoke`, with a time of its own.
   *
   * @param method its name; letter case does not matter
   * @param values its arguments, which become JSON
   * @param timeoutMs milliseconds instead of `invocationTimeout`; 0: as long as the connection lasts
   * @returns the result
   * @throws (rejects) as `invoke`
   */
  invokeCore(method: string, values: readonly unknown[], timeoutMs: number): Promise<unknown>;
}

/** Chooses clients (ASP.NET Core `IHubClients`). */
export interface HubClients {
  /** All clients. */
  readonly all: ClientProxy;
  /**
   * Chooses all clients but some.
   *
   * @returns them
   */
  except(...connectionIds: readonly string[]): ClientProxy;
  /**
   * Chooses one client.
   *
   * @returns it; where it is gone, calls reach nobody
   */
  client(connectionId: string): SingleClientProxy;
  /**
   * Chooses some clients.
   *
   * @returns them
   */
  clients(...connectionIds: readonly string[]): ClientProxy;
  /**
   * Chooses the clients of a group, but perhaps some.
   *
   * @param name that of the group
   * @param exceptConnectionIds clients that are left out
   * @returns them
   */
  group(name: string, ...exceptConnectionIds: readonly string[]): ClientProxy;
}

/** Chooses clients, from within a method (ASP.NET Core `IHubCallerClients`). */
export interface HubCallerClients extends HubClients {
  /** The client that called. */
  readonly caller: SingleClientProxy;
  /** All clients but the one that called. */
  readonly others: ClientProxy;
  /**
   * Chooses the clients of a group but the one that called.
   *
   * @returns them
   */
  othersInGroup(name: string): ClientProxy;
}

/** Adds clients to groups and removes them (ASP.NET Core `IGroupManager`). A client that disconnects leaves all. */
export interface HubGroups {
  /**
   * Adds a client to a group, which is made by that.
   *
   * @param connectionId the client
   * @param name the group; letter case matters
   * @returns false where there is no such client
   */
  add(connectionId: string, name: string): boolean;
  /**
   * Removes a client from a group, which ends with its last one.
   *
   * @param connectionId the client
   * @param name the group; letter case matters
   * @returns false where the client was not in the group
   */
  remove(connectionId: string, name: string): boolean;
}

/** A connected client. */
export interface Member {
  readonly connectionId: string;
  /** Whether the handshake is done, and nobody has said that it ends. */
  readonly isConnected: boolean;
  /** The groups it is in. */
  readonly groupNames: Set<string>;
  /** The encoding that it asked for. */
  readonly protocol: HubProtocol;
  /** Sends what was formatted. @returns false where there is no room now */
  trySendData(data: string | Uint8Array): boolean;
  /** Calls a method of the client for its result. @param timeoutMs `invocationTimeout` unless given */
  call(method: string, values: readonly unknown[], timeoutMs: number | undefined): Promise<unknown>;
  /** Says Close, and closes. */
  close(details: CloseDetails): void;
}

/** The clients of a hub by their connection ids, and their groups. */
export class Members implements HubGroups {
  /** Those, too, whose handshake is not done: no two have one id. */
  private readonly members = new Map<string, Member>();

  get all(): Member[] {
    return [...this.members.values()].filter(({ isConnected }) => isConnected);
  }

  find(connectionId: string): Member | undefined {
    const member = this.members.get(connectionId);
    return member?.isConnected === true ? member : undefined;
  }

  /** Whether a client has the id, connected or about to be. */
  has(connectionId: string): boolean {
    return this.members.has(connectionId);
  }

  /** A client has come. */
  enter(member: Member): void {
    this.members.set(member.connectionId, member);
  }

  /** A client is gone. */
  leave(member: Member): void {
    if (this.members.get(member.connectionId) === member) this.members.delete(member.connectionId);
  }

  add(connectionId: string, name: string): boolean {
    const member = this.find(connectionId);
    member?.groupNames.add(name);
    return member !== undefined;
  }

  remove(connectionId: string, name: string): boolean {
    return this.find(connectionId)?.groupNames.delete(name) ?? false;
  }
}

/** A choice of clients. */
export class Clients implements HubClients {
  private readonly members: Members;

  constructor(members: Members) {
    this.members = members;
  }

  get all(): ClientProxy {
    return this.where(() => true);
  }

  except(...connectionIds: readonly string[]): ClientProxy {
    return this.where(({ connectionId }) => !connectionIds.includes(connectionId));
  }

  client(connectionId: string): SingleClientProxy {
    return new OneClient(this.members, connectionId);
  }

  clients(...connectionIds: readonly string[]): ClientProxy {
    return this.where(({ connectionId }) => connectionIds.includes(connectionId));
  }

  group(name: string, ...exceptConnectionIds: readonly string[]): ClientProxy {
    return this.where(
      ({ groupNames, connectionId }) => groupNames.has(name) && !exceptConnectionIds.includes(connectionId),
    );
  }

  private where(isChosen: (member: Member) => boolean): ClientProxy {
    return { send: (method, ...values) => sendTo(this.members.all.filter(isChosen), method, values) };
  }
}

/** The same, seen from one of them. */
export class CallerClients extends Clients implements HubCallerClients {
  private readonly connectionId: string;

  constructor(members: Members, connectionId: string) {
    super(members);
    this.connectionId = connectionId;
  }

  get caller(): SingleClientProxy {
    return this.client(this.connectionId);
  }

  get others(): ClientProxy {
    return this.except(this.connectionId);
  }

  othersInGroup(name: string): ClientProxy {
    return this.group(name, this.connectionId);
  }
}

class OneClient implements SingleClientProxy {
  private readonly members: Members;
  private readonly connectionId: string;

  constructor(members: Members, connectionId: string) {
    this.members = members;
    this.connectionId = connectionId;
  }

  send(method: string, ...values: readonly unknown[]): number {
    const member = this.members.find(this.connectionId);
    return member === undefined ? 0 : sendTo([member], method, values);
  }

  invoke(method: string, ...values: readonly unknown[]): Promise<unknown> {
    return this.call(method, values, undefined);
  }

  async invokeCore(method: string, values: readonly unknown[], timeoutMs: number): Promise<unknown> {
    checkTime("timeoutMs", timeoutMs, 0);
    return this.call(method, values, timeoutMs);
  }

  private async call(method: string, values: readonly unknown[], timeoutMs: number | undefined): Promise<unknown> {
    const member = this.members.find(this.connectionId);
    if (member === undefined) throw new HubClosedError(`The client ${this.connectionId} is not connected.`);
    return member.call(method, values, timeoutMs);
  }
}

/** Formats once for each encoding that there is among the clients. */
function sendTo(members: readonly Member[], target: string, values: readonly unknown[]): number {
  const formatted = new Map<HubProtocol, string | Uint8Array>();
  let count = 0;
  for (const member of members) {
    const { protocol } = member;
    const data =
      formatted.get(protocol) ?? formatMessage(protocol, { type: MessageType.Invocation, target, arguments: values });
    formatted.set(protocol, data);
    if (member.trySendData(data)) count++;
  }
  return count;
}
