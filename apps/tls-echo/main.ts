/**
 * npm run tls-echo [port=8443]: a server on this machine for trying wss:// without the internet. It sends each message
 * back. Node.js only: the Moddable SDK has no TLS server.
 *
 * The first run makes an authority and a certificate for localhost, 127.0.0.1 and this machine's name and addresses,
 * and keeps them in build/tls-echo. A client trusts them by `certificate`: ca.pem, or ca.der where it takes DER. To
 * make new ones, for example for a new address, delete the folder.
 */

import { exitWith, log } from "#environment";

import { loadServerFiles } from "./serverfiles.js";

async function main(): Promise<void> {
  const files = await loadServerFiles("build/tls-echo");
  log(`authority:   ${files.authorityPem} (PEM), ${files.authorityDer} (DER)`);
  log(`certificate: ${files.certificatePem}, for ${files.hosts.join(", ")}`);
  log(`private key: ${files.privateKeyPem}`);
}

main().catch(exitWith);
