/** X.509 certificates (RFC 5280), as far as a TLS client asks. */

import { areSame, bitsOf, DerReader, DerTag, type DerValue } from "./der.js";

/** A certificate, read. Its bytes are views of what it was read from. */
export interface Certificate {
  readonly whole: Uint8Array;
  /** What is signed (tbsCertificate). */
  readonly signedPart: Uint8Array;
  /** The object identifier of the signature's algorithm, as hex. */
  readonly signatureAlgorithm: string;
  readonly signature: Uint8Array;
  /** Distinguished names, DER. */
  readonly issuer: Uint8Array;
  readonly subject: Uint8Array;
  /** Milliseconds since 1970. */
  readonly notBefore: number;
  readonly notAfter: number;
  /** SubjectPublicKeyInfo. */
  readonly publicKeyInfo: Uint8Array;
  readonly extensions: Extensions;
}

/** What the extensions of a certificate say. */
export interface Extensions {
  /** basicConstraints; undefined where there are none. */
  isAuthority: boolean | undefined;
  /** How many authorities may stand below this one; undefined for any number. */
  pathLength: number | undefined;
  /** keyUsage allows to sign certificates. */
  maySign: boolean;
  /** keyUsage allows the handshake of a server. */
  mayShakeHands: boolean;
  /** extendedKeyUsage allows to serve TLS, or to sign certificates of servers. */
  mayServe: boolean;
  /** The key identifier of the issuer. */
  issuerKeyIdentifier: Uint8Array | undefined;
  hostNames: string[];
  addresses: Uint8Array[];
  /** There is an extension that must be understood, and is not. */
  hasUnknownCritical: boolean;
}

/** Object identifiers, as hex. */
const keyUsage = "551d0f";
const subjectAltName = "551d11";
const basicConstraints = "551d13";
const authorityKeyIdentifier = "551d23";
const extendedKeyUsage = "551d25";
const anyPurpose = "551d2500";
const serverAuthentication = "2b06010505070301";

const keyCertSign = 0x04;
/** Signs the key exchange of ECDHE; keyEncipherment is that of RSA. */
const digitalSignature = 0x80;
const keyEncipherment = 0x20;
const dnsName = 0x82;
const ipAddress = 0x87;
const keyIdentifier = 0x80;
const version = 0xa0;
const extensionList = 0xa3;

/** @throws Error where `bytes` are no certificate */
export function readCertificate(bytes: Uint8Array): Certificate {
  const outer = new DerReader(bytes).sequence();
  const signed = outer.read(DerTag.Sequence);
  const algorithm = outer.read(DerTag.Sequence);
  const signature = bitsOf(outer.read(DerTag.BitString));
  const body = new DerReader(signed.content);
  body.readIf(version);
  body.read(DerTag.Integer);
  const algorithmInside = body.read(DerTag.Sequence);
  // RFC 5280, 4.1.1.2: "This field MUST contain the same algorithm identifier as the signature field".
  if (!areSame(algorithm.whole, algorithmInside.whole)) throw new Error("X.509: two signature algorithms");
  const issuer = body.read(DerTag.Sequence).whole;
  const validity = body.sequence();
  const notBefore = timeOf(validity.read());
  const notAfter = timeOf(validity.read());
  const subject = body.read(DerTag.Sequence).whole;
  const publicKeyInfo = body.read(DerTag.Sequence).whole;
  return {
    whole: bytes,
    signedPart: signed.whole,
    signatureAlgorithm: new DerReader(algorithm.content).read(DerTag.ObjectIdentifier).content.toHex(),
    signature,
    issuer,
    subject,
    notBefore,
    notAfter,
    publicKeyInfo,
    extensions: extensionsOf(body),
  };
}

/** RFC 5280, 4.1.2.5: YYMMDDHHMMSSZ from 1950 to 2049, else YYYYMMDDHHMMSSZ. */
function timeOf({ tag, content }: DerValue): number {
  const text = textOf(content);
  const yearDigits = tag === DerTag.GeneralizedTime ? 4 : 2;
  const digits = text.slice(0, -1);
  const isDate = text.endsWith("Z") && digits.length === yearDigits + 10 && areDigits(digits);
  if (!isDate) throw new Error(`X.509: the date "${text}"`);
  const year = Number(digits.slice(0, yearDigits));
  const [month = 0, day = 0, hour = 0, minute = 0, second = 0] = [0, 2, 4, 6, 8].map((at) =>
    Number(digits.slice(yearDigits + at, yearDigits + at + 2)),
  );
  const century = yearDigits === 4 ? 0 : year < 50 ? 2_000 : 1_900;
  return Date.UTC(century + year, month - 1, day, hour, minute, second);
}

function areDigits(text: string): boolean {
  for (let at = 0; at < text.length; at++) if (!"0123456789".includes(text.charAt(at))) return false;
  return true;
}

/** Byte by byte: a spread would take a slot of XS's stack for each, and String.fromArrayBuffer has its own idea of NUL. */
function textOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
}

function extensionsOf(body: DerReader): Extensions {
  const extensions: Extensions = {
    isAuthority: undefined,
    pathLength: undefined,
    maySign: true,
    mayShakeHands: true,
    mayServe: true,
    issuerKeyIdentifier: undefined,
    hostNames: [],
    addresses: [],
    hasUnknownCritical: false,
  };
  while (!body.isAtEnd) {
    const field = body.read();
    if (field.tag !== extensionList) continue;
    const list = new DerReader(field.content).sequence();
    while (!list.isAtEnd) readExtension(list.sequence(), extensions);
  }
  return extensions;
}

function readExtension(extension: DerReader, extensions: Extensions): void {
  const identifier = extension.read(DerTag.ObjectIdentifier).content.toHex();
  const isCritical = extension.readIf(DerTag.Boolean)?.content[0] === 0xff;
  const value = new DerReader(extension.read(DerTag.OctetString).content);
  switch (identifier) {
    case basicConstraints: {
      const constraints = value.sequence();
      extensions.isAuthority = constraints.readIf(DerTag.Boolean)?.content[0] === 0xff;
      extensions.pathLength = constraints.readIf(DerTag.Integer)?.content[0];
      return;
    }
    case keyUsage:
      readKeyUsage(value.read(DerTag.BitString).content[1] ?? 0, extensions);
      return;
    case extendedKeyUsage:
      extensions.mayServe = purposesOf(value.sequence()).some((purpose) =>
        [anyPurpose, serverAuthentication].includes(purpose),
      );
      return;
    case subjectAltName:
      readNames(value.sequence(), extensions);
      return;
    case authorityKeyIdentifier:
      extensions.issuerKeyIdentifier = value.sequence().readIf(keyIdentifier)?.content;
      return;
    default:
      // RFC 5280, 4.2: a certificate with a critical extension that is not recognized MUST be rejected.
      extensions.hasUnknownCritical ||= isCritical;
  }
}

function readKeyUsage(bits: number, extensions: Extensions): void {
  extensions.maySign = (bits & keyCertSign) !== 0;
  extensions.mayShakeHands = (bits & (digitalSignature | keyEncipherment)) !== 0;
}

function purposesOf(list: DerReader): string[] {
  const purposes: string[] = [];
  while (!list.isAtEnd) purposes.push(list.read(DerTag.ObjectIdentifier).content.toHex());
  return purposes;
}

function readNames(list: DerReader, extensions: Extensions): void {
  while (!list.isAtEnd) {
    const { tag, content } = list.read();
    if (tag === dnsName) extensions.hostNames.push(textOf(content).toLowerCase());
    else if (tag === ipAddress) extensions.addresses.push(content);
  }
}
