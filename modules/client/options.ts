/** Options of ClientWebSocket: types, defaults and validation. */

import { tlsIdentity, toDer, type PemOrDer, type TlsIdentity } from "../pem.js";
import { OptionError } from "../common/errors.js";
import { isToken } from "../common/text.js";
import {
  CONNECTION_DEFAULTS,
  CONNECTION_OPTIONS,
  MAX_HEAD_BYTES,
  MIN_HEAD_BYTES,
  resolveOptions,
  type OptionTable,
  type ResolvedOptions,
  type WebSocketOptions,
} from "../common/options.js";

/** The lowest TLS version that a client accepts (.NET `SslProtocols`, without those that RFC 8996 forbids). */
export const SslProtocols = Object.freeze({ Tls12: 0x0c00, Tls13: 0x3000 } as const);
export type SslProtocols = (typeof SslProtocols)[keyof typeof SslProtocols];

/** Whether a server's certificate is verified (.NET nanoFramework `SslVerification`). */
export const SslVerification = Object.freeze({
  /** Any certificate is accepted: whoever is in between can read and change everything. */
  NoVerification: 1,
  /** The certificate has to be valid, for this host, from an authority that is trusted. */
  CertificateRequired: 4,
} as const);
export type SslVerification = (typeof SslVerification)[keyof typeof SslVerification];

/** Values among the options of a ClientWebSocket that have a plain default. */
export interface ClientWebSocketLimits extends WebSocketOptions {
  /** Milliseconds for all of name look-up, TCP, TLS and the upgrade. @defaultValue 10000 */
  readonly connectTimeout?: number;
  /** Largest head of the server's answer, in bytes. @defaultValue 16384 */
  readonly maxHeadBytes?: number;
  /** True: the header fields of the server's answer are kept (`httpResponseHeaders`). @defaultValue false */
  readonly collectHttpResponseDetails?: boolean;
  /** Subprotocols that are offered, the most wanted first (RFC 6455, 1.9). @defaultValue [] */
  readonly subprotocols?: readonly string[];
  /**
   * The lowest TLS version that is accepted. Tls13 is refused where the build of mbedTLS has TLS 1.2 only.
   * @defaultValue SslProtocols.Tls12
   */
  readonly sslProtocol?: SslProtocols;
  /** Whether the server's certificate is verified. @defaultValue SslVerification.CertificateRequired */
  readonly sslVerification?: SslVerification;
  /**
   * True: a server that asks for a certificate is shown the one that is stored on the device, if there is one.
   * @defaultValue false
   */
  readonly useStoredDeviceCertificate?: boolean;
  /** The host name that TLS asks for and checks (SNI); "": that of the URI. @defaultValue "" */
  readonly serverName?: string;
}

/** Certificates among the options of a ClientWebSocket. */
export interface ClientCertificates {
  /** Certificates of the authorities to trust instead of the host's own list; PEM may have several. */
  readonly certificate?: PemOrDer | undefined;
  /** The certificate that a server which asks for one is shown, and those that lead to its authority. */
  readonly clientCertificate?: PemOrDer | undefined;
  /** The private key of `clientCertificate`, PKCS #8. */
  readonly clientPrivateKey?: PemOrDer | undefined;
}

/** A client's settings, validated. */
export type ClientSettings = ResolvedOptions<ClientWebSocketLimits>;

/** The defaults of a client. */
export const CLIENT_DEFAULTS: ClientSettings = Object.freeze({
  connectTimeout: 10_000,
  maxHeadBytes: 16_384,
  collectHttpResponseDetails: false,
  subprotocols: Object.freeze([]),
  sslProtocol: SslProtocols.Tls12,
  sslVerification: SslVerification.CertificateRequired,
  useStoredDeviceCertificate: false,
  serverName: "",
  ...CONNECTION_DEFAULTS,
});

/** What a client takes. */
export const CLIENT_OPTIONS: OptionTable<ClientSettings> = Object.freeze({
  defaults: CLIENT_DEFAULTS,
  least: Object.freeze({ ...CONNECTION_OPTIONS.least, connectTimeout: 1, maxHeadBytes: MIN_HEAD_BYTES }),
  most: Object.freeze({ maxHeadBytes: MAX_HEAD_BYTES }),
  special: Object.freeze(["sslProtocol", "sslVerification"]),
});

/** Options beside those: a name that is nearly one of them is told. */
const OTHERS: readonly string[] = Object.freeze([
  "certificate",
  "clientCertificate",
  "clientPrivateKey",
  "permessageDeflate",
  "onMessageReceived",
  "onConnectionClosed",
  "onDrained",
]);

/**
 * Fills in the defaults.
 *
 * @throws OptionError where an option is out of its range
 */
export function resolveClientOptions(options: ClientWebSocketLimits): ClientSettings {
  const settings = resolveOptions(options, CLIENT_OPTIONS, OTHERS);
  for (const name of settings.subprotocols)
    if (!isToken(name))
      throw new OptionError(
        `${JSON.stringify(name)} cannot be a subprotocol: it must be one word without separators (RFC 6455, 4.1).`,
      );
  if (new Set(settings.subprotocols).size !== settings.subprotocols.length)
    throw new OptionError("subprotocols must name each subprotocol only once (RFC 6455, 4.1).");
  checkOneOf("sslProtocol", settings.sslProtocol, SslProtocols, "SslProtocols");
  checkOneOf("sslVerification", settings.sslVerification, SslVerification, "SslVerification");
  return settings;
}

/** Certificates as DER. */
export interface ResolvedCertificates {
  readonly authorities: readonly Uint8Array[];
  readonly identity: TlsIdentity | undefined;
}

/**
 * Converts the certificates and checks them against the other settings.
 *
 * @throws OptionError for a combination that cannot be meant
 */
export function resolveCertificates(options: ClientCertificates, settings: ClientSettings): ResolvedCertificates {
  const { certificate, clientCertificate, clientPrivateKey } = options;
  if (certificate !== undefined && settings.sslVerification === SslVerification.NoVerification)
    throw new OptionError(
      "certificate says whom to trust, and NoVerification trusts everyone: give only one of the two.",
    );
  if ((clientCertificate === undefined) !== (clientPrivateKey === undefined))
    throw new OptionError("clientCertificate and clientPrivateKey belong together: give both or neither.");
  if (clientCertificate !== undefined && settings.useStoredDeviceCertificate)
    throw new OptionError("Give either useStoredDeviceCertificate or clientCertificate, not both.");
  return {
    authorities: certificate === undefined ? [] : toDer(certificate, "CERTIFICATE", "certificate"),
    identity:
      clientCertificate === undefined || clientPrivateKey === undefined
        ? undefined
        : tlsIdentity(clientCertificate, clientPrivateKey),
  };
}

function checkOneOf(option: string, value: number, values: Readonly<Record<string, number>>, type: string): void {
  if (Object.values(values).includes(value)) return;
  const names = Object.keys(values).map((name) => `${type}.${name}`);
  throw new OptionError(`${option} must be ${names.join(" or ")}; it is ${value}.`);
}
