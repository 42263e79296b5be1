/** `#tls` on Node.js: node:tls. */

import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { isIP, Socket as NetSocket } from "node:net";
import { checkServerIdentity, connect, createSecureContext, type SecureContext } from "node:tls";

import type { ConnectTlsOptions, TlsNetwork } from "../contract.js";
import { certificatesToPem, identityToPem } from "./pem.js";
import { NodeSocket } from "./socket.js";

export type * from "../contract.js";

function contextOf({ authorities, identity, minVersion }: ConnectTlsOptions): SecureContext {
  return createSecureContext({
    minVersion,
    // Without `ca`, Node trusts the authorities that it comes with.
    ...(authorities.length > 0 ? { ca: certificatesToPem(authorities) } : {}),
    ...(identity === undefined ? {} : identityToPem(identity)),
  });
}

export const connectTls: TlsNetwork["connectTls"] = (options, handlers) => {
  const { host, port, serverName, isVerified, applicationProtocols } = options;
  let secureContext: SecureContext;
  try {
    secureContext = contextOf(options);
  } catch (cause) {
    const socket = new NodeSocket(new NetSocket(), handlers);
    socket.fail({ code: "ETLSFAILED", message: "a certificate or the key is not DER (the key: PKCS #8)", cause });
    return socket;
  }
  const checkedName = serverName === "" ? host : serverName;
  const inner = connect({
    host,
    port,
    secureContext,
    // RFC 6066, 3: "Literal IPv4 and IPv6 addresses are not permitted in 'HostName'."
    servername: isIP(serverName) === 0 ? serverName : "",
    rejectUnauthorized: isVerified,
    ...(applicationProtocols === undefined ? {} : { ALPNProtocols: [...applicationProtocols] }),
    checkServerIdentity: (_name, certificate) => checkServerIdentity(checkedName, certificate),
  });
  const socket = new NodeSocket(inner, handlers);
  inner.once("secureConnect", () => {
    socket.opened(handlers);
  });
  return socket;
};

export const storedIdentity: TlsNetwork["storedIdentity"] = () => {
  const certificateFile = process.env["XS_WEBSOCKETS_DEVICE_CERTIFICATE"];
  const keyFile = process.env["XS_WEBSOCKETS_DEVICE_KEY"];
  if (certificateFile === undefined || keyFile === undefined) return undefined;
  const key = readFileSync(keyFile);
  const isPem = key.includes("-----BEGIN");
  const privateKey = createPrivateKey(isPem ? key : { key, format: "der", type: "pkcs8" });
  return {
    certificates: [new Uint8Array(new X509Certificate(readFileSync(certificateFile)).raw)],
    privateKey: new Uint8Array(privateKey.export({ format: "der", type: "pkcs8" })),
  };
};
