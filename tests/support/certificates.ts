/** The certificates of the TLS tests: made once in a process, never on disk. */

import { Authority, type Issued } from "../../apps/tls-echo/certificates.js";

/** Whose certificate a server shows. All but `untrusted` lead to the authority. */
export interface Certificates {
  readonly authority: Uint8Array;
  /** For localhost and 127.0.0.1, ECDSA P-256. */
  readonly right: Issued;
  /** The same with an RSA key of 2,048 bits. */
  readonly rsa: Issued;
  /** The same on P-384, behind an authority on P-384. */
  readonly p384: Issued;
  /** The same, signed by RSA-PSS. */
  readonly rsaPss: Issued;
  /** For *.test.example, behind an authority between. */
  readonly wildcard: Issued;
  /** The certificate of `right` alone, without the authority's: what a server sends that names no chain. */
  readonly single: Issued;
  readonly expired: Issued;
  readonly notYetValid: Issued;
  readonly wrongHost: Issued;
  /** Of an authority of the same name that nobody trusts. */
  readonly untrusted: Issued;
  /** Signed by the key of the server certificate `right`'s like, which is no authority. */
  readonly notByAnAuthority: Issued;
  /** For localhost, by an authority that may sign for clients only. */
  readonly byClientAuthority: Issued;
  /** A client's certificate, where it may sign nothing else. */
  readonly clientOnly: Issued;
  /** For a client, RSA. */
  readonly client: Issued;
  /** For a client, ECDSA. */
  readonly ecdsaClient: Issued;
  /** For a client, of the authority that nobody trusts. */
  readonly strangeClient: Issued;
  readonly expiredClient: Issued;
}

const hosts = ["localhost", "127.0.0.1"];
const dayMs = 86_400_000;

async function create(): Promise<Certificates> {
  const authority = await Authority.create({ name: "XS WebSockets Test CA" });
  const stranger = await Authority.create({ name: "XS WebSockets Test CA" });
  const between = await authority.issueAuthority({ name: "XS WebSockets Test CA 2", usage: "authority" });
  const forClients = await authority.issueAuthority({ name: "an authority for clients", usage: "clientAuthority" });
  const server = await authority.issueAuthority({ name: "a server", hosts: ["server.example"] });
  const right = await authority.issue({ name: "localhost", hosts });
  const p384 = await authority.issueAuthority({ name: "an authority on P-384", usage: "authority", keyKind: "p384" });
  const pss = await authority.issueAuthority({
    name: "an authority of RSA-PSS",
    usage: "authority",
    keyKind: "rsaPss",
  });
  const past = { notBefore: new Date(Date.now() - 9 * dayMs), notAfter: new Date(Date.now() - dayMs) };
  const future = { notBefore: new Date(Date.now() + dayMs), notAfter: new Date(Date.now() + 9 * dayMs) };
  return {
    authority: authority.issued.certificates[0] ?? new Uint8Array(),
    right,
    rsa: await authority.issue({ name: "localhost", hosts, keyKind: "rsa" }),
    p384: await p384.issue({ name: "localhost", hosts, keyKind: "p384" }),
    rsaPss: await pss.issue({ name: "localhost", hosts, keyKind: "rsa" }),
    wildcard: await between.issue({ name: "wildcard", hosts: ["*.test.example"] }),
    single: { ...right, certificates: right.certificates.slice(0, 1), certificatesPem: firstOf(right.certificatesPem) },
    expired: await authority.issue({ name: "localhost", hosts, ...past }),
    notYetValid: await authority.issue({ name: "localhost", hosts, ...future }),
    wrongHost: await authority.issue({ name: "localhost", hosts: ["other.example", "127.0.0.2"] }),
    untrusted: await stranger.issue({ name: "localhost", hosts }),
    notByAnAuthority: await server.issue({ name: "localhost", hosts }),
    byClientAuthority: await forClients.issue({ name: "localhost", hosts }),
    clientOnly: await authority.issue({ name: "localhost", hosts, usage: "client" }),
    client: await authority.issue({ name: "a client", usage: "client", keyKind: "rsa" }),
    ecdsaClient: await authority.issue({ name: "a client", usage: "client" }),
    strangeClient: await stranger.issue({ name: "a client", usage: "client" }),
    expiredClient: await authority.issue({ name: "a client", usage: "client", ...past }),
  };
}

function firstOf(pem: string): string {
  const end = "-----END CERTIFICATE-----\n";
  return pem.slice(0, pem.indexOf(end) + end.length);
}

let made: Promise<Certificates> | undefined;

/** @returns the certificates of this process */
export function testCertificates(): Promise<Certificates> {
  return (made ??= create());
}
