import { failure, type HostFailure } from "../host/failure.js";
import { describeError, type TlsEngine } from "./engine.js";

/** Bits of mbedTLS about certificates, and those of tlsengine.h. */
const expired = 0x01;
const otherName = 0x04;
const notYetValid = 0x02_00;
const reasons: readonly (readonly [bit: number, reason: string])[] = Object.freeze(
  (
    [
      [0x100_0000, "there are too many certificates"],
      [0x200_0000, "a key is longer than RSA 4096"],
      [0x400_0000, "there is none"],
      [0x800_0000, "an authority is for certain names only (name constraints), which is not supported"],
      [0x08, "the certificate was issued by no trusted authority"],
      [0x08_00, "a certificate may not be used for this (key usage)"],
      [0x10_00, "a certificate may not be used for this (extended key usage)"],
      [0x40_00, "a certificate is signed with a digest that is not safe"],
      [0x80_00, "a certificate has a key of a kind that is not accepted"],
      [0x1_0000, "a certificate has a key that is too short"],
    ] as const
  ).map((reason) => Object.freeze(reason)),
);

/** Alerts (RFC 8446, 6). */
const handshakeFailure = 40;
const badCertificate = 42;
const unknownAuthority = 48;
const protocolVersion = 70;
const insufficientSecurity = 71;
const inappropriateFallback = 86;
const certificateRequired = 116;
const noApplicationProtocol = 120;

/** Errors of mbedTLS. */
const fatalAlert = -0x7780;
/** No cipher suite or version of the other's, a handshake that fails for them, an illegal parameter of TLS 1.3. */
const versionErrors: readonly number[] = Object.freeze([-0x6e00, -0x6e80, -0x7380, -0x6000]);

/** Before this the clock was not set: this version of the library is younger. */
const firstPossibleTime = Date.UTC(2_026, 0);

/** Why a connection has failed. @param hint what to add where a certificate is not trusted */
export function errorOf(engine: TlsEngine, hint: string): HostFailure {
  const { flags } = engine;
  const untrusted = flags & ~(expired | notYetValid | otherName);
  if (untrusted !== 0) {
    const found = reasons.filter((reason) => (untrusted & reason[0]) !== 0).map((reason) => reason[1]);
    const reason = found.length > 0 ? found.join(", ") : `the certificate is not valid (0x${untrusted.toString(16)})`;
    return failure("ETLSUNTRUSTED", `${reason}${hint}; name its authority in the options if you trust it`);
  }
  if ((flags & (expired | notYetValid)) !== 0) return failure("ETLSEXPIRED", timeReason(engine));
  if ((flags & otherName) !== 0) {
    const { names } = engine;
    return failure("ETLSHOSTNAME", `the certificate is for ${names === "" ? "no host" : names}`);
  }
  return engine.error === fatalAlert ? alertError(engine.alert) : otherError(engine.error);
}

function timeReason({ validity }: TlsEngine): string {
  const now = Date.now();
  const day = (time: number): string => new Date(time).toISOString().slice(0, 10);
  const clock = now < firstPossibleTime ? ", which is not set: set it first, by sntp" : "";
  return `a certificate is valid from ${day(validity[0])} to ${day(validity[1])}, and this device's clock says ${day(now)}${clock}`;
}

function alertError(alert: number): HostFailure {
  switch (alert) {
    case protocolVersion:
    case insufficientSecurity:
    case inappropriateFallback:
      return versionError(`TLS alert ${alert}`);
    case handshakeFailure:
      return versionError(`TLS alert ${alert}; it may also want a certificate`);
    case noApplicationProtocol:
      return failure("ETLSFAILED", "the peer speaks none of the application protocols that were offered");
    default: {
      const isAboutCertificate =
        (alert >= badCertificate && alert <= unknownAuthority) || alert === certificateRequired;
      const reason = isAboutCertificate ? "does not accept the certificate of this side, or misses one" : "has failed";
      return failure("ETLSFAILED", `the peer ${reason} (TLS alert ${alert})`);
    }
  }
}

/** The two sides have no version or cipher suite in common. */
function versionError(reason: string): HostFailure {
  return failure("ETLSVERSION", `the peer takes none of the TLS versions and cipher suites here (${reason})`);
}

function otherError(error: number): HostFailure {
  const reason = describeError(error);
  if (versionErrors.includes(error)) return versionError(reason);
  return failure("ETLSFAILED", `TLS has failed: ${reason}`);
}
