/**
 * Cookies of one negotiation, for the balancers that keep a client at one server by them: host-only, bounded, and
 * without a clock, since they are forgotten with the attempt to connect (RFC 6265).
 */

import { everyCharacter, isDecimal, isToken } from "../common/text.js";
import type { WebSocketUri } from "../common/uri.js";

/** Most cookies that are kept; the oldest goes for a new one. */
const MAX_COOKIES = 8;
/** Longest name and value of a cookie together; a longer one is not kept. */
const MAX_COOKIE_CHARACTERS = 2_048;

interface Cookie {
  readonly name: string;
  readonly value: string;
  readonly host: string;
  readonly path: string;
  readonly isSecure: boolean;
}

/** Keeps cookies. */
export class CookieJar {
  private cookies: readonly Cookie[] = [];

  /** Takes the Set-Cookie fields of an answer to a request for `uri` (RFC 6265, 5.3). */
  take(uri: WebSocketUri, setCookies: readonly string[]): void {
    for (const text of setCookies) {
      const cookie = parseCookie(uri, text);
      if (cookie === undefined) continue;
      const others = this.cookies.filter((other) => !isSameCookie(other, cookie));
      // An empty value is how servers delete a cookie, beside a date long past.
      this.cookies = cookie.value === "" ? others : [...others, cookie].slice(-MAX_COOKIES);
    }
  }

  /**
   * The Cookie field for a request.
   *
   * @param own the caller's field; a cookie of the server takes the place of the caller's of its name
   * @returns undefined where there is nothing to send
   */
  header(uri: WebSocketUri, own: string | undefined): string | undefined {
    const kept = this.cookies.filter((cookie) => isFor(uri, cookie));
    const pairs = kept.map(({ name, value }) => `${name}=${value}`);
    if (own !== undefined)
      forEachPart(own, ";", (part) => {
        const name = splitOnce(part, "=")[0];
        if (name !== "" && !kept.some((cookie) => cookie.name === name)) pairs.push(part.trim());
      });
    return pairs.length === 0 ? undefined : pairs.join("; ");
  }
}

/** @returns undefined for one that is to be ignored */
function parseCookie(uri: WebSocketUri, text: string): Cookie | undefined {
  const host = uri.host.toLowerCase();
  let name = "";
  let value = "";
  let path = defaultPath(uri.path);
  let isSecure = false;
  forEachPart(text, ";", (part, at) => {
    const [key, content] = splitOnce(part, "=");
    const attribute = key.toLowerCase();
    if (at === 0) {
      name = key;
      value = content;
    } else if (attribute === "path" && content.startsWith("/")) path = content;
    else if (attribute === "secure") isSecure = true;
    else if (attribute === "max-age" && isOver(content)) value = "";
    // RFC 6265, 5.3: no server sets cookies for a domain that its host is not in.
    else if (attribute === "domain" && !isInDomain(host, content.toLowerCase())) name = "";
  });
  const isUsable = isToken(name) && everyCharacter(value, isCookieCharacter);
  if (!isUsable || name.length + value.length > MAX_COOKIE_CHARACTERS) return undefined;
  return { name, value, host, path, isSecure };
}

/** RFC 6265, 5.2.2: a Max-Age of digits, perhaps behind a "-"; any other is ignored. */
function isOver(maxAge: string): boolean {
  const isNegative = maxAge.startsWith("-");
  return isNegative ? isDecimal(maxAge.slice(1)) : isDecimal(maxAge) && Number(maxAge) === 0;
}

/** Walks over parts: a text of many separators, split at once, takes more memory than a device has. */
function forEachPart(text: string, separator: string, take: (part: string, index: number) => void): void {
  let index = 0;
  for (let start = 0; start <= text.length; index++) {
    const end = text.indexOf(separator, start);
    take(text.slice(start, end < 0 ? text.length : end), index);
    start = end < 0 ? text.length + 1 : end + 1;
  }
}

function isSameCookie(one: Cookie, other: Cookie): boolean {
  return one.name === other.name && one.host === other.host && one.path === other.path;
}

function isFor(uri: WebSocketUri, { host, path, isSecure }: Cookie): boolean {
  return host === uri.host.toLowerCase() && isInPath(uri.path, path) && (uri.isSecure || !isSecure);
}

/** RFC 6265, 5.1.4: the folder of the request's path. */
function defaultPath(path: string): string {
  const slash = path.lastIndexOf("/");
  return slash <= 0 ? "/" : path.slice(0, slash);
}

/** RFC 6265, 5.1.4. */
function isInPath(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith("/") ? folder : `${folder}/`);
}

/** RFC 6265, 5.1.3. A leading dot says nothing (5.2.3). */
function isInDomain(host: string, attribute: string): boolean {
  const domain = attribute.startsWith(".") ? attribute.slice(1) : attribute;
  return domain === "" || host === domain || host.endsWith(`.${domain}`);
}

/** RFC 6265, 4.1.1, and what real ones have beside: visible ASCII, and spaces within. */
function isCookieCharacter(code: number): boolean {
  return code >= 32 && code < 127;
}

function splitOnce(text: string, separator: string): readonly [before: string, behind: string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text.trim(), ""] : [text.slice(0, at).trim(), text.slice(at + 1).trim()];
}
