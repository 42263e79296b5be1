/** What every host's `#tls` promises of a server's certificate and of what it is asked to speak. */

import { accepts, type BenchTest, refuses } from "./tls.js";

/** The tests, by name. */
export function certificateTests(): Readonly<Record<string, BenchTest>> {
  const unverified = { isVerified: false, authorities: [] };
  return {
    "an RSA certificate is accepted": accepts("rsa"),
    "a key exchange by RSA is accepted": (bench) =>
      bench.host.limits.includes("noRsaKeyExchange")
        ? refuses("rsaKeyExchange", "ETLSVERSION")(bench)
        : accepts("rsaKeyExchange")(bench),
    "a certificate on P-384 is accepted": accepts("p384"),
    "a certificate that is signed by RSA-PSS is accepted": accepts("rsaPss"),
    "X25519 is accepted": accepts("x25519"),
    "AES-256 is accepted": accepts("aes256"),
    "ChaCha20-Poly1305 is accepted": accepts("chacha20"),
    "a chain in another order is accepted": accepts("unordered", { serverName: "one.test.example" }),
    "a handshake in small records is accepted": accepts("fragmented"),
    "a certificate without a chain is accepted": accepts("single"),
    "a certificate is accepted for its IP address": accepts("right", { serverName: "" }),
    "a wildcard is accepted for one label": accepts("wildcard", { serverName: "One.test.example" }),
    "a wildcard is refused for two labels": refuses("wildcard", "ETLSHOSTNAME", { serverName: "a.b.test.example" }),
    "a wildcard is refused for none": refuses("wildcard", "ETLSHOSTNAME", { serverName: "test.example" }),
    "a certificate without a chain is refused for another name": refuses("single", "ETLSHOSTNAME", {
      serverName: "other.example",
    }),
    "an untrusted certificate is refused": refuses("untrusted", "ETLSUNTRUSTED"),
    "a certificate is refused where no authority is named": refuses("right", "ETLSUNTRUSTED", { authorities: [] }),
    "a chain that belongs to another is refused": refuses("borrowedChain", "ETLSUNTRUSTED"),
    "a certificate that no authority has signed is refused": refuses("notByAnAuthority", "ETLSUNTRUSTED"),
    "a client's certificate is refused": refuses("clientOnly", "ETLSUNTRUSTED"),
    "a certificate by an authority for clients is refused": refuses("byClientAuthority", "ETLSUNTRUSTED"),
    "an expired certificate is refused": refuses("expired", "ETLSEXPIRED"),
    "a certificate is refused before its time": refuses("notYetValid", "ETLSEXPIRED"),
    "a certificate for another host is refused": refuses("wrongHost", "ETLSHOSTNAME"),
    "an untrusted certificate is accepted without verification": accepts("untrusted", unverified),
    "an expired certificate is accepted without verification": accepts("expired", unverified),
    "a wrong host is accepted without verification": accepts("wrongHost", unverified),
    "verification is not skipped after a connection without it": async (bench) => {
      await accepts("untrusted", unverified)(bench);
      await refuses("untrusted", "ETLSUNTRUSTED")(bench);
    },
  };
}
