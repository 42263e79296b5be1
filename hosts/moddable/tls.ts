import Modules from "modules";
import Resource from "Resource";

import type { TlsNetwork } from "../contract.js";
// XS resolves these against this module's name, "xs-websockets/#tls": they are "xs-websockets/host/…" there.
import { failure } from "./host/failure.js";
import { TcpSocket } from "./host/tcpsocket.js";

export type * from "../contract.js";

/**
 * Linked by manifest_tls.json only, with up to 178 KB of code: it is asked for at run time, so that an app of plain
 * sockets is built without it.
 */
const implementation = "xs-websockets/tls/connecttls";

const missing =
  "TLS is not part of this app: its manifest has to include hosts/moddable/manifest_tls.json of xs-websockets, with mcpack dist/manifest_tls.json";

export const connectTls: TlsNetwork["connectTls"] = (options, handlers) => {
  if (Modules.has(implementation)) {
    const connectLinked = Modules.importNow(implementation) as TlsNetwork["connectTls"];
    return connectLinked(options, handlers);
  }
  const socket = new TcpSocket(handlers);
  socket.fail(failure("ENOTSUP", missing));
  return socket;
};

const certificateName = "device-certificate.der";
const keyName = "device-key.der";

export const storedIdentity: TlsNetwork["storedIdentity"] = () => {
  if (!Resource.exists(certificateName) || !Resource.exists(keyName)) return undefined;
  return { certificates: [resource(certificateName)], privateKey: resource(keyName) };
};

/** XS makes views of a resource as of an ArrayBuffer, without a copy. */
function resource(name: string): Uint8Array {
  const content: object = new Resource(name);
  return new Uint8Array(content as ArrayBuffer);
}
