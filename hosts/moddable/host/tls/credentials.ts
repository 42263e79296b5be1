import PKCS8 from "pkcs8";

import type { TlsIdentity } from "../../../contract.js";
import { readCertificate } from "./certificate.js";
import { type Trust, verifyChain } from "./chain.js";
import { areSame, DerReader, DerTag } from "./der.js";
import { type PublicKey, publicKeyOf } from "./signature.js";

/** The object identifier of RSA keys, as hex. */
const rsaEncryption = "2a864886f70d010101";

/** Whether a private key (PKCS #8) is of RSA, the only kind that the SDK signs with. Throws where it is no key. */
export function isRsaKey(privateKey: Uint8Array): boolean {
  const info = new DerReader(privateKey).sequence();
  info.read(DerTag.Integer);
  return info.sequence().read(DerTag.ObjectIdentifier).content.toHex() === rsaEncryption;
}

/** Takes the place of the SDK's CertificateManager in its session: whom to trust and what to show. */
export class Credentials {
  /** The key of the server's certificate, once that was read. */
  serverKey: PublicKey | undefined;
  readonly #trust: Trust | undefined;
  readonly #identity: TlsIdentity | undefined;

  /** @param trust undefined: any certificate is accepted */
  constructor(trust: Trust | undefined, identity: TlsIdentity | undefined) {
    this.#trust = trust;
    this.#identity = identity;
  }

  /** Called with the server's certificates, its own first. Throws where they are not to be trusted. */
  verify(certificates: readonly Uint8Array[]): boolean {
    const [own] = certificates;
    if (own === undefined) return false;
    if (this.#trust !== undefined) verifyChain(certificates.map(readCertificate), this.#trust);
    this.serverKey = publicKeyOf(readCertificate(own), this.#trust !== undefined);
    return true;
  }

  /** The session tells it the server's certificate after `verify`. */
  register(): void {
    // verify() has kept its key.
  }

  /** The key for a certificate: the private one of this side's own, else the public one of the server's. */
  getKey(certificate: Uint8Array | ArrayBuffer): unknown {
    const identity = this.#identity;
    const [own] = identity?.certificates ?? [];
    const isOwn = own !== undefined && areSame(own, new Uint8Array(certificate));
    return isOwn && identity !== undefined ? PKCS8.parse(identity.privateKey) : this.serverKey;
  }

  /** The server asks for a certificate. */
  findPreferredCert(): readonly Uint8Array[] {
    return this.#identity?.certificates ?? [];
  }
}
