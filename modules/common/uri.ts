/** ws:// and wss:// URIs (RFC 6455, 3). */

import { everyCharacter, isAlphanumericOr, isDigit, isHexDigit, kindOf } from "./text.js";
import { OptionError } from "./errors.js";

/** Where a URI points to. */
export interface WebSocketUri {
  /** Whether the scheme is wss. */
  readonly isSecure: boolean;
  /** A host name or an IP address, that of IPv6 without its brackets. */
  readonly host: string;
  /** The port; 80 or 443 where the URI names none. */
  readonly port: number;
  /** Path and query, the "resource name" of RFC 6455, 3. */
  readonly resourceName: string;
  /** The path alone. */
  readonly path: string;
  /** What the Host header says: the port only where it is not that of the scheme (RFC 9110, 7.2). */
  readonly hostHeader: string;
}

const isNameCharacter = isAlphanumericOr("._~-");
/** RFC 3986, 3.3 and 3.4: what path and query may have, beside characters that are written with a per cent sign. */
const isResourceCharacter = isAlphanumericOr("._~!$&'()*+,;=:@/?-");

/**
 * The text of a URI that was given as such, or as an object of the class URL.
 *
 * @throws OptionError for anything else
 */
export function uriText(uri: unknown): string {
  if (typeof uri === "string") return uri;
  if (typeof uri === "object" && uri !== null && "href" in uri && typeof uri.href === "string") return uri.href;
  throw new OptionError(`A URI is a string such as "ws://192.168.4.1/path", or a URL object; this is ${kindOf(uri)}.`);
}

/**
 * Reads a URI.
 *
 * @throws OptionError that names the part at fault
 */
export function parseWebSocketUri(uri: string): WebSocketUri {
  const colon = uri.indexOf("://");
  const scheme = uri.slice(0, Math.max(colon, 0)).toLowerCase();
  if (scheme === "") throw fault(uri, "it must begin with ws:// or wss://, as ws://host:port/path");
  const isSecure = isSecureScheme(uri, scheme);
  // RFC 6455, 3: "Fragment identifiers are meaningless in the context of WebSocket URIs and MUST NOT be used".
  if (uri.includes("#")) throw fault(uri, "it must not have a fragment (#…); write a # of the path as %23");
  const rest = uri.slice(colon + 3);
  const authority = upTo(rest, "/?");
  const resource = rest.slice(authority.length);
  if (authority.includes("@")) throw fault(uri, "it must not have a user name; send an Authorization header instead");
  const { host, port } = readAuthority(uri, authority, isSecure ? 443 : 80);
  if (!isResourceName(resource)) throw fault(uri, "its path and query must be ASCII; write the rest as %xx");
  const resourceName = resource.startsWith("/") ? resource : `/${resource}`;
  return {
    isSecure,
    host: host.startsWith("[") ? host.slice(1, -1) : host,
    port,
    resourceName,
    path: upTo(resourceName, "?"),
    hostHeader: port === (isSecure ? 443 : 80) ? host : `${host}:${port}`,
  };
}

/** Whether a text can be the value of a Host field: a host, and perhaps a port (RFC 9110, 7.2). */
export function isHostField(text: string): boolean {
  if (text.includes("/") || text.includes("?")) return false;
  try {
    return parseWebSocketUri(`ws://${text}`).host !== "";
  } catch {
    return false;
  }
}

/** @returns the host, that of IPv6 with its brackets, and the port */
function readAuthority(
  uri: string,
  authority: string,
  defaultPort: number,
): { readonly host: string; readonly port: number } {
  const hostLength = authority.startsWith("[") ? authority.indexOf("]") + 1 : upTo(authority, ":").length;
  const host = authority.slice(0, hostLength);
  const portText = authority.slice(hostLength + 1);
  const hasPort = authority.length > hostLength;
  if (!isHost(host) || (hasPort && !authority.startsWith(":", hostLength)) || !everyCharacter(portText, isDigit))
    throw fault(uri, `its host must be a name of ASCII letters or an IP address, not "${authority}"`);
  const port = portText === "" ? defaultPort : Number(portText);
  if (port < 1 || port > 65_535) throw fault(uri, `its port must be from 1 to 65535, not ${portText}`);
  return { host, port };
}

function isHost(host: string): boolean {
  if (!host.startsWith("[")) return host !== "" && everyCharacter(host, isNameCharacter);
  const address = host.slice(1, -1);
  return address !== "" && everyCharacter(address, (code) => isHexDigit(code) || code === 46 || code === 58);
}

/** RFC 3986, 2.1: a per cent sign is followed by two hexadecimal digits. */
function isResourceName(text: string): boolean {
  return text.split("%").every((part, index) => {
    const digits = index === 0 ? 0 : 2;
    return (
      part.length >= digits &&
      everyCharacter(part.slice(0, digits), isHexDigit) &&
      everyCharacter(part.slice(digits), isResourceCharacter)
    );
  });
}

/** What of a text comes before the first of some characters: all of it where there is none. */
function upTo(text: string, separators: string): string {
  let end = 0;
  while (end < text.length && !separators.includes(text.charAt(end))) end++;
  return text.slice(0, end);
}

function isSecureScheme(uri: string, scheme: string): boolean {
  if (scheme === "ws" || scheme === "wss") return scheme === "wss";
  const advice = scheme === "http" ? "write ws:// for http://" : scheme === "https" ? "write wss:// for https://" : "";
  throw fault(uri, `its scheme must be ws or wss, not ${scheme}${advice === "" ? "" : `: ${advice}`}`);
}

function fault(uri: string, rule: string): OptionError {
  return new OptionError(`${JSON.stringify(uri)} is not a WebSocket URI: ${rule}.`);
}
