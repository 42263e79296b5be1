// The SDK declares none of the modules of its TLS: the manifest names this file for mcconfig, too.

declare module "ssl/session" {
  /** One side of a TLS connection. What is named here is what is used. */
  export default class SSLSession {
    constructor(options: { serverName?: string; protocolVersion: number; cache: boolean });
    /** Set after an alert was received, and where the server's version is not accepted. */
    alert: { readonly level: number; readonly description: number } | undefined;
    /** What the last record of application data contained. */
    applicationData: Uint8Array | undefined;
    /** Replaceable until the handshake begins. */
    certificateManager: object;
    initiateHandshake(): void;
    /** Writes what is this side's turn. True when the handshake is over, also by an alert. */
    handshake(stream: { readable: number; writable: number; write(packet: Uint8Array): void }): boolean;
  }
}

declare module "ssl/record" {
  import type SSLSession from "ssl/session";
  const recordProtocol: {
    /** Processes one record that was received. Its bytes are decrypted in place. */
    unpacketize(session: SSLSession, record: Uint8Array): void;
    /** Makes a record. */
    packetize(session: SSLSession, type: number, fragment: Uint8Array): Uint8Array;
  };
  export default recordProtocol;
}

declare module "ssl/alert" {
  import type SSLSession from "ssl/session";
  const alert: { packetize(session: SSLSession, level: number, description: number): Uint8Array };
  export default alert;
}

declare module "rng" {
  const RNG: { init(seed: ArrayBuffer): void };
  export default RNG;
}

declare module "ecp" {
  export default class ECPoint {
    static fromOctetString(bytes: Uint8Array): ECPoint;
  }
}

declare module "curve" {
  export default class Curve {
    constructor(name: "secp256r1" | "secp384r1");
    /** The order of the base point. */
    readonly n: bigint;
    /** Its length in bytes. */
    readonly orderSize: number;
  }
}

declare module "ecdsa" {
  import type Curve from "curve";
  import type ECPoint from "ecp";
  export default class ECDSA {
    constructor(key: ECPoint, curve: Curve);
    /** @param isDer the signature is a SEQUENCE of two INTEGERs */
    verify(digest: ArrayBuffer, signature: Uint8Array, isDer: true): boolean;
  }
}

declare module "pkcs1_5" {
  export default class PKCS1_5 {
    constructor(key: { modulus: bigint; exponent: bigint }, isPrivate: false, anyAlgorithm: readonly never[]);
    verify(digest: ArrayBuffer, signature: Uint8Array): boolean;
  }
}

declare module "pkcs8" {
  const PKCS8: { parse(key: Uint8Array): object };
  export default PKCS8;
}
