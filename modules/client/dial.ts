/** The socket of a client: TCP, or TLS by the settings of a ClientWebSocket. */

import { connect, type ConnectHandlers, type Socket } from "#network";
import { connectTls, storedIdentity } from "#tls";
import { SslProtocols, SslVerification, type ClientSettings, type ResolvedCertificates } from "./options.js";
import type { WebSocketUri } from "../common/uri.js";

/** Where to connect to, and whom to trust. */
export interface SocketRequest {
  readonly uri: WebSocketUri;
  readonly settings: ClientSettings;
  readonly certificates: ResolvedCertificates;
}

/** Connects to the host of the URI. */
export function openSocket({ uri, settings, certificates }: SocketRequest, handlers: ConnectHandlers): Socket {
  const { host, port } = uri;
  if (!uri.isSecure) return connect({ host, port }, handlers);
  const identity = settings.useStoredDeviceCertificate ? storedIdentity() : certificates.identity;
  return connectTls(
    {
      host,
      port,
      serverName: settings.serverName === "" ? host : settings.serverName,
      isVerified: settings.sslVerification !== SslVerification.NoVerification,
      authorities: certificates.authorities,
      // RFC 7301, 6: WebSocket begins with it, and some servers speak HTTP/2 to whoever says nothing.
      applicationProtocols: ["http/1.1"],
      minVersion: settings.sslProtocol === SslProtocols.Tls13 ? "TLSv1.3" : "TLSv1.2",
      ...(identity === undefined ? {} : { identity }),
    },
    handlers,
  );
}
