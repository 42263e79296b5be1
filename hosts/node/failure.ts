import type { NetworkErrorCode, NetworkFailure } from "../contract.js";

const sameCodes: ReadonlySet<string> = new Set<NetworkErrorCode>([
  "ENOTFOUND",
  "ECONNREFUSED",
  "EHOSTUNREACH",
  "ECONNRESET",
  "EADDRINUSE",
  "EACCES",
]);

/** Codes of Node's sockets, and of OpenSSL's verification (its X509_V_ERR_…), that have another name here. */
const otherCodes: Readonly<Record<string, NetworkErrorCode>> = {
  EAI_AGAIN: "ENOTFOUND",
  EAI_FAIL: "ENOTFOUND",
  EAI_NONAME: "ENOTFOUND",
  ENETUNREACH: "EHOSTUNREACH",
  EHOSTDOWN: "EHOSTUNREACH",
  ENETDOWN: "EHOSTUNREACH",
  EADDRNOTAVAIL: "EHOSTUNREACH",
  ETIMEDOUT: "EHOSTUNREACH",
  EPIPE: "ECONNRESET",
  ECONNABORTED: "ECONNRESET",
  EPERM: "EACCES",
  CERT_HAS_EXPIRED: "ETLSEXPIRED",
  CERT_NOT_YET_VALID: "ETLSEXPIRED",
  ERR_TLS_CERT_ALTNAME_INVALID: "ETLSHOSTNAME",
  ERR_TLS_CERT_ALTNAME_FORMAT: "ETLSHOSTNAME",
  HOSTNAME_MISMATCH: "ETLSHOSTNAME",
};

/** What OpenSSL says where the two sides have no version or no cipher suite in common. */
const nothingInCommon =
  /(?:alert|unsupported) protocol(?: version)?|handshake failure|no (?:shared cipher|protocols available|ciphers available)/;

function codeOf(error: NodeJS.ErrnoException): NetworkErrorCode {
  const code = error.code ?? "";
  if (sameCodes.has(code)) return code as NetworkErrorCode;
  const other = otherCodes[code];
  if (other !== undefined) return other;
  if (!/^(?:EPROTO$|ERR_)/.test(code)) {
    // What is neither of a system call nor Node's own is OpenSSL's reason why it does not trust a certificate.
    return code !== "" && error.syscall === undefined ? "ETLSUNTRUSTED" : "EIO";
  }
  const text = `${code} ${error.message}`.toLowerCase().replaceAll("_", " ");
  return nothingInCommon.test(text) ? "ETLSVERSION" : "ETLSFAILED";
}

/** What Node's error is by the contract. */
export function toFailure(cause: NodeJS.ErrnoException): NetworkFailure {
  // Where a name has several addresses, Node tells one error for each, in an error without a message.
  const first = cause instanceof AggregateError ? (cause.errors[0] as NodeJS.ErrnoException | undefined) : undefined;
  return { code: codeOf(cause), message: first?.message ?? cause.message, cause };
}
