/** Sessions of TLS, for clients that come back to the same server: a handshake without certificates and signatures. */

import { Digest } from "crypt";

import type { ConnectTlsOptions } from "../../contract.js";
import { monotonicTime } from "../host/native.js";

/** How many servers are remembered, and how much of each: with a chain of certificates in TLS 1.2. */
const maxSessions = 4;
const maxAgeMs = 86_400_000;
/** Of one session. */
export const maxSessionBytes = 6_144;

export interface Session {
  readonly key: string;
  readonly bytes: ArrayBuffer;
  /** When the peer's certificates were checked, on the clock of `monotonicTime`. */
  readonly since: number;
}

/** The newest is the last. Another array for each change: this one lies in flash. */
let sessions: readonly Session[] = Object.freeze([]);

/**
 * All that decides whether a connection may go on with a session: where to, under which name, and whom it trusted and
 * showed; it is not checked again. Sessions of connections that were not verified have none.
 */
export function sessionKeyOf(options: ConnectTlsOptions): string | undefined {
  const { host, port, serverName, isVerified, authorities, identity, minVersion } = options;
  if (!isVerified) return undefined;
  const digest = new Digest("SHA256");
  for (const authority of authorities) digest.write(bytesOf(authority));
  // No certificate: what follows is this side's own.
  digest.write(new ArrayBuffer(1));
  for (const certificate of identity?.certificates ?? []) digest.write(bytesOf(certificate));
  const trust = new Uint8Array(digest.close()).toHex();
  const protocols = (options.applicationProtocols ?? []).join(",");
  return `${host} ${port} ${serverName} ${minVersion} ${protocols} ${trust}`;
}

function bytesOf(bytes: Uint8Array): ArrayBuffer {
  return bytes.slice().buffer;
}

/** Gives a session away: that of a connection which fails is not tried again. */
export function takeSession(key: string): Session | undefined {
  const found = sessions.find((session) => session.key === key);
  if (found === undefined) return undefined;
  sessions = sessions.filter((session) => session !== found);
  return monotonicTime() - found.since < maxAgeMs ? found : undefined;
}

export function keepSession(session: Session): void {
  const others = sessions.filter(({ key }) => key !== session.key);
  sessions = [...others.slice(-(maxSessions - 1)), session];
}
