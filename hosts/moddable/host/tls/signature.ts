/** Public keys and signatures, by the SDK's arithmetic. */

import { Digest, type DigestType } from "crypt";
import Curve from "curve";
import ECDSA from "ecdsa";
import ECPoint from "ecp";
import PKCS1_5 from "pkcs1_5";

import type { Certificate } from "./certificate.js";
import { bitsOf, DerReader, DerTag } from "./der.js";

/** A public key, as the SDK's classes PKCS1_5 and ECDSA take it. */
export type PublicKey = RsaKey | EcKey;

export interface RsaKey {
  readonly modulus: bigint;
  readonly exponent: bigint;
}

export interface EcKey {
  readonly curve: Curve;
  readonly pub: ECPoint;
}

/** Object identifiers, as hex. */
const rsaEncryption = "2a864886f70d010101";
const ecPublicKey = "2a8648ce3d0201";
const curveNames: Readonly<Record<string, "secp256r1" | "secp384r1">> = Object.freeze({
  "2a8648ce3d030107": "secp256r1",
  "2b81040022": "secp384r1",
});
const rsaSignatures: Readonly<Record<string, DigestType>> = Object.freeze({
  "2a864886f70d01010b": "SHA256",
  "2a864886f70d01010c": "SHA384",
  "2a864886f70d01010d": "SHA512",
});
const ecdsaSignatures: Readonly<Record<string, DigestType>> = Object.freeze({
  "2a8648ce3d040302": "SHA256",
  "2a8648ce3d040303": "SHA384",
  "2a8648ce3d040304": "SHA512",
});

const minRsaBits = 2_048;
/** The SDK checks the padding of a signature loosely, which lets a signature for a small exponent be forged. */
const minRsaExponent = 65_537n;

/** @throws Error where the key is of a kind that the SDK does not know, or is weak and `isStrict` */
export function publicKeyOf({ publicKeyInfo }: Certificate, isStrict = true): PublicKey {
  const info = new DerReader(publicKeyInfo).sequence();
  const algorithm = info.sequence();
  const identifier = algorithm.read(DerTag.ObjectIdentifier).content.toHex();
  const bits = bitsOf(info.read(DerTag.BitString));
  if (identifier === rsaEncryption) return rsaKeyOf(new DerReader(bits).sequence(), isStrict);
  if (identifier !== ecPublicKey) throw new Error(`a key of the unknown kind ${identifier}`);
  const curveName = curveNames[algorithm.read(DerTag.ObjectIdentifier).content.toHex()];
  if (curveName === undefined) throw new Error("a key on a curve other than P-256 and P-384");
  const curve = new Curve(curveName);
  const uncompressed = 0x04;
  if (bits[0] !== uncompressed || bits.byteLength !== 1 + 2 * curve.orderSize) throw new Error("a malformed EC key");
  return { curve, pub: ECPoint.fromOctetString(bits) };
}

function rsaKeyOf(numbers: DerReader, isStrict: boolean): RsaKey {
  const modulus = positive(numbers.read(DerTag.Integer).content);
  const exponent = positive(numbers.read(DerTag.Integer).content);
  if (!isStrict) return { modulus, exponent };
  if (BigInt.bitLength(modulus) < minRsaBits) throw new Error(`an RSA key of less than ${minRsaBits} bits`);
  if (exponent < minRsaExponent) throw new Error("an RSA key with an exponent below 65537");
  return { modulus, exponent };
}

/** A DER INTEGER that must be above 0. */
function positive(content: Uint8Array): bigint {
  const first = content[0] ?? 0x80;
  const value = first < 0x80 ? BigInt.fromArrayBuffer(content.slice().buffer).valueOf() : 0n;
  if (value === 0n) throw new Error("a number that is not positive");
  return value;
}

/** Whether the holder of `key` has signed the certificate. SHA-1 and older digests do not count. */
export function isSignedBy(certificate: Certificate, key: PublicKey): boolean {
  const { signatureAlgorithm, signedPart, signature } = certificate;
  if ("modulus" in key) {
    const digestType = rsaSignatures[signatureAlgorithm];
    if (digestType === undefined) return false;
    return new PKCS1_5(key, false, []).verify(digestOf(digestType, signedPart), signature);
  }
  const digestType = ecdsaSignatures[signatureAlgorithm];
  if (digestType === undefined) return false;
  checkEcdsaSignature(signature, key);
  // FIPS 186-4, 6.4: of a digest that is longer than the curve's order, the leftmost bits count.
  const digest = digestOf(digestType, signedPart).slice(0, key.curve.orderSize);
  return new ECDSA(key.pub, key.curve).verify(digest, signature, true);
}

function digestOf(type: DigestType, bytes: Uint8Array): ArrayBuffer {
  const digest = new Digest(type);
  digest.write(bytes.slice().buffer);
  return digest.close();
}

/**
 * FIPS 186-4, 6.4.2: r and s lie between 1 and the order less 1. The SDK does not look, and a signature of zeros could
 * be right for it.
 *
 * @throws Error where they do not
 */
export function checkEcdsaSignature(signature: Uint8Array, { curve }: EcKey): void {
  const numbers = new DerReader(signature).sequence();
  for (let index = 0; index < 2; index += 1) {
    if (positive(numbers.read(DerTag.Integer).content) >= curve.n) throw new Error("an ECDSA signature out of range");
  }
}
