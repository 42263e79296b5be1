/**
 * Asks a server where and as whom to connect. Source: "SignalR Transport Protocols",
 * https://github.com/dotnet/aspnetcore/blob/main/src/SignalR/docs/specs/TransportProtocols.md
 */

import { ClientWebSocketHeaders, type HeadersInit } from "../client.js";
import type { ClientSettings, ResolvedCertificates } from "../clientoptions.js";
import { AbortedError } from "../protocol/errors.js";
import { parseWebSocketUri, type WebSocketUri } from "../protocol/uri.js";
import { NegotiationError } from "./errors.js";
import { HttpPost, type HttpAnswer } from "./httppost.js";
import { isObject, parseObject, type JsonLimits } from "./json.js";

/** Answers that name another server, before it is given up. */
const MAX_REDIRECTS = 5;
/** Largest answer, in bytes; an access token of Azure takes most of it. */
const MAX_BODY_BYTES = 8_192;

/** Where to connect to. */
export interface ConnectTarget {
  /** ws:// or wss://. */
  readonly url: string;
  /** For the Authorization header; undefined: none. */
  readonly accessToken: string | undefined;
  /** The id of the connection; undefined where it was not negotiated. */
  readonly connectionId: string | undefined;
}

/** What a negotiation needs. */
export interface NegotiationRequest {
  readonly url: string;
  readonly accessToken: string | undefined;
  readonly headers: HeadersInit;
  readonly settings: ClientSettings;
  readonly certificates: ResolvedCertificates;
  /** The names of fields that an answer may have. */
  readonly names: JsonLimits["names"];
}

/** One negotiation. */
export class Negotiation {
  private readonly request: NegotiationRequest;
  private post: HttpPost | undefined = undefined;
  private isAborted = false;

  constructor(request: NegotiationRequest) {
    this.request = request;
  }

  /** Rejects with NegotiationError, NetworkError, TlsError, TimeoutError or AbortedError. */
  async run(): Promise<ConnectTarget> {
    let { url, accessToken } = this.request;
    for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
      const answer = await this.ask(url, accessToken);
      if (answer.kind === "accepted") {
        const { connectionId, connectionToken } = answer;
        return { url: withQuery(url, "id", connectionToken), accessToken, connectionId };
      }
      const target = toWebSocketUrl(answer.url);
      checkRedirect(url, target);
      accessToken = answer.accessToken ?? (isSameServer(url, target) ? accessToken : undefined);
      url = target;
    }
    throw new NegotiationError(0, `The negotiation was passed on more than ${MAX_REDIRECTS} times.`);
  }

  /** Gives it up. */
  abort(): void {
    this.isAborted = true;
    this.post?.abort();
  }

  private async ask(url: string, accessToken: string | undefined): Promise<NegotiateAnswer> {
    if (this.isAborted) throw new AbortedError();
    const { headers, settings, certificates } = this.request;
    const uri = parseWebSocketUri(negotiateUrl(url));
    const fields = withAccessToken(headers, accessToken);
    this.post = new HttpPost({ uri, headers: fields, settings, certificates, maximumBodyBytes: MAX_BODY_BYTES });
    return readAnswer(await this.post.answer, this.request.names);
  }
}

/** The headers, with that of an access token. */
export function withAccessToken(init: HeadersInit, accessToken: string | undefined): ClientWebSocketHeaders {
  const headers = new ClientWebSocketHeaders(init);
  if (accessToken !== undefined && accessToken !== "") headers.set("Authorization", `Bearer ${accessToken}`);
  return headers;
}

/** A hub's URL as that of its WebSocket: http is ws, https is wss. */
export function toWebSocketUrl(url: string): string {
  const [scheme, rest] = splitOnce(url, "://");
  const known = scheme.toLowerCase();
  if (rest === undefined || (known !== "http" && known !== "https")) return url;
  return `${known === "http" ? "ws" : "wss"}://${rest}`;
}

/** The URL of the negotiation: that of the hub, and "/negotiate". */
export function negotiateUrl(url: string): string {
  const [base, query] = splitOnce(url, "?");
  const path = `${base.endsWith("/") ? base : `${base}/`}negotiate`;
  const own = query === undefined ? path : `${path}?${query}`;
  return query?.split("&").some(isVersion) === true ? own : withQuery(own, "negotiateVersion", "1");
}

function isVersion(pair: string): boolean {
  return pair.startsWith("negotiateVersion=");
}

type NegotiateAnswer =
  | { readonly kind: "accepted"; readonly connectionId: string; readonly connectionToken: string }
  | { readonly kind: "redirected"; readonly url: string; readonly accessToken: string | undefined };

function readAnswer({ statusCode, body }: HttpAnswer, names: JsonLimits["names"]): NegotiateAnswer {
  if (statusCode !== 200)
    throw new NegotiationError(
      statusCode,
      `The server answered the negotiation with ${statusCode}${statusCode === 404 ? ": is there a hub at this URL?" : "."}`,
    );
  const fields = readBody(body, names);
  const { error, url, accessToken } = fields;
  if (typeof error === "string") throw new NegotiationError(statusCode, `The server refused: ${error}`);
  if (typeof url === "string")
    return { kind: "redirected", url, accessToken: typeof accessToken === "string" ? accessToken : undefined };
  return { kind: "accepted", ...readIds(fields) };
}

function readBody(body: string, names: JsonLimits["names"]): Readonly<Record<string, unknown>> {
  try {
    return parseObject(body, { names });
  } catch (cause) {
    throw new NegotiationError(200, "The answer to the negotiation is not that of a SignalR server.", { cause });
  }
}

function readIds(fields: Readonly<Record<string, unknown>>): { connectionId: string; connectionToken: string } {
  const { connectionId, connectionToken, negotiateVersion, availableTransports } = fields;
  if (typeof connectionId !== "string" || connectionId === "")
    throw new NegotiationError(200, "The answer to the negotiation has no connectionId.");
  if (Array.isArray(availableTransports) && !availableTransports.some(isWebSockets))
    throw new NegotiationError(200, "The server does not offer WebSockets.");
  // Version 0 has no token: its id serves as one.
  const isOld = typeof negotiateVersion !== "number" || negotiateVersion < 1;
  if (isOld) return { connectionId, connectionToken: connectionId };
  if (typeof connectionToken !== "string")
    throw new NegotiationError(200, "The answer to the negotiation has no connectionToken.");
  return { connectionId, connectionToken };
}

function isWebSockets(transport: unknown): boolean {
  return isObject(transport) && transport["transport"] === "WebSockets";
}

function checkRedirect(from: string, to: string): void {
  const { isSecure } = parseTarget(to);
  if (parseWebSocketUri(from).isSecure && !isSecure)
    throw new NegotiationError(200, `The server sends us from TLS to none, to ${to}.`);
}

/** A URL that cannot be is the server's mistake here. */
function parseTarget(url: string): WebSocketUri {
  try {
    return parseWebSocketUri(url);
  } catch (cause) {
    throw new NegotiationError(200, `The server sends us on to ${JSON.stringify(url)}, which is no URL.`, { cause });
  }
}

function isSameServer(one: string, other: string): boolean {
  const [first, second] = [parseWebSocketUri(one), parseWebSocketUri(other)];
  return first.host.toLowerCase() === second.host.toLowerCase() && first.port === second.port;
}

function withQuery(url: string, name: string, value: string): string {
  return `${url}${url.includes("?") ? "&" : "?"}${name}=${encodeURIComponent(value)}`;
}

function splitOnce(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + separator.length)];
}
