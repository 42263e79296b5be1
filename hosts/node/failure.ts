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

/** What Node's errors of sockets have beside their code. */
interface SocketError extends NodeJS.ErrnoException {
  readonly address?: string;
  readonly hostname?: string;
}

/** What has happened, and what to do, for those who do not know the system's codes; else the system's own words. */
function describe(error: SocketError, code: NetworkErrorCode): string {
  const { address = "the address", hostname = "" } = error;
  switch (code) {
    case "ENOTFOUND":
      return `there is no address for the host name "${hostname}"; check it and the network`;
    case "ECONNREFUSED":
      return `nobody listens there (${address}); check the address, and that the server runs`;
    case "EHOSTUNREACH":
      return `${address} cannot be reached (${error.code ?? code}); check the address and the network`;
    case "ECONNRESET":
      return `the peer, or something between, has cut the connection off (${error.message})`;
    case "EADDRINUSE":
      return "another program uses it; end that program, or take another port";
    case "EACCES":
      return `the system does not allow it (${error.message}); ports below 1024 want privileges: 8080 does not`;
    case "ETLSUNTRUSTED":
      return `${error.message}; give its authority as option certificate if you trust it`;
    default:
      return error.message;
  }
}

/** What Node's error is by the contract. */
export function toFailure(cause: SocketError): NetworkFailure {
  const code = codeOf(cause);
  // Where a name has several addresses, Node tells one error for each, in an error without a message.
  const first = cause instanceof AggregateError ? (cause.errors[0] as SocketError | undefined) : undefined;
  return { code, message: describe(first ?? cause, code), cause };
}
