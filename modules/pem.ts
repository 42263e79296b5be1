/** Certificates and keys: PEM to DER (RFC 7468). */

import { fromBase64 } from "#platform";
import { OptionError } from "./common/errors.js";

/** A certificate or key: PEM text, which may have several, or DER bytes. */
export type PemOrDer = string | Uint8Array;

/** A certificate chain, the own certificate first, and its private key, as a TLS server or client shows them. */
export interface TlsIdentity {
  /** DER. */
  readonly certificates: readonly Uint8Array[];
  /** DER, PKCS #8. */
  readonly privateKey: Uint8Array;
}

/**
 * Puts together what a TLS server or client shows.
 *
 * @param certificate the certificate, and those that lead to its authority behind it; PEM, or one as DER
 * @param privateKey its private key, PKCS #8 as PEM or DER
 * @returns the identity, for the option of that name
 * @throws OptionError where there is no certificate or key in them
 */
export function tlsIdentity(certificate: PemOrDer, privateKey: PemOrDer): TlsIdentity {
  const keys = toDer(privateKey, "PRIVATE KEY", "The private key");
  return {
    certificates: toDer(certificate, "CERTIFICATE", "The certificate"),
    privateKey: keys[0] ?? new Uint8Array(0),
  };
}

/**
 * The DER bytes of every block with this label.
 *
 * @param value PEM as a text, or DER as bytes
 * @param label "CERTIFICATE" or "PRIVATE KEY"
 * @param option what it is called in the message of an error
 * @returns the DER bytes of each block
 * @throws OptionError where there is none, or it is not base64
 */
export function toDer(value: PemOrDer, label: string, option: string): Uint8Array[] {
  if (typeof value !== "string") return [value];
  const blocks: Uint8Array[] = [];
  for (const part of value.split("-----BEGIN ").slice(1)) {
    const pieces = part.split("-----");
    const found = pieces[0] ?? "";
    if (pieces[2] !== `END ${found}`) continue;
    if (found === label) blocks.push(decode(pieces[1] ?? "", option));
    else if (found.endsWith("PRIVATE KEY") && label === "PRIVATE KEY")
      throw new OptionError(`${option} is ${found}, and must be PKCS #8. Convert it: openssl pkcs8 -topk8 -nocrypt.`);
  }
  if (blocks.length === 0) {
    const help = value.includes("-----BEGIN ") ? "" : " It is not read from a file: give what is in the file.";
    throw new OptionError(`${option} must be PEM with a -----BEGIN ${label}----- block, or DER as bytes.${help}`);
  }
  return blocks;
}

function decode(base64: string, option: string): Uint8Array {
  try {
    return fromBase64(base64);
  } catch {
    throw new OptionError(`${option} is damaged PEM: what is between its BEGIN and END is not base64.`);
  }
}
