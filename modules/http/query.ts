/** The target of a request, and the values of its query. */

import { OptionError } from "../common/errors.js";
import { everyCharacter, isAlphanumericOr } from "../common/text.js";

/** RFC 3986, 3.3: the characters of a path; the others are written with a per cent sign. */
const isPathCharacter = isAlphanumericOr("._~!$&'()*+,;=:@/%-");

/** @throws OptionError where no request can have this path. @param taker what it is given to */
export function checkPath(taker: string, path: unknown): void {
  if (typeof path !== "string" || !path.startsWith("/") || !everyCharacter(path, isPathCharacter))
    throw new OptionError(
      `${taker} must begin with "/" and be ASCII, the rest as %xx, such as "/led"; it is ${JSON.stringify(path)}.`,
    );
}

/**
 * A value of a URL's query: `queryValue("/led?on=1", "on")` is "1". The query begins at the first "?", and a value at its
 * first "="; what is written with a per cent sign is decoded, a "+" stays one.
 *
 * @param url a URL, or a target such as `rawUrl`
 * @param name that of the value; letter case matters
 * @returns the value; undefined where there is none, or where it cannot be decoded
 */
export function queryValue(url: string, name: string): string | undefined {
  for (let start = url.indexOf("?") + 1; start > 0; start = url.indexOf("&", start) + 1) {
    const next = url.indexOf("&", start);
    const pair = url.slice(start, next < 0 ? url.length : next);
    const at = pair.indexOf("=");
    if ((at < 0 ? pair : pair.slice(0, at)) === name) return at < 0 ? "" : decode(pair.slice(at + 1));
  }
  return undefined;
}

function decode(value: string): string | undefined {
  try {
    return decodeURIComponent(value);
  } catch {
    return undefined;
  }
}

/** Path and query of a request target, which may name the server, too (RFC 9112, 3.2); undefined where it is none. */
export function resourceOf(target: string): string | undefined {
  // RFC 3986, 2: a URI has ASCII only. A control character of Latin-1 could harm the terminal that shows a log.
  if (target.includes("#") || !everyCharacter(target, (code) => code > 0x20 && code < 0x7f)) return undefined;
  if (target === "*" || target.startsWith("/")) return target;
  const start = target.indexOf("://") + 3;
  const scheme = target.slice(0, start).toLowerCase();
  if (scheme !== "http://" && scheme !== "https://") return undefined;
  const rest = target.slice(start);
  const slash = rest.indexOf("/");
  const query = rest.indexOf("?");
  const path = slash < 0 || (query >= 0 && query < slash) ? query : slash;
  if (path < 0) return rest === "" ? undefined : "";
  return path === 0 ? undefined : rest.slice(path);
}
