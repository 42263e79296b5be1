/** The classes of tlsxs.c: TLS without sockets, by mbedTLS. */

import type { TlsIdentity } from "../../contract.js";
import { failure } from "../host/failure.js";

declare function Native(name: string): new () => object;
declare function native(name: string): (...parameters: unknown[]) => unknown;

/* Made once, as all is preloaded: within a method each call would make a function of XS. */
const contextCreate = native("xs_tlscontext_create");
const contextFree = native("xs_tlscontext_free");
const contextAddAuthority = native("xs_tlscontext_addAuthority");
const contextBeginIdentity = native("xs_tlscontext_beginIdentity");
const contextAddCertificate = native("xs_tlscontext_addCertificate");
const contextEndIdentity = native("xs_tlscontext_endIdentity");
const contextAddProtocol = native("xs_tlscontext_addProtocol");
const contextUseTickets = native("xs_tlscontext_useTickets");
const engineCreate = native("xs_tlsengine_create");
const engineFree = native("xs_tlsengine_free");
const engineProcess = native("xs_tlsengine_process");
const engineRead = native("xs_tlsengine_read");
const engineWrite = native("xs_tlsengine_write");
const engineMaxRecord = native("xs_tlsengine_maxRecord");
const engineTake = native("xs_tlsengine_take");
const engineEnd = native("xs_tlsengine_end");
const engineCertificates = native("xs_tlsengine_certificates");
const engineIssuer = native("xs_tlsengine_issuer");
const engineAddAuthority = native("xs_tlsengine_addAuthority");
const enginePeer = native("xs_tlsengine_peer");
const engineIsResumed = native("xs_tlsengine_isResumed");
const engineHasSession = native("xs_tlsengine_hasSession");
const engineSession = native("xs_tlsengine_session");
const engineResume = native("xs_tlsengine_resume");
const engineFailure = native("xs_tlsengine_failure");

/** What a step of a connection has come to: see tlsengine.h. */
export const Status = Object.freeze({
  Starved: 0,
  Continue: 1,
  Secured: 2,
  Data: 3,
  Ended: 4,
  Failed: 5,
  Full: 6,
  AuthorityWanted: 7,
});

/** Errors of tlsengine.h that say what this build of mbedTLS cannot do. */
const firstUnsupported = 2;
const lastUnsupported = 7;
const outOfMemory = 1;

const errorText = native("xs_tls_errorText") as (error: number) => string;

/** What an error of mbedTLS or of the engine means. */
export function describeError(error: number): string {
  const text = errorText(error);
  const code = error < 0 ? `mbedTLS -0x${(-error).toString(16).padStart(4, "0")}` : "";
  return [text, code].filter((part) => part !== "").join(", ");
}

function check(result: unknown, what: string): void {
  const error = result as number;
  if (error === 0) return;
  const isUnsupported = error >= firstUnsupported && error <= lastUnsupported;
  const reason = error === outOfMemory ? "out of memory" : describeError(error);
  throw failure(isUnsupported ? "ENOTSUP" : "ETLSFAILED", `${what}: ${reason}`);
}

/** Settings of a {@link TlsContext}. */
export interface TlsContextSettings {
  readonly isServer: boolean;
  readonly isVerified: boolean;
  readonly isTls13Only: boolean;
  /** A client without authorities trusts those of ESP-IDF's certificate bundle. */
  readonly usesBundle: boolean;
}

const notDer = "a certificate or the key is not DER (the key: PKCS #8)";

/** What connections share. All methods throw HostFailure. */
export class TlsContext extends Native("xs_tlscontext_destructor") {
  constructor({ isServer, isVerified, isTls13Only, usesBundle }: TlsContextSettings) {
    super();
    const created = contextCreate.call(this, isServer, isVerified, isTls13Only, usesBundle);
    check(created, "TLS cannot be set up");
  }

  addAuthority(bytes: Uint8Array): void {
    check(contextAddAuthority.call(this, bytes, false), notDer);
  }

  addIdentity({ certificates, privateKey }: TlsIdentity): void {
    check(contextBeginIdentity.call(this, privateKey), notDer);
    for (const certificate of certificates) {
      check(contextAddCertificate.call(this, certificate, false), notDer);
    }
    check(contextEndIdentity.call(this), "the certificate or its key is not usable");
  }

  /** Adds a protocol for ALPN, the most wanted first. */
  addProtocol(name: string): void {
    check(contextAddProtocol.call(this, name), `the application protocol "${name}"`);
  }

  /** Lets clients resume, where the build of mbedTLS has tickets. */
  useTickets(seconds: number): void {
    contextUseTickets.call(this, seconds);
  }

  /** No engine is made of it any more: what is native is freed with the last of those that were. */
  free(): void {
    contextFree.call(this);
  }
}

/** One connection. A failure is a status, with its reason in the getters. */
export class TlsEngine extends Native("xs_tlsengine_destructor") {
  /**
   * @param name whom to expect, "" for nobody in particular
   * @param asked the name to ask for, "" for none
   */
  constructor(context: TlsContext, name: string, asked: string) {
    super();
    check(engineCreate.call(this, context, name, asked), "no TLS connection");
  }

  /** Frees what is native at once. Nothing but this may be called after it. */
  free(): void {
    engineFree.call(this);
  }

  /** Does one step with bytes from `start` on. @returns eight times the count of bytes used, plus a {@link Status} */
  process(bytes: ArrayBuffer, start: number): number {
    return engineProcess.call(this, bytes, start) as number;
  }

  /** The data of one record. */
  read(): ArrayBuffer | undefined {
    return engineRead.call(this) as ArrayBuffer | undefined;
  }

  /** Encrypts bytes from `start` on, as many as one record takes. @returns how many: 0 where it has failed */
  write(bytes: Uint8Array, start: number): number {
    return engineWrite.call(this, bytes, start) as number;
  }

  /** How many bytes of data a record takes. */
  get maxRecordBytes(): number {
    return engineMaxRecord.call(this) as number;
  }

  /** Bytes for the network, `max` at most. */
  take(max: number): ArrayBuffer | undefined {
    return engineTake.call(this, max) as ArrayBuffer | undefined;
  }

  /** Tells the peer that no data follows. */
  end(): void {
    engineEnd.call(this);
  }

  /** How many certificates the peer has sent. */
  get certificateCount(): number {
    return engineCertificates.call(this) as number;
  }

  /** The key identifier of who has issued the peer's certificate `index`. */
  issuer(index: number): ArrayBuffer | undefined {
    return engineIssuer.call(this, index) as ArrayBuffer | undefined;
  }

  /** Adds an authority to trust, a resource. */
  addAuthority(bytes: Uint8Array): void {
    check(engineAddAuthority.call(this, bytes, true), notDer);
  }

  /** The peer's certificate, DER, after the handshake. */
  get peer(): ArrayBuffer | undefined {
    return enginePeer.call(this) as ArrayBuffer | undefined;
  }

  /** Whether it goes on with a session: nobody has shown a certificate. */
  get isResumed(): boolean {
    return engineIsResumed.call(this) as boolean;
  }

  get hasSession(): boolean {
    return engineHasSession.call(this) as boolean;
  }

  /** What a later connection to the same server can go on with, where it has `max` bytes at most. */
  session(max: number): ArrayBuffer | undefined {
    return engineSession.call(this, max) as ArrayBuffer | undefined;
  }

  /** Goes on with a session where it can. */
  resume(session: ArrayBuffer): void {
    engineResume.call(this, session);
  }

  /** The error of mbedTLS. */
  get error(): number {
    return this.#failure(0) as number;
  }

  /** The description of the alert that the peer has sent, -1 for none. */
  get alert(): number {
    return this.#failure(1) as number;
  }

  /** What is wrong with the peer's certificates. */
  get flags(): number {
    return this.#failure(2) as number;
  }

  /** When the certificate whose time is wrong is valid: milliseconds since 1970. */
  get validity(): readonly [from: number, to: number] {
    return [(this.#failure(3) as number) * 1_000, (this.#failure(4) as number) * 1_000];
  }

  /** The names that the peer's certificate is for, where it is not for the one that was expected. */
  get names(): string {
    return this.#failure(5) as string;
  }

  #failure(which: number): unknown {
    return engineFailure.call(this, which);
  }
}
