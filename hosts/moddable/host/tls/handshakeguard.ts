/**
 * Watches what a server sends until the connection is secured. The SDK takes the messages of a handshake in any order,
 * takes a key exchange that is not signed, and keeps data that came before there was a key: each of these lets somebody
 * in between be taken for the server. What passes here is the order of RFC 5246, 7.3, without what was not asked for.
 */

import { NetworkError } from "../networkerror.js";
import { checkEcdsaSignature, type PublicKey } from "./signature.js";

/** Types of records (RFC 5246, 6.2.1). */
export const RecordType = Object.freeze({
  ChangeCipherSpec: 20,
  Alert: 21,
  Handshake: 22,
  ApplicationData: 23,
} as const);

/** Types of handshake messages (RFC 5246, 7.4). */
const MessageType = Object.freeze({
  HelloRequest: 0,
  ServerHello: 2,
  Certificate: 11,
  ServerKeyExchange: 12,
  CertificateRequest: 13,
  ServerHelloDone: 14,
} as const);

const headBytes = 5;
const messageHeadBytes = 4;
/** The first byte of the cipher suites that exchange keys by ECDHE; the others that are offered do so by RSA. */
const ecdheSuites = 0xc0;
const sha256 = 4;
const rsa = 1;
const ecdsa = 3;

export class HandshakeGuard {
  /** What the server has said. It refused to begin where it has not said hello. */
  get hasServerHello(): boolean {
    return this.#last !== undefined;
  }

  #last: number | undefined;
  #isEcdhe = false;
  #hasKeyExchange = false;
  #isEncrypted = false;
  readonly #serverKey: () => PublicKey | undefined;

  /** @param serverKey gives the key of the server's certificate once it was read */
  constructor(serverKey: () => PublicKey | undefined) {
    this.#serverKey = serverKey;
  }

  /**
   * Called with each record before it is processed, and once more for each message in it.
   *
   * @throws NetworkError with ETLSFAILED where a server would not send it now
   */
  inspect(record: Uint8Array): void {
    switch (record[0]) {
      case RecordType.Alert:
        return;
      case RecordType.ChangeCipherSpec:
        if (this.#isEncrypted || this.#last !== MessageType.ServerHelloDone) throw unexpected("a change of the cipher");
        this.#isEncrypted = true;
        return;
      case RecordType.Handshake:
        // The only one that is encrypted is Finished, which the SDK checks.
        if (!this.#isEncrypted) this.#inspectMessages(record.subarray(headBytes));
        return;
      default:
        throw unexpected("data");
    }
  }

  #inspectMessages(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.byteLength;) {
      const length = numberAt(bytes, at + 1, 3);
      const body = bytes.subarray(at + messageHeadBytes, at + messageHeadBytes + length);
      if (body.byteLength < length) {
        throw new NetworkError(
          "ETLSFAILED",
          "the server's certificates are too large: the SDK takes 16 KB in one record",
        );
      }
      this.#inspectMessage(bytes[at] ?? MessageType.HelloRequest, body);
      at += messageHeadBytes + length;
    }
  }

  #inspectMessage(type: number, body: Uint8Array): void {
    if (!this.#mayFollow(type)) throw unexpected(`the handshake message ${type}`);
    this.#last = type;
    switch (type) {
      case MessageType.ServerHello: {
        const sessionBytes = body[34] ?? 0;
        this.#isEcdhe = body[35 + sessionBytes] === ecdheSuites;
        return;
      }
      case MessageType.ServerKeyExchange:
        this.#hasKeyExchange = true;
        inspectKeyExchange(body, this.#serverKey);
    }
  }

  #mayFollow(type: number): boolean {
    switch (type) {
      case MessageType.ServerHello:
        return this.#last === undefined;
      case MessageType.Certificate:
        return this.#last === MessageType.ServerHello;
      case MessageType.ServerKeyExchange:
        return this.#last === MessageType.Certificate && this.#isEcdhe;
      case MessageType.CertificateRequest:
        return this.#hasKeys() && this.#last !== MessageType.CertificateRequest;
      case MessageType.ServerHelloDone:
        return this.#hasKeys();
      default:
        return false;
    }
  }

  /** The server's certificate has come, and where the cipher suite wants one, its key exchange. */
  #hasKeys(): boolean {
    const last = this.#last ?? MessageType.HelloRequest;
    if (last < MessageType.Certificate || last === MessageType.ServerHelloDone) return false;
    return this.#hasKeyExchange === this.#isEcdhe;
  }
}

/** RFC 8422, 5.4: curve type, curve, a point; then the hash and the algorithm of the signature, and the signature. */
function inspectKeyExchange(body: Uint8Array, serverKey: () => PublicKey | undefined): void {
  const at = 4 + (body[3] ?? 0);
  const [hash, algorithm] = [body[at], body[at + 1]];
  if (hash !== sha256 || (algorithm !== rsa && algorithm !== ecdsa)) {
    throw new NetworkError("ETLSFAILED", "the server has not signed its key exchange by SHA-256 with RSA or ECDSA");
  }
  const signature = body.subarray(at + 4, at + 4 + numberAt(body, at + 2, 2));
  if (signature.byteLength === 0) throw new NetworkError("ETLSFAILED", "the server has not signed its key exchange");
  const key = serverKey();
  if (algorithm === ecdsa && key !== undefined && "curve" in key) checkEcdsaSignature(signature, key);
}

function numberAt(bytes: Uint8Array, at: number, count: number): number {
  let number = 0;
  for (let index = 0; index < count; index += 1) number = number * 256 + (bytes[at + index] ?? 0);
  return number;
}

function unexpected(what: string): NetworkError {
  return new NetworkError("ETLSFAILED", `the server has sent ${what} out of turn`);
}
