/** Where a client of the SDK's kind connects to, as options of a ClientWebSocket. */

import {
  ClientWebSocketHeaders,
  OptionError,
  SslVerification,
  type ClientWebSocketOptions,
  type HeadersInit,
} from "../client.js";
import { checkInteger } from "../common/options.js";
import { parseWebSocketUri } from "../common/uri.js";

/** TLS, as the SDK's sockets are told of it; of that, what matters here. */
export interface SecureOptions {
  /** DER or PEM of the authority that is trusted; left out: the host's own list. */
  readonly certificate?: ArrayBuffer | Uint8Array | string | undefined;
  /** False: any certificate is accepted. */
  readonly verify?: boolean | undefined;
}

/** What says where. */
export interface TargetOptions {
  /** The server's name or IP address. */
  readonly host?: string | undefined;
  /** The IP address to connect to; left out: that of `host`. */
  readonly address?: string | undefined;
  /** The TCP port: 80 unless given, with TLS 443. */
  readonly port?: number | undefined;
  /** "/" unless given. */
  readonly path?: string | undefined;
}

/** Arguments of `connect`, and options that go with them. */
export interface Target {
  readonly uri: string;
  readonly headers: ClientWebSocketHeaders;
  readonly options: ClientWebSocketOptions;
}

/** @throws OptionError where something is missing or wrong */
export function readTarget(
  { host, address, port, path = "/" }: TargetOptions,
  secure: SecureOptions | undefined,
  headers: HeadersInit,
): Target {
  const peer = address ?? host;
  if (peer === undefined) throw new OptionError('A host is missing, such as { host: "server.example" }.');
  const number = port ?? (secure === undefined ? 80 : 443);
  checkInteger("port", number, 1, 65_535);
  const uri = `${secure === undefined ? "ws" : "wss"}://${peer}:${number}${path}`;
  parseWebSocketUri(uri);
  const fields = new ClientWebSocketHeaders(headers);
  // RFC 6455, 4.1: Host names the server that is meant, not the address that somebody has found for it.
  const isNamed = host !== undefined && host !== peer;
  if (isNamed && fields.get("Host") === undefined) fields.set("Host", `${host}:${number}`);
  const options = { ...tlsOf(secure), ...(isNamed && secure !== undefined ? { serverName: host } : {}) };
  return { uri, headers: fields, options };
}

function tlsOf({ certificate, verify }: SecureOptions = {}): ClientWebSocketOptions {
  return {
    ...(certificate === undefined
      ? {}
      : { certificate: typeof certificate === "string" ? certificate : new Uint8Array(certificate) }),
    ...(verify === false ? { sslVerification: SslVerification.NoVerification } : {}),
  };
}
