/** `#network` on Node.js: node:net, and node:tls for a listener with an identity. */

import { connect as netConnect, createServer, type Server, type Socket as NetSocket } from "node:net";
import { createServer as createTlsServer } from "node:tls";

import type { Listener, Network, TlsIdentity } from "../contract.js";
import { NetworkError, toNetworkError } from "./networkerror.js";
import { identityToPem } from "./pem.js";
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

function createServerFor(identity: TlsIdentity | undefined, accept: (inner: NetSocket) => void): Server {
  if (identity === undefined) return createServer({ allowHalfOpen: true }, accept);
  const options = { ...identityToPem(identity), handshakeTimeout: tlsHandshakeTimeoutMs };
  const server = createTlsServer(options, accept);
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
    server = createServerFor(options.identity, (inner) => {
      const socket = new NodeSocket(inner);
      socket.accepted(handlers.accept(socket));
    });
  } catch (error) {
    setImmediate(() => {
      handlers.error(new NetworkError("ETLSFAILED", "the certificate or its key is not usable", error));
    });
    return listener;
  }
  const opened = server;
  opened.on("error", (error) => {
    handlers.error(toNetworkError(error));
  });
  opened.listen(options.port, options.address, () => {
    const address = opened.address();
    if (address !== null && typeof address === "object") listener.port = address.port;
    handlers.listening();
  });
  return listener;
};
