/** What a hub's method knows of its caller. */

import type { HttpListenerRequest } from "../../http.js";
import type { HubCallerClients, HubGroups } from "./members.js";

/** The caller, and the hub's clients and groups (ASP.NET Core `Hub` and `HubCallerContext`). */
export interface HubCallerContext {
  /** The id of the caller's connection. */
  readonly connectionId: string;
  /** The caller, as "address:port". */
  readonly endPoint: string;
  /**
   * The request it came with, whole until `onConnected` is done. After that, as it would take memory for as long as the caller
   * is there, without its query and header fields (`headers.isComplete` is false): keep what methods need in `items`.
   */
  readonly request: HttpListenerRequest;
  /** Whether the caller is still there. */
  readonly isConnected: boolean;
  /** Whatever methods keep of this caller. */
  readonly items: Map<string, unknown>;
  /** Whom the method can call. */
  readonly clients: HubCallerClients;
  /** The groups of the hub. */
  readonly groups: HubGroups;
  /** Ends the caller's connection. */
  abort(): void;
}
