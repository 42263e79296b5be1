import type { ConnectTlsOptions, TlsNetwork } from "../../../contract.js";
import { connectSocket } from "../connecting.js";
import { NetworkError } from "../networkerror.js";
import { isLiteralAddress } from "../resolve.js";
import { TcpSocket } from "../tcpsocket.js";
import { type Certificate, readCertificate } from "./certificate.js";
import { Credentials, isRsaKey } from "./credentials.js";
import { TlsStream } from "./tlsstream.js";

/** @throws NetworkError where the host cannot do what is asked for */
function credentialsOf(options: ConnectTlsOptions): Credentials {
  const { host, serverName, isVerified, authorities, identity, minVersion } = options;
  if (minVersion !== "TLSv1.2") {
    throw new NetworkError("ENOTSUP", `the Moddable SDK does not speak ${minVersion}: set the minimum to TLS 1.2`);
  }
  let trusted: Certificate[];
  try {
    trusted = authorities.map(readCertificate);
    if (identity !== undefined && !isRsaKey(identity.privateKey)) {
      throw new NetworkError("ENOTSUP", "the Moddable SDK signs with RSA keys only: make a client certificate of RSA");
    }
  } catch (error) {
    if (error instanceof NetworkError) throw error;
    throw new NetworkError("ETLSFAILED", "a certificate or the key is not DER (the key: PKCS #8)", error);
  }
  const trust = { authorities: trusted, name: serverName === "" ? host : serverName };
  return new Credentials(isVerified ? trust : undefined, identity);
}

/** RFC 6066, 3: "Literal IPv4 and IPv6 addresses are not permitted in 'HostName'." */
function nameToAskFor(serverName: string): string {
  return isLiteralAddress(serverName) ? "" : serverName;
}

/** The `connectTls` of the contract. */
const connectTls: TlsNetwork["connectTls"] = (options, handlers) => {
  const socket = new TcpSocket(handlers);
  let credentials: Credentials;
  try {
    credentials = credentialsOf(options);
  } catch (error) {
    socket.fail(error as NetworkError);
    return socket;
  }
  connectSocket(socket, options, (address, port) => {
    return new TlsStream(socket, address, port, nameToAskFor(options.serverName), credentials);
  });
  return socket;
};

/** For hosts/moddable/tls.ts, which imports it by name at run time. */
export default connectTls;
