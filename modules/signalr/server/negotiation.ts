/** How a hub answers the negotiation: WebSockets, and nothing else. */

import { log } from "#platform";
import {
  queryValue,
  type HttpListenerContext,
  type HttpListenerRequest,
  type HttpListenerResponse,
} from "../../http.js";
import { HandshakeError } from "../../common/errors.js";
import type { RequestPolicy } from "../../handshake/policy.js";
import type { AcceptHook, Refusal } from "../../server.js";
import { answerRefusal, refusalOf } from "../../server/admission.js";
import type { ConnectionTokens } from "./tokens.js";

/** What a negotiation is answered by. */
export interface Negotiator {
  readonly tokens: ConnectionTokens;
  readonly authorize: AcceptHook;
  readonly policy: RequestPolicy;
}

/** Answers a request to the negotiation's URL. */
export async function answerNegotiation(context: HttpListenerContext, negotiator: Negotiator): Promise<void> {
  const { request, response } = context;
  const refusal = check(context, negotiator.policy) ?? (await decide(request, negotiator.authorize));
  // It may have taken too long, and was answered meanwhile.
  if (response.isClosed) return;
  if (refusal === undefined) {
    response.contentType = "application/json";
    response.close(JSON.stringify(createAnswer(request.rawUrl, negotiator.tokens)));
    return;
  }
  answerRefusal(response, refusal);
}

/** @returns what is answered at once, without asking whether the client may connect */
function check({ request, response }: HttpListenerContext, policy: RequestPolicy): Refusal | undefined {
  const { headers } = request;
  try {
    policy.checkHost(headers);
    policy.checkOrigin(headers);
  } catch (error) {
    if (!(error instanceof HandshakeError)) throw error;
    return { statusCode: error.statusCode };
  }
  if (!policy.isOwnPage(headers)) addCrossOriginHeaders(request, response, headers.get("origin") ?? "");
  if (request.httpMethod === "OPTIONS") return { statusCode: 204 };
  return request.httpMethod === "POST" ? undefined : { statusCode: 405, headers: { Allow: "POST" } };
}

async function decide(request: HttpListenerRequest, authorize: AcceptHook): Promise<Refusal | undefined> {
  try {
    return refusalOf("authorize", await authorize(request));
  } catch (error) {
    log("The authorize hook threw; the client is answered 500.", error);
    return { statusCode: 500 };
  }
}

function createAnswer(url: string, tokens: ConnectionTokens): object {
  const id = tokens.createId();
  const token = tokens.tokenFor(id);
  // Not a constant of the module: XS cannot write a preloaded object as JSON.
  const availableTransports = [{ transport: "WebSockets", transferFormats: ["Text", "Binary"] }];
  const version = Number(queryValue(url, "negotiateVersion") ?? 0);
  // Version 0 knows no token: it connects by its id.
  if (!(version >= 1)) return { negotiateVersion: 0, connectionId: token, availableTransports };
  return { negotiateVersion: 1, connectionId: id, connectionToken: token, availableTransports };
}

/** What a browser wants to see before it lets a page of another origin read the answer (Fetch Standard, 3.3). */
function addCrossOriginHeaders(request: HttpListenerRequest, response: HttpListenerResponse, origin: string): void {
  response.setHeader("Access-Control-Allow-Origin", origin);
  response.setHeader("Access-Control-Allow-Credentials", "true");
  response.setHeader("Vary", "Origin");
  const wanted = request.headers.get("access-control-request-headers");
  if (wanted === undefined) return;
  response.setHeader("Access-Control-Allow-Headers", wanted);
  response.setHeader("Access-Control-Allow-Methods", "POST");
}
