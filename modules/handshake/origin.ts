/** Whose name a request uses, and whose page it comes from (RFC 6454; RFC 6455, 10.2). */

import { everyCharacter, isAlphanumericOr, isDecimal, isDigit, isHexDigit } from "../common/text.js";

/** Host and port of a Host header or an origin (RFC 3986, 3.2), in lower case. */
export interface Authority {
  /** A name, or an IP address; IPv6 in brackets. */
  readonly host: string;
  /** Digits; "" where none is given. */
  readonly port: string;
}

/** Scheme and authority of an origin. */
export interface Origin extends Authority {
  readonly scheme: string;
}

const isNameCharacter = isAlphanumericOr("-._~!$&'()*+;=%");

/** Reads "host" or "host:port"; undefined for anything else. */
export function parseAuthority(text: string): Authority | undefined {
  const lower = text.toLowerCase();
  const bracket = lower.startsWith("[") ? lower.indexOf("]") : -1;
  const colon = lower.indexOf(":", bracket + 1);
  const host = withoutDot(colon < 0 ? lower : lower.slice(0, colon));
  const port = colon < 0 ? "" : lower.slice(colon + 1);
  const isHost =
    bracket < 0
      ? host !== "" && everyCharacter(host, isNameCharacter)
      : host.length === bracket + 1 && everyCharacter(host.slice(1, -1), isIpv6Character);
  return isHost && (port === "" || isDecimal(port)) ? { host, port } : undefined;
}

/** Reads "scheme://host" or "scheme://host:port"; undefined for anything else, such as a path behind it. */
export function parseOrigin(text: string): Origin | undefined {
  const at = text.indexOf("://");
  const authority = at <= 0 ? undefined : parseAuthority(text.slice(at + 3));
  return authority === undefined ? undefined : { scheme: text.slice(0, at).toLowerCase(), ...authority };
}

/** An origin as browsers write it: lower case, no port that its scheme implies. What is no origin stays as it is. */
export function normalizeOrigin(text: string): string {
  const origin = parseOrigin(text);
  if (origin === undefined) return text.toLowerCase();
  const { scheme, host, port } = origin;
  return `${scheme}://${host}${port === "" || port === defaultPort(scheme) ? "" : `:${port}`}`;
}

/**
 * Whether a page of `origin` is one of the server that `host` names. A Host without a port is one of which a proxy has
 * perhaps taken the port away: names are compared alone then, as other servers do.
 */
export function isOriginOf(origin: string, host: string): boolean {
  const page = parseOrigin(origin);
  const own = parseAuthority(host);
  if (page === undefined || page.host !== own?.host) return false;
  return own.port === "" || own.port === (page.port || defaultPort(page.scheme));
}

/**
 * Whether a server is to answer by the name in a Host header. IP addresses and localhost always count: a page of another
 * server cannot have them (DNS rebinding gives a name of the attacker's another address).
 *
 * @param allowedHosts names in lower case; one that begins with a dot is for all names that end so
 */
export function isHostAllowed(header: string, allowedHosts: readonly string[]): boolean {
  const host = parseAuthority(header)?.host;
  if (host === undefined) return false;
  return host === "localhost" || isAddress(host) || allowedHosts.some((allowed) => isOfName(host, allowed));
}

function isOfName(host: string, allowed: string): boolean {
  return allowed.startsWith(".") ? host.endsWith(allowed) : host === allowed;
}

/** No top-level domain is a number, so digits and dots are an IPv4 address. */
function isAddress(host: string): boolean {
  return host.startsWith("[") || everyCharacter(host, (code) => isDigit(code) || code === 46);
}

function isIpv6Character(code: number): boolean {
  return isHexDigit(code) || code === 58 || code === 46;
}

function defaultPort(scheme: string): string {
  return scheme === "https" || scheme === "wss" ? "443" : "80";
}

/** "example.org." is the same host as "example.org". */
function withoutDot(host: string): string {
  return host.endsWith(".") ? host.slice(0, -1) : host;
}
