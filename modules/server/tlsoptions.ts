/** TLS among the options of what listens. */

import type { ListenOptions } from "#network";
import { toDer, type PemOrDer, type TlsIdentity } from "../pem.js";
import { OptionError } from "../common/errors.js";
import { kindOf } from "../common/text.js";

/** Options for a listener with TLS. On XS the app's manifest includes hosts/moddable/manifest_tls.json. */
export interface TlsServerOptions {
  /**
   * Serves TLS with this certificate and key: see `tlsIdentity`. Of several, clients are shown that whose certificate is
   * for the name that they ask for (SNI), else the first.
   */
  readonly identity?: TlsIdentity | readonly TlsIdentity[];
  /** True: only clients are served that show a certificate of one of `clientAuthorities` (.NET's name). */
  readonly clientCertificateRequired?: boolean;
  /** Certificates of the authorities that clients' certificates have to be of; PEM may have several. */
  readonly clientAuthorities?: PemOrDer;
}

/** Their names, for what takes more than these. */
export const TLS_SERVER_OPTIONS: readonly string[] = Object.freeze([
  "identity",
  "clientCertificateRequired",
  "clientAuthorities",
]);

/** RFC 7301, 6: what is spoken over TLS here. WebSocket begins with it. */
const PROTOCOLS: readonly string[] = Object.freeze(["http/1.1"]);

function isIdentity(value: unknown): boolean {
  const { certificates, privateKey } = (value ?? {}) as Partial<TlsIdentity>;
  return Array.isArray(certificates) && privateKey !== undefined;
}

/** As they are taken out of others. */
type OrUndefined<Options> = { readonly [Name in keyof Options]: Options[Name] | undefined };

/**
 * What the host is to be told.
 *
 * @throws OptionError for options that are of no use without another, and for what is no certificate
 */
export function resolveTlsOptions({
  identity,
  clientCertificateRequired = false,
  clientAuthorities,
}: OrUndefined<TlsServerOptions>): Partial<ListenOptions> {
  if (clientCertificateRequired !== (clientAuthorities !== undefined))
    throw new OptionError(
      "clientCertificateRequired: true and clientAuthorities belong together: one asks for certificates, the other says who must have signed them.",
    );
  if (identity === undefined) {
    if (clientCertificateRequired) throw new OptionError("clientCertificateRequired needs an identity: it is TLS's.");
    return {};
  }
  const identities: readonly unknown[] = Array.isArray(identity) ? identity : [identity];
  if (identities.length === 0)
    throw new OptionError("identity is an empty list: give a certificate with its key, or leave it out.");
  if (!identities.every(isIdentity))
    throw new OptionError(
      `identity takes what tlsIdentity(certificate, privateKey) gives, or a list of that; it was given ${kindOf(identity)}.`,
    );
  return {
    identity,
    applicationProtocols: PROTOCOLS,
    ...(clientAuthorities === undefined
      ? {}
      : { clientAuthorities: toDer(clientAuthorities, "CERTIFICATE", "clientAuthorities") }),
  };
}
