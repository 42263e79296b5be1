/** ws:// and wss:// URIs (RFC 6455, 3). */

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

const PARTS = /^([^:/?#]+):\/\/([^/?#]*)([^?#]*)(\?[^#]*)?(#.*)?$/;
const AUTHORITY = /^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~-]+)(?::([0-9]*))?$/;
/** RFC 3986, 3.3 and 3.4: what is allowed in path and query; the rest is written with per cent signs. */
const RESOURCE_NAME = /^(?:[A-Za-z0-9._~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2})*$/;

/**
 * Reads a URI.
 *
 * @throws OptionError that names the part at fault
 */
export function parseWebSocketUri(uri: string): WebSocketUri {
  const parts = PARTS.exec(uri);
  if (parts === null) throw fault(uri, "it has the form ws://host:port/path or wss://host:port/path");
  const [, scheme = "", authority = "", path = "", query = "", fragment] = parts;
  const isSecure = isSecureScheme(uri, scheme.toLowerCase());
  // RFC 6455, 3: "Fragment identifiers are meaningless in the context of WebSocket URIs and MUST NOT be used".
  if (fragment !== undefined) throw fault(uri, "it has no fragment (#…): write a # of the path as %23");
  if (authority.includes("@")) throw fault(uri, "it has no user name: send an Authorization header instead");
  const [, host = "", portText = ""] = AUTHORITY.exec(authority) ?? [];
  if (host === "") throw fault(uri, `its host is a name of ASCII letters or an IP address, not "${authority}"`);
  const resourceName = `${path === "" ? "/" : path}${query}`;
  if (!RESOURCE_NAME.test(resourceName)) throw fault(uri, "its path and query have only ASCII, the rest as %xx");
  const defaultPort = isSecure ? 443 : 80;
  const port = portText === "" ? defaultPort : Number(portText);
  if (port < 1 || port > 65_535) throw fault(uri, `its port is from 1 to 65535, not ${portText}`);
  return {
    isSecure,
    host: host.startsWith("[") ? host.slice(1, -1) : host,
    port,
    resourceName,
    path: path === "" ? "/" : path,
    hostHeader: port === defaultPort ? host : `${host}:${port}`,
  };
}

function isSecureScheme(uri: string, scheme: string): boolean {
  if (scheme === "ws" || scheme === "wss") return scheme === "wss";
  const advice = scheme === "http" ? "write ws:// for http://" : scheme === "https" ? "write wss:// for https://" : "";
  throw fault(uri, `its scheme is ws or wss, not ${scheme}${advice === "" ? "" : `: ${advice}`}`);
}

function fault(uri: string, rule: string): OptionError {
  return new OptionError(`${JSON.stringify(uri)} is no WebSocket URI: ${rule}.`);
}
