/** Makes certificates as nobody should: for the attacks on who verifies them. */

import { webcrypto } from "node:crypto";

import "../../../apps/tls-echo/reflection.js";
import * as x509 from "@peculiar/x509";

const { subtle } = webcrypto;
const dayMs = 86_400_000;

/** One certificate and its key. */
export interface Made {
  readonly der: Uint8Array;
  /** PKCS #8. Empty where nobody has the key. */
  readonly privateKey: Uint8Array;
  readonly name: string;
  readonly keys: webcrypto.CryptoKeyPair;
}

/** What is written into a certificate. */
export interface Making {
  readonly name: string;
  /** Who signs; itself where left out. */
  readonly issuer?: Made;
  readonly extensions?: readonly x509.Extension[];
  /** Days from now. */
  readonly from?: number;
  readonly to?: number;
  readonly keys?: webcrypto.CryptoKeyPair;
  readonly hash?: "SHA-1" | "SHA-256";
}

const ecdsa = { name: "ECDSA", namedCurve: "P-256" } as const;

export function newKeys(rsaBits = 0): Promise<webcrypto.CryptoKeyPair> {
  const publicExponent = new Uint8Array([1, 0, 1]);
  const rsa = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256", publicExponent, modulusLength: rsaBits };
  return subtle.generateKey(rsaBits === 0 ? ecdsa : rsa, true, ["sign", "verify"]);
}

let serial = 0x1000;

export async function make(making: Making): Promise<Made> {
  const { name, issuer, extensions = [], from = -30, to = 30, hash = "SHA-256" } = making;
  const keys = making.keys ?? (await newKeys());
  const signingKeys = issuer?.keys ?? keys;
  const certificate = await x509.X509CertificateGenerator.create({
    subject: `CN=${name}`,
    issuer: `CN=${issuer?.name ?? name}`,
    serialNumber: `01${(serial++).toString(16)}`,
    notBefore: new Date(Date.now() + from * dayMs),
    notAfter: new Date(Date.now() + to * dayMs),
    publicKey: keys.publicKey,
    signingKey: signingKeys.privateKey,
    signingAlgorithm: { ...signingKeys.privateKey.algorithm, hash },
    extensions: [...extensions],
  });
  const privateKey = new Uint8Array(await subtle.exportKey("pkcs8", keys.privateKey));
  return { der: new Uint8Array(certificate.rawData), privateKey, name, keys };
}

/** DER of a value of at most 65,535 bytes. */
export function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const value = Buffer.concat(parts);
  const { length } = value;
  const head = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255];
  return Buffer.concat([Buffer.from([tag, ...head]), value]);
}

/** A GeneralName (RFC 5280, 4.2.1.6): 1 e-mail, 2 DNS, 6 URI, 7 IP address. */
export type GeneralName = readonly [kind: number, value: string | readonly number[]];

function generalName([kind, value]: GeneralName): Buffer {
  return der(0x80 + kind, typeof value === "string" ? Buffer.from(value, "latin1") : Buffer.from(value));
}

/** subjectAltName, with whatever is given. */
export function altNames(...names: readonly GeneralName[]): x509.Extension {
  return new x509.Extension("2.5.29.17", false, der(0x30, ...names.map(generalName)));
}

/** nameConstraints (RFC 5280, 4.2.1.10). */
export function nameConstraints(isCritical: boolean, kind: "permitted" | "excluded", name: string): x509.Extension {
  const subtree = der(0x30, generalName([2, name]));
  return new x509.Extension("2.5.29.30", isCritical, der(0x30, der(kind === "permitted" ? 0xa0 : 0xa1, subtree)));
}

export const basic = (isAuthority: boolean, pathLength?: number): x509.Extension =>
  new x509.BasicConstraintsExtension(isAuthority, pathLength, true);

const usages = {
  sign: x509.KeyUsageFlags.digitalSignature,
  "sign certificates": x509.KeyUsageFlags.keyCertSign,
  "sign lists": x509.KeyUsageFlags.cRLSign,
} as const;
export const usage = (name: keyof typeof usages): x509.Extension => new x509.KeyUsagesExtension(usages[name], true);

const { serverAuth, clientAuth } = x509.ExtendedKeyUsage;
const purposes = { server: serverAuth, client: clientAuth, any: "2.5.29.37.0", code: "1.3.6.1.5.5.7.3.3" } as const;
export const purpose = (...names: readonly (keyof typeof purposes)[]): x509.Extension =>
  new x509.ExtendedKeyUsageExtension(names.map((name) => purposes[name]));

export const unknownCritical = new x509.Extension("1.3.6.1.4.1.99999.1", true, der(0x05));

/** An authority as it should be, unless told otherwise. */
export function authority(name: string, issuer?: Made, more: Partial<Making> = {}): Promise<Made> {
  const extensions = [basic(true), usage("sign certificates")];
  return make({ name, extensions, ...(issuer === undefined ? {} : { issuer }), ...more });
}

/** A certificate for localhost, of a server and a client, as it should be, unless told otherwise. */
export function leaf(issuer: Made | undefined, more: Partial<Making> = {}): Promise<Made> {
  const extensions = [basic(false), altNames([2, "localhost"]), purpose("server", "client")];
  return make({ name: "leaf", extensions, ...(issuer === undefined ? {} : { issuer }), ...more });
}

/** The same certificate with another byte in its signature. */
export function spoilt(made: Made): Made {
  const bytes = Uint8Array.from(made.der);
  const last = bytes.length - 1;
  bytes[last] = (bytes[last] ?? 0) ^ 1;
  return { ...made, der: bytes };
}
