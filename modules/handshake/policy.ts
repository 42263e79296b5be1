/** Which requests a server answers, by the name they use for it and by the page they come from. */

import { log } from "#platform";
import { HandshakeError, OptionError } from "../common/errors.js";
import type { HttpHeaders } from "../common/headers.js";
import { isHostAllowed, isOriginOf, normalizeOrigin, parseAuthority, parseOrigin } from "./origin.js";

/** Refusals that are logged: whoever is refused chooses the text. */
const MAX_LOGGED = 8;
const MAX_LOGGED_LENGTH = 100;

/** What a policy is made of. */
export interface RequestPolicyOptions {
  readonly allowedHosts: readonly string[];
  readonly allowedOrigins: readonly string[];
}

/** A policy. It logs each value that it refuses once, with what to do to allow it. */
export class RequestPolicy {
  private readonly allowedHosts: readonly string[];
  private readonly allowedOrigins: readonly string[];
  private readonly logged = new Set<string>();

  /** @throws OptionError for what is no host or no origin */
  constructor({ allowedHosts, allowedOrigins }: RequestPolicyOptions) {
    this.allowedHosts = allowedHosts.map(toHost);
    this.allowedOrigins = allowedOrigins.map(toAllowedOrigin);
  }

  /**
   * Refuses names that are not this server's, where it was told its names: a page that had its own name point here (DNS
   * rebinding) would be taken for one of this server's. What has no Host is no browser.
   *
   * @throws HandshakeError (421)
   */
  checkHost(headers: HttpHeaders): void {
    const host = headers.get("host");
    if (this.allowedHosts.length === 0 || host === undefined || isHostAllowed(host, this.allowedHosts)) return;
    this.logOnce("host", host, "allowedHosts", parseAuthority(host)?.host ?? host);
    throw new HandshakeError(421, "This server does not answer by this name: add it to allowedHosts.");
  }

  /**
   * Refuses browsers' pages of other servers (RFC 6455, 10.2).
   *
   * @throws HandshakeError (403)
   */
  checkOrigin(headers: HttpHeaders): void {
    const origin = headers.get("origin");
    if (origin === undefined || this.isOwnPage(headers)) return;
    const normal = normalizeOrigin(origin);
    if (this.allowedOrigins.includes("*") || this.allowedOrigins.includes(normal)) return;
    this.logOnce("page of", origin, "allowedOrigins", normal);
    throw new HandshakeError(403, "Pages of this origin may not connect: add it to allowedOrigins.");
  }

  /** Whether a request comes from a page of this very server, or from none. */
  isOwnPage(headers: HttpHeaders): boolean {
    const origin = headers.get("origin");
    return origin === undefined || isOriginOf(origin, headers.get("host") ?? "");
  }

  private logOnce(what: string, value: string, option: string, allowed: string): void {
    if (this.logged.size >= MAX_LOGGED || this.logged.has(allowed)) return;
    this.logged.add(allowed);
    const quoted = (text: string): string => JSON.stringify(text.slice(0, MAX_LOGGED_LENGTH));
    log(`A request was refused: ${what} ${quoted(value)}. To allow it, add ${quoted(allowed)} to ${option}.`);
  }
}

function toHost(text: unknown): string {
  const name = typeof text === "string" ? text : "";
  const suffix = name.startsWith(".") ? "." : "";
  const host = name.includes(":") ? undefined : parseAuthority(name.slice(suffix.length))?.host;
  if (host !== undefined) return suffix + host;
  throw new OptionError(
    `${JSON.stringify(text)} is not a host name. allowedHosts takes names without a port, such as "device.local", or ".local" for all that end in it.`,
  );
}

/** "null" and "file://" are what pages without a server send. */
function toAllowedOrigin(text: unknown): string {
  const origin = typeof text === "string" ? normalizeOrigin(withoutSlash(text)) : "";
  if (parseOrigin(origin) === undefined && origin !== "*" && origin !== "null" && !origin.endsWith("://"))
    throw new OptionError(
      `${JSON.stringify(text)} is not an origin. allowedOrigins takes scheme and host, such as "https://example.org", or "*" for any.`,
    );
  return origin;
}

function withoutSlash(text: string): string {
  return text.endsWith("/") && !text.endsWith("//") ? text.slice(0, -1) : text;
}
