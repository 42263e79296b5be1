/** Certificates and keys in the form that node:tls takes. */

import { X509Certificate } from "node:crypto";

import type { TlsIdentity } from "../contract.js";

/** RFC 7468, 2: the base64 of the DER between two lines that name it. */
function toPem(label: string, der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString("base64")
      .match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ""].join("\n");
}

/**
 * Certificates as one text of PEM for each.
 *
 * @throws where one is not DER: node:tls would pass over it in silence
 */
export function certificatesToPem(certificates: readonly Uint8Array[]): string[] {
  return certificates.map((certificate) => toPem("CERTIFICATE", new X509Certificate(certificate).raw));
}

/** An identity as node:tls's options `cert` and `key`. */
export function identityToPem(identity: TlsIdentity): { cert: string; key: string } {
  return {
    cert: certificatesToPem(identity.certificates).join(""),
    key: toPem("PRIVATE KEY", identity.privateKey),
  };
}
