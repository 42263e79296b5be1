/** `#network` on Node.js: node:net, and node:tls for a listener with an identity. */

import { X509Certificate } from "node:crypto";
import { connect as netConnect, createServer, type Server, type Socket as NetSocket } from "node:net";
import { createSecureContext, createServer as createTlsServer, type TlsOptions, TLSSocket } from "node:tls";

import type { Listener, ListenOptions, Network, TlsIdentity } from "../contract.js";
import { toFailure } from "./failure.js";
import { certificatesToPem, identityToPem } from "./pem.js";
import { NodeSocket } from "./socket.js";

export type * from "../contract.js";

/** Milliseconds after which a peer that does not finish its TLS handshake is dropped. */
const tlsHandshakeTimeoutMs = 10_000;

export const connect: Network["connect"] = (options, handlers) => {
  const inner = netConnect({ host: options.host, port: options.port, allowHalfOpen: true });
  const socket = new NodeSocket(inner, handlers);
  inner.once("connect", () => {
    socket.opened(handlers);
  });
  return socket;
};

/** What node:tls needs to know of a listener. @throws where a certificate or a key is not usable */
function tlsOptionsOf(identities: readonly TlsIdentity[], options: ListenOptions): TlsOptions {
  const { clientAuthorities, applicationProtocols } = options;
  const clients: TlsOptions =
    clientAuthorities === undefined
      ? {}
      : { ca: certificatesToPem(clientAuthorities), requestCert: true, rejectUnauthorized: true };
  const named = identities.map((identity) => {
    const [certificate = new Uint8Array(0)] = identity.certificates;
    const secureContext = createSecureContext({ ...identityToPem(identity), ...clients });
    return { certificate: new X509Certificate(certificate), secureContext };
  });
  return {
    ...(identities[0] === undefined ? {} : identityToPem(identities[0])),
    ...clients,
    ...(applicationProtocols === undefined ? {} : { ALPNProtocols: [...applicationProtocols] }),
    handshakeTimeout: tlsHandshakeTimeoutMs,
    SNICallback(name, done) {
      done(null, named.find(({ certificate }) => certificate.checkHost(name) !== undefined)?.secureContext);
    },
  };
}

function createServerFor(options: ListenOptions, accept: (inner: NetSocket) => void): Server {
  const { identity } = options;
  if (identity === undefined) return createServer({ allowHalfOpen: true }, accept);
  const identities = "certificates" in identity ? [identity] : identity;
  const server = createTlsServer(tlsOptionsOf(identities, options), accept);
  // A peer that fails its handshake is no one's connection yet.
  server.on("tlsClientError", (_error, inner) => {
    inner.destroy();
  });
  return server;
}

export const listen: Network["listen"] = (options, handlers) => {
  const listener: Listener & { port: number } = {
    port: 0,
    close() {
      server?.close();
    },
  };
  let server: Server | undefined;
  try {
    server = createServerFor(options, (inner) => {
      const socket = new NodeSocket(inner);
      if (inner instanceof TLSSocket && options.clientAuthorities !== undefined)
        socket.peerCertificate = new Uint8Array(inner.getPeerCertificate().raw);
      socket.accepted(handlers.accept(socket));
    });
  } catch (cause) {
    setImmediate(() => {
      handlers.failed({ code: "ETLSFAILED", message: "the certificate or its key is not usable", cause });
    });
    return listener;
  }
  const opened = server;
  opened.on("error", (error) => {
    handlers.failed(toFailure(error));
  });
  opened.listen(options.port, options.address, () => {
    const address = opened.address();
    if (address !== null && typeof address === "object") listener.port = address.port;
    handlers.listening();
  });
  return listener;
};
