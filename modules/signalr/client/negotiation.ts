/**
 * Asks a server where and as whom to connect. Source: "SignalR Transport Protocols",
 * https://github.com/dotnet/aspnetcore/blob/main/src/SignalR/docs/specs/TransportProtocols.md
 */

import { decodeUtf8 } from "#platform";
import { ClientWebSocketHeaders, type HeadersInit } from "../../client.js";
import type { ClientSettings, ResolvedCertificates } from "../../client/options.js";
import { openSocket } from "../../client/dial.js";
import type { HttpAnswer } from "../../http/answer.js";
import { CookieJar } from "../../http/cookies.js";
import { describeContent, describeStatus, textOf } from "../../http/describe.js";
import { formatRequest, HttpRequest } from "../../http/request.js";
import { AbortedError, HandshakeError } from "../../common/errors.js";
import { parseWebSocketUri, type WebSocketUri } from "../../common/uri.js";
import { NegotiationError } from "../errors.js";
import { isObject, parseObject, type JsonLimits } from "../wire/limits.js";

/** Answers that name another place, before it is given up. */
const MAX_REDIRECTS = 5;
/** Largest answer, in bytes; an access token of Azure takes most of it. */
const MAX_BODY_BYTES = 8_192;
/** Statuses that send the request on to another place (RFC 9110, 15.4). */
const REDIRECTS: readonly number[] = Object.freeze([301, 302, 307, 308]);
/** Fields of an answer that count, beside those that tell where it ends. */
const NEEDED_FIELDS: readonly string[] = Object.freeze(["location", "set-cookie"]);
/** Fields of the caller that are for the server that the caller has named. */
const OWN_FIELDS: readonly string[] = Object.freeze(["authorization", "cookie", "host"]);

/** Where to connect to. */
export interface ConnectTarget {
  /** ws:// or wss://. */
  readonly url: string;
  /** For the upgrade: the caller's, the token, and the cookies of the negotiation. */
  readonly headers: ClientWebSocketHeaders;
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

/** One negotiation. Its cookies, such as that of a balancer, go along to the WebSocket, and end with it. */
export class Negotiation {
  private readonly request: NegotiationRequest;
  private readonly cookies = new CookieJar();
  private exchange: HttpRequest | undefined = undefined;
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
        const target = withQuery(url, "id", answer.connectionToken);
        const headers = this.headersFor(parseWebSocketUri(target), accessToken);
        return { url: target, headers, connectionId: answer.connectionId };
      }
      const target = toWebSocketUrl(answer.url);
      checkRedirect(url, target);
      accessToken = answer.accessToken ?? (isSameServer(url, parseWebSocketUri(target)) ? accessToken : undefined);
      url = target;
    }
    throw new NegotiationError(0, `The negotiation was passed on more than ${MAX_REDIRECTS} times.`);
  }

  /** Gives it up. */
  abort(): void {
    this.isAborted = true;
    this.exchange?.abort();
  }

  private async ask(url: string, accessToken: string | undefined): Promise<NegotiateAnswer> {
    if (this.isAborted) throw new AbortedError();
    const uri = parseWebSocketUri(negotiateUrl(url));
    const answer = await this.post(uri, this.headersFor(uri, accessToken));
    this.cookies.take(uri, answer.headers.getAll("set-cookie"));
    return redirectOf(uri, answer) ?? readAnswer(answer, this.request.names);
  }

  private headersFor(uri: WebSocketUri, accessToken: string | undefined): ClientWebSocketHeaders {
    const headers = new ClientWebSocketHeaders(this.request.headers);
    if (!isSameServer(this.request.url, uri)) for (const name of OWN_FIELDS) headers.remove(name);
    const cookie = this.cookies.header(uri, headers.get("cookie"));
    if (cookie !== undefined) headers.set("Cookie", cookie);
    return withAccessToken(headers, accessToken);
  }

  private post(uri: WebSocketUri, headers: ClientWebSocketHeaders): Promise<HttpAnswer> {
    const { settings, certificates } = this.request;
    return new Promise((resolve, reject) => {
      this.exchange = new HttpRequest(
        {
          uri,
          connect: (handlers) => openSocket({ uri, settings, certificates }, handlers),
          text: formatRequest("POST", uri, ["Content-Length: 0", "Connection: close"], headers),
          connectTimeout: settings.connectTimeout,
          maxHeadBytes: settings.maxHeadBytes,
          wantedStatus: 200,
          neededFields: NEEDED_FIELDS,
          maxBodyBytes: MAX_BODY_BYTES,
        },
        {
          answered: resolve,
          failed: (error) => {
            reject(error instanceof HandshakeError ? new NegotiationError(error.statusCode, error.message) : error);
          },
          switched: (socket) => {
            socket.destroy();
          },
        },
      );
    });
  }
}

/** The headers, with that of an access token. */
export function withAccessToken(init: HeadersInit, accessToken: string | undefined): ClientWebSocketHeaders {
  const headers = new ClientWebSocketHeaders(init);
  if (accessToken !== undefined) headers.set("Authorization", `Bearer ${accessToken}`);
  return headers;
}

/** A hub's URL as that of its WebSocket: http is ws, https is wss. */
export function toWebSocketUrl(url: string): string {
  const { before: scheme, behind: rest } = splitOnce(url, "://");
  const known = scheme.toLowerCase();
  if (rest === undefined || (known !== "http" && known !== "https")) return url;
  return `${known === "http" ? "ws" : "wss"}://${rest}`;
}

/** The URL of the negotiation: that of the hub, and "/negotiate". */
export function negotiateUrl(url: string): string {
  const { before: base, behind: query } = splitOnce(url, "?");
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

/**
 * RFC 9110, 15.4: the request is sent on, as from http to https.
 *
 * @throws NegotiationError where that is no hub
 */
function redirectOf(uri: WebSocketUri, { statusCode, headers }: HttpAnswer): NegotiateAnswer | undefined {
  const location = headers.get("location");
  if (location === undefined || !REDIRECTS.includes(statusCode)) return undefined;
  const isPath = location.startsWith("/") && !location.startsWith("//");
  const target = isPath ? `${uri.isSecure ? "wss" : "ws"}://${uri.hostHeader}${location}` : location;
  const { before: base, behind: query } = splitOnce(target, "?");
  if (!base.endsWith("/negotiate"))
    throw new NegotiationError(
      statusCode,
      `The server sends the negotiation on to ${JSON.stringify(location)}, which is no hub: does it want a login?`,
    );
  const url = base.slice(0, -"/negotiate".length);
  return { kind: "redirected", url: query === undefined ? url : `${url}?${query}`, accessToken: undefined };
}

function readAnswer(answer: HttpAnswer, names: JsonLimits["names"]): NegotiateAnswer {
  const { statusCode, body } = answer;
  if (statusCode !== 200) {
    const advice = statusCode === 404 ? ": is there a hub at this URL?" : ".";
    throw new NegotiationError(
      statusCode,
      `The server answered the negotiation with ${describeStatus(answer)}${advice}${describeContent(answer, textOf(body))}`,
    );
  }
  const fields = readBody(body, names);
  const { error, url, accessToken } = fields;
  if (typeof error === "string") throw new NegotiationError(statusCode, `The server refused: ${error}`);
  if (typeof url === "string")
    return { kind: "redirected", url, accessToken: isText(accessToken) ? accessToken : undefined };
  return { kind: "accepted", ...readIds(fields) };
}

function readBody(body: Uint8Array, names: JsonLimits["names"]): Readonly<Record<string, unknown>> {
  try {
    return parseObject(decodeUtf8(body, 0, body.length), { names });
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

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

function isSameServer(url: string, second: WebSocketUri): boolean {
  const first = parseWebSocketUri(url);
  return first.host.toLowerCase() === second.host.toLowerCase() && first.port === second.port;
}

function withQuery(url: string, name: string, value: string): string {
  return `${url}${url.includes("?") ? "&" : "?"}${name}=${encodeURIComponent(value)}`;
}

function splitOnce(text: string, separator: string): { readonly before: string; readonly behind: string | undefined } {
  const at = text.indexOf(separator);
  if (at < 0) return { before: text, behind: undefined };
  return { before: text.slice(0, at), behind: text.slice(at + separator.length) };
}
