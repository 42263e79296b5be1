/** Who may come in: requests are checked, shown to the accept hook, and answered (RFC 6455, 4.2). */

import type { Socket } from "#network";
import { createDeflate, log, type DeflateExtension, type DeflateOption } from "#platform";
import { HandshakeError, OptionError, ProtocolError } from "../common/errors.js";
import { isPromise } from "../common/handlers.js";
import { checkInteger } from "../common/options.js";
import { RequestPolicy } from "../handshake/policy.js";
import { checkServerRequest, upgradeHeaders, type UpgradeHeaders } from "../handshake/server.js";
import type { HttpListenerContext, HttpListenerRequest, HttpListenerResponse } from "../http/exchange.js";
import { PendingDecisions } from "./decisions.js";
import type { AcceptDecision, AcceptHook, Refusal, ServerSettings } from "./options.js";
import { TurnedAwayClients } from "./turnedaway.js";

/** Takes over the socket of a client that has come in. */
export type ClientAdmitted = (socket: Socket, request: HttpListenerRequest, agreed: UpgradeHeaders) => void;

/** The door of one server. */
export class Admission {
  /** Whether anyone may come in. */
  isOpen = false;
  private readonly settings: ServerSettings;
  private readonly acceptClient: AcceptHook | undefined;
  private readonly admitted: ClientAdmitted;
  private readonly deflate: DeflateExtension<ServerSettings> | undefined;
  private readonly policy: RequestPolicy;
  private readonly pending: PendingDecisions;
  private readonly turnedAway: TurnedAwayClients | undefined;

  /** @throws OptionError where an option is out of its range */
  constructor(
    settings: ServerSettings,
    acceptClient: AcceptHook | undefined,
    permessageDeflate: DeflateOption["permessageDeflate"],
    admitted: ClientAdmitted,
  ) {
    this.settings = settings;
    this.acceptClient = acceptClient;
    this.admitted = admitted;
    this.deflate = createDeflate(permessageDeflate, settings, { OptionError, ProtocolError });
    this.policy = new RequestPolicy(settings);
    this.pending = new PendingDecisions(settings.handshakeTimeoutMs);
    this.turnedAway = settings.whenFull === "close" ? new TurnedAwayClients(settings) : undefined;
  }

  /** Lets nobody in any more. Who waits for a decision is refused; who is being turned away is gone. */
  close(): void {
    this.isOpen = false;
    this.pending.cancel();
    this.turnedAway?.abort();
  }

  /**
   * Lets a client in, or answers why not.
   *
   * @param clientsCount how many are in
   * @returns true where it is in, or the accept hook has not decided yet
   */
  admit(context: HttpListenerContext, clientsCount: number): boolean {
    const { acceptClient } = this;
    try {
      if (!this.isOpen) throw new HandshakeError(503, "The WebSocketServer is not started.");
      const key = checkServerRequest(context.request, this.policy);
      if (clientsCount + this.pending.count >= this.settings.maxClients) return this.turnAway(context, key);
      const decision = acceptClient === undefined || acceptClient(context.request);
      if (!isPromise<AcceptDecision>(decision)) return this.decide(context, key, decision);
      this.pending.wait(
        decision,
        (decided) => this.decide(context, key, decided),
        (error) => {
          this.refuse(context, error);
        },
      );
      return true;
    } catch (error) {
      this.refuse(context, error);
      return false;
    }
  }

  /** Answers a client that may not come in for what was thrown. */
  refuse({ response }: HttpListenerContext, error: unknown): void {
    const statusCode = error instanceof HandshakeError ? error.statusCode : 500;
    if (statusCode === 500) log("The accept hook failed; the client is answered 500.", error);
    if (response.isClosed) return;
    response.statusCode = statusCode;
    // RFC 6455, 4.4: the answer to another version names the one that is spoken.
    if (statusCode === 426) {
      response.setHeader("Upgrade", "websocket");
      response.setHeader("Sec-WebSocket-Version", "13");
    }
    if (statusCode === 405) response.setHeader("Allow", "GET");
    response.close(error instanceof HandshakeError ? `${error.message}\n` : "");
  }

  /** Tells a client for which there is no place, by HTTP or by a Close frame. */
  private turnAway(context: HttpListenerContext, key: string): false {
    const reason = `The server has its ${this.settings.maxClients} clients (maxClients).`;
    if (this.turnedAway?.hasRoom !== true) throw new HandshakeError(503, reason);
    const socket = context.upgrade(upgradeHeaders(context.request.headers, key, this.settings).headers);
    if (socket !== undefined) this.turnedAway.tell(socket, reason);
    return false;
  }

  private decide(context: HttpListenerContext, key: string, decision: AcceptDecision): boolean {
    const refusal = refusalOf("acceptClient", decision);
    if (refusal === undefined) return this.accept(context, key);
    answerRefusal(context.response, refusal);
    return false;
  }

  private accept(context: HttpListenerContext, key: string): boolean {
    const { request } = context;
    const agreed = upgradeHeaders(request.headers, key, this.settings, this.deflate);
    const socket = context.upgrade(agreed.headers);
    if (socket === undefined) return false;
    this.admitted(socket, request, agreed);
    return true;
  }
}

/**
 * What a hook has decided about a client.
 *
 * @param hook the name of the option, for messages
 * @returns undefined: it may come in
 * @throws OptionError for what is no decision, such as the undefined of a function that forgot to return one
 */
export function refusalOf(hook: string, decision: AcceptDecision | null | undefined): Refusal | undefined {
  if (decision === true) return undefined;
  if (decision === false) return { statusCode: 403 };
  if (typeof decision !== "object" || decision === null)
    throw new OptionError(`${hook} answers true, false or a refusal; it answered ${String(decision)}.`);
  checkInteger("The statusCode of a refusal", decision.statusCode, 400, 599);
  return decision;
}

/** Answers a client that was refused. */
export function answerRefusal(response: HttpListenerResponse, { statusCode, headers = {} }: Refusal): void {
  response.statusCode = statusCode;
  for (const field of Object.entries(headers)) response.setHeader(field[0], field[1]);
  response.close();
}
