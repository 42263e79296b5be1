import { NetworkError } from "../networkerror.js";

/** Descriptions of alerts (RFC 5246, 7.2 and RFC 8446, 6). */
const handshakeFailure = 40;
const badCertificate = 42;
const certificateExpired = 45;
const unknownAuthority = 48;
const protocolVersion = 70;
const insufficientSecurity = 71;
const inappropriateFallback = 86;
const certificateRequired = 116;

/** The error for an exception of the SDK's TLS code, or of ours. */
export function toTlsError(error: unknown, hasServerHello: boolean): NetworkError {
  if (error instanceof NetworkError) return error;
  const message = error instanceof Error ? error.message : String(error);
  const alert = message.startsWith("alert: ") ? message.split(", ")[1] : undefined;
  if (alert !== undefined) return alertError(Number(alert), hasServerHello, error);
  if ((message.includes("cipher") || message.includes("compression")) && !hasServerHello) return versionError(error);
  return new NetworkError("ETLSFAILED", `TLS has failed: ${message}`, error);
}

function alertError(alert: number, hasServerHello: boolean, cause: unknown): NetworkError {
  switch (alert) {
    case protocolVersion:
    case insufficientSecurity:
    case inappropriateFallback:
      return versionError(cause);
    case handshakeFailure:
      if (!hasServerHello) return versionError(cause);
      return new NetworkError("ETLSFAILED", "the server has ended the handshake; it may want a certificate", cause);
    default: {
      const isAboutCertificate =
        (alert >= badCertificate && alert <= unknownAuthority) || alert === certificateRequired;
      const reason = isAboutCertificate
        ? "does not accept the certificate of this client, or misses one"
        : "has failed";
      return new NetworkError("ETLSFAILED", `the server ${reason} (TLS alert ${alert})`, cause);
    }
  }
}

/** The two sides have no version or cipher suite in common. */
export function versionError(cause?: unknown): NetworkError {
  return new NetworkError(
    "ETLSVERSION",
    "the server takes neither TLS 1.2 nor the cipher suites of the Moddable SDK, such as ECDHE-RSA-AES128-GCM-SHA256",
    cause,
  );
}

/** What to tell the server of an error that this side has found. */
export function alertFor(error: NetworkError): number {
  switch (error.code) {
    case "ETLSUNTRUSTED":
      return unknownAuthority;
    case "ETLSEXPIRED":
      return certificateExpired;
    case "ETLSHOSTNAME":
      return badCertificate;
    case "ETLSVERSION":
      return protocolVersion;
    default:
      return handshakeFailure;
  }
}
