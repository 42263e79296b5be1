/**
 * Decides whether a server is whom it says it is (RFC 5280, 6 and RFC 6125, 6). The SDK's own decision is not used: it
 * accepts a first certificate that nobody has signed where a true chain follows, and authorities that are none, and it
 * looks at no name where the server sends a single certificate.
 */

import Resource from "Resource";

import { NetworkError } from "../networkerror.js";
import { isLiteralAddress } from "../resolve.js";
import { type Certificate, readCertificate } from "./certificate.js";
import { areSame } from "./der.js";
import { isSignedBy, publicKeyOf } from "./signature.js";

/** Whom to trust, and whom to expect. */
export interface Trust {
  /** Empty: those of the SDK that the app has linked. */
  readonly authorities: readonly Certificate[];
  /** The host name or IPv4 address that the certificate must be for. */
  readonly name: string;
}

/** Certificates in a chain. Each may cost a second of a small device's time. */
const maxChainLength = 8;

/**
 * Checks the certificates of a server, its own first.
 *
 * @throws NetworkError with ETLSUNTRUSTED, ETLSEXPIRED or ETLSHOSTNAME
 */
export function verifyChain(chain: readonly Certificate[], { authorities, name }: Trust): void {
  const [leaf] = chain;
  if (chain.length > maxChainLength)
    throw new NetworkError("ETLSUNTRUSTED", "the server has sent too many certificates");
  if (leaf === undefined) throw new NetworkError("ETLSUNTRUSTED", "the server has sent no certificate");
  const path = findPath(leaf, chain.slice(1), authorities);
  for (const certificate of path) checkTime(certificate);
  const { mayServe, mayShakeHands } = leaf.extensions;
  if (!mayServe || !mayShakeHands) throw untrusted("the certificate is not for a server");
  if (!isFor(leaf, name)) {
    const names = [...leaf.extensions.hostNames, ...leaf.extensions.addresses.map((address) => address.join("."))];
    throw new NetworkError("ETLSHOSTNAME", `the certificate is for ${names.join(", ")}, and not for "${name}"`);
  }
}

function untrusted(reason: string, cause?: unknown): NetworkError {
  return new NetworkError("ETLSUNTRUSTED", `${reason}; name its authority in the options if you trust it`, cause);
}

/** The certificates from the server's to that of a trusted authority. */
function findPath(
  leaf: Certificate,
  others: readonly Certificate[],
  authorities: readonly Certificate[],
): readonly Certificate[] {
  const path = [leaf];
  for (let current = leaf; ;) {
    if (current.extensions.hasUnknownCritical) throw untrusted("a certificate has an unknown critical extension");
    const { whole } = current;
    if (authorities.some((authority) => areSame(authority.whole, whole))) return path;
    const below = path.length - 1;
    const anchors = authorities.length > 0 ? authorities : builtInAuthorities(current);
    const anchor = anchors.find((authority) => hasIssued(authority, current, below));
    if (anchor !== undefined) return [...path, anchor];
    const next = others.find((other) => !path.includes(other) && hasIssued(other, current, below));
    if (next === undefined) throw untrusted(reasonOf(current, authorities.length === 0));
    path.push(next);
    current = next;
  }
}

function reasonOf(certificate: Certificate, isBuiltInWanted: boolean): string {
  const reason = "the certificate was issued by no trusted authority";
  const name = isBuiltInWanted ? builtInNameOf(certificate) : undefined;
  return name === undefined ? reason : `${reason}; the SDK has it as modules/crypt/data/${name}`;
}

/**
 * Whether `issuer` has signed `certificate` and was allowed to.
 *
 * @param below how many authorities stand between it and the server's certificate
 */
function hasIssued(issuer: Certificate, certificate: Certificate, below: number): boolean {
  const { isAuthority, maySign, mayServe, pathLength } = issuer.extensions;
  // What an authority may sign for is limited by its own extendedKeyUsage, as browsers and OpenSSL have it.
  if (isAuthority !== true || !maySign || !mayServe) return false;
  if (pathLength !== undefined && pathLength < below) return false;
  if (!areSame(issuer.subject, certificate.issuer)) return false;
  try {
    return isSignedBy(certificate, publicKeyOf(issuer));
  } catch (error) {
    throw untrusted(`a signature cannot be checked: ${String(error)}`, error);
  }
}

function builtInAuthorities(certificate: Certificate): readonly Certificate[] {
  const name = builtInNameOf(certificate);
  return name !== undefined && Resource.exists(`${name}.der`) ? [readCertificate(resource(`${name}.der`))] : [];
}

/**
 * The issuer's name in the SDK, which numbers its authorities ca0, ca1, …, and has the key identifier of each, 20 bytes,
 * in "ca.ski", in this order. Of their certificates an app has those that its manifest names as resources.
 */
function builtInNameOf({ extensions }: Certificate): string | undefined {
  const wanted = extensions.issuerKeyIdentifier;
  const identifierBytes = 20;
  if (wanted?.byteLength !== identifierBytes || !Resource.exists("ca.ski")) return undefined;
  const identifiers = resource("ca.ski");
  for (let at = 0; at + identifierBytes <= identifiers.byteLength; at += identifierBytes) {
    if (areSame(identifiers.subarray(at, at + identifierBytes), wanted)) return `ca${at / identifierBytes}`;
  }
  return undefined;
}

function resource(name: string): Uint8Array {
  // XS makes views of a resource as of an ArrayBuffer, without a copy: it stays in flash.
  const bytes: object = new Resource(name);
  return new Uint8Array(bytes as ArrayBuffer);
}

function checkTime({ notBefore, notAfter }: Certificate): void {
  const time = Date.now();
  if (time >= notBefore && time <= notAfter) return;
  const dates = [notBefore, notAfter, time].map((date) => new Date(date).toISOString().slice(0, 10));
  throw new NetworkError(
    "ETLSEXPIRED",
    `a certificate is valid from ${dates[0] ?? ""} to ${dates[1] ?? ""}, and this device's clock says ${dates[2] ?? ""}`,
  );
}

function isFor({ extensions }: Certificate, name: string): boolean {
  if (isLiteralAddress(name)) return extensions.addresses.some((address) => address.join(".") === name);
  const wanted = (name.endsWith(".") ? name.slice(0, -1) : name).toLowerCase();
  return extensions.hostNames.some((hostName) => matches(hostName, wanted));
}

/** RFC 6125, 6.4.3: a wildcard stands for the whole left-most label. Not for one of two labels, such as "*.com". */
function matches(pattern: string, name: string): boolean {
  if (!pattern.startsWith("*.")) return pattern === name;
  const rest = pattern.slice(1);
  const dot = name.indexOf(".");
  return dot > 0 && rest.indexOf(".", 1) > 0 && name.slice(dot) === rest;
}
