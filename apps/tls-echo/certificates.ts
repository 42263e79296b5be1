/** Makes certificate authorities and certificates: for trying TLS, for devices in a local network, for the tests. */

import { webcrypto } from "node:crypto";
import { isIP } from "node:net";

import "./reflection.js";
import * as x509 from "@peculiar/x509";

/** A certificate, its chain and its private key. */
export interface Issued {
  /** The certificate and those of its issuers, the authority's last; DER. */
  readonly certificates: readonly Uint8Array[];
  /** PKCS #8, DER. */
  readonly privateKey: Uint8Array;
  /** All certificates as one text of PEM. */
  readonly certificatesPem: string;
  readonly privateKeyPem: string;
}

/** RSA of 2,048 bits, signing as PKCS #1 or by PSS; ECDSA on P-256 or P-384. */
export type KeyKind = "rsa" | "rsaPss" | "ecdsa" | "p384";

/** What is written into a certificate. */
export interface Subject {
  readonly name: string;
  /** Host names and IP addresses that it is for. */
  readonly hosts?: readonly string[];
  /** "authority" may sign others; "device" is for both roles; the default is "server". */
  readonly usage?: "server" | "client" | "device" | "authority" | "clientAuthority";
  readonly keyKind?: KeyKind;
  readonly notBefore?: Date;
  readonly notAfter?: Date;
}

const keyKinds = {
  rsa: {
    name: "RSASSA-PKCS1-v1_5",
    hash: "SHA-256",
    publicExponent: new Uint8Array([1, 0, 1]),
    modulusLength: 2_048,
  },
  rsaPss: { name: "RSA-PSS", hash: "SHA-256", publicExponent: new Uint8Array([1, 0, 1]), modulusLength: 2_048 },
  ecdsa: { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" },
  p384: { name: "ECDSA", namedCurve: "P-384", hash: "SHA-384" },
} as const;

/** How a key signs. */
function signingOf({ algorithm }: webcrypto.CryptoKey): { name: string; hash: string; saltLength?: number } {
  const isLong = "namedCurve" in algorithm && algorithm.namedCurve === "P-384";
  const signing = { ...algorithm, hash: isLong ? "SHA-384" : "SHA-256" };
  // RFC 8017, A.2.3: as long as the digest.
  return algorithm.name === "RSA-PSS" ? { ...signing, saltLength: 32 } : signing;
}

const dayMs = 86_400_000;

function extensionsOf({ usage = "server", hosts = [] }: Subject): x509.Extension[] {
  if (usage === "authority" || usage === "clientAuthority") {
    const signs = new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true);
    const limits =
      usage === "authority" ? [] : [new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth])];
    return [new x509.BasicConstraintsExtension(true, undefined, true), signs, ...limits];
  }
  const { clientAuth, serverAuth } = x509.ExtendedKeyUsage;
  const purposes = { server: [serverAuth], client: [clientAuth], device: [serverAuth, clientAuth] }[usage];
  const names = hosts.map((host) => ({ type: isIP(host) === 0 ? "dns" : "ip", value: host }) as const);
  return [
    new x509.BasicConstraintsExtension(false, undefined, true),
    new x509.ExtendedKeyUsageExtension(purposes),
    ...(names.length > 0 ? [new x509.SubjectAlternativeNameExtension(names)] : []),
  ];
}

/** Whoever signs certificates. */
export class Authority {
  /** The certificate and the key of the authority itself. */
  readonly issued: Issued;
  private readonly certificate: x509.X509Certificate;
  private readonly keys: webcrypto.CryptoKeyPair;

  private constructor(issued: Issued, certificate: x509.X509Certificate, keys: webcrypto.CryptoKeyPair) {
    this.issued = issued;
    this.certificate = certificate;
    this.keys = keys;
  }

  /** Makes an authority that has signed itself. */
  static create(subject: Omit<Subject, "usage">): Promise<Authority> {
    return Authority.make({ ...subject, usage: "authority" }, undefined);
  }

  /**
   * An authority that was made before.
   *
   * @param certificatePem its certificate
   * @param privateKeyPem its private key, ECDSA on P-256
   */
  static async load(certificatePem: string, privateKeyPem: string): Promise<Authority> {
    const { ecdsa } = keyKinds;
    const certificate = new x509.X509Certificate(certificatePem);
    const pkcs8 = x509.PemConverter.decodeFirst(privateKeyPem);
    const privateKey = await webcrypto.subtle.importKey("pkcs8", pkcs8, ecdsa, true, ["sign"]);
    const spki = certificate.publicKey.rawData;
    const publicKey = await webcrypto.subtle.importKey("spki", spki, ecdsa, true, ["verify"]);
    const issued: Issued = {
      certificates: [new Uint8Array(certificate.rawData)],
      privateKey: new Uint8Array(pkcs8),
      certificatesPem: certificatePem,
      privateKeyPem,
    };
    return new Authority(issued, certificate, { privateKey, publicKey });
  }

  /** Makes a certificate and its key. */
  async issue(subject: Subject): Promise<Issued> {
    return (await Authority.make(subject, this)).issued;
  }

  /** Makes an authority below this one; nobody hinders it to be made of a certificate that is for a server only. */
  issueAuthority(subject: Subject): Promise<Authority> {
    return Authority.make(subject, this);
  }

  private static async make(subject: Subject, issuer: Authority | undefined): Promise<Authority> {
    const algorithm = keyKinds[subject.keyKind ?? "ecdsa"];
    const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
    const signingKeys = issuer?.keys ?? keys;
    const certificate = await x509.X509CertificateGenerator.create({
      subject: `CN=${subject.name}`,
      issuer: issuer?.certificate.subject ?? `CN=${subject.name}`,
      // RFC 5280, 4.1.2.2: positive and unique.
      serialNumber: `01${Buffer.from(webcrypto.getRandomValues(new Uint8Array(8))).toString("hex")}`,
      notBefore: subject.notBefore ?? new Date(Date.now() - dayMs),
      notAfter: subject.notAfter ?? new Date(Date.now() + 365 * dayMs),
      publicKey: keys.publicKey,
      signingKey: signingKeys.privateKey,
      signingAlgorithm: signingOf(signingKeys.privateKey),
      extensions: [
        ...extensionsOf(subject),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
        await x509.AuthorityKeyIdentifierExtension.create(signingKeys.publicKey),
      ],
    });
    const privateKey = await webcrypto.subtle.exportKey("pkcs8", keys.privateKey);
    const issued: Issued = {
      certificates: [new Uint8Array(certificate.rawData), ...(issuer?.issued.certificates ?? [])],
      privateKey: new Uint8Array(privateKey),
      certificatesPem: `${certificate.toString("pem")}\n${issuer?.issued.certificatesPem ?? ""}`,
      privateKeyPem: `${x509.PemConverter.encode(privateKey, "PRIVATE KEY")}\n`,
    };
    return new Authority(issued, certificate, keys);
  }
}
