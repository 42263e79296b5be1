/** Texts in the form of PEM. What is in them is no certificate: whoever reads PEM does not care. */

/** The bytes that stand for a certificate. */
export const CERTIFICATE_BYTES = Uint8Array.from({ length: 100 }, (_, at) => (at * 37) & 255);
/** The bytes that stand for a private key. */
export const KEY_BYTES = Uint8Array.from({ length: 70 }, (_, at) => (at * 91) & 255);

/** A block with a label; lines of 64 characters (RFC 7468, 2). */
export function pemOf(label: string, bytes: Uint8Array, lineEnd = "\n"): string {
  const lines =
    Buffer.from(bytes)
      .toString("base64")
      .match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ""].join(lineEnd);
}

export const PEM_CERTIFICATE = pemOf("CERTIFICATE", CERTIFICATE_BYTES);
export const PEM_KEY = pemOf("PRIVATE KEY", KEY_BYTES);
