import type { ConnectTlsOptions, TlsNetwork } from "../../contract.js";
import { connectSocket } from "../host/connecting.js";
import { monotonicTime } from "../host/native.js";
import { isLiteralAddress } from "../host/resolve.js";
import { TcpSocket } from "../host/tcpsocket.js";
import { addBuiltInAuthorities } from "./authorities.js";
import { TlsContext, TlsEngine } from "./engine.js";
import { keepSession, maxSessionBytes, type Session, sessionKeyOf, takeSession } from "./sessions.js";
import { TlsStream, type TlsStreamOwner } from "./stream.js";

/** @throws HostFailure where the host cannot do what is asked for */
function createEngine(options: ConnectTlsOptions): TlsEngine {
  const { host, serverName, isVerified, authorities, identity, minVersion, applicationProtocols = [] } = options;
  const isTls13Only = minVersion === "TLSv1.3";
  const usesBundle = isVerified && authorities.length === 0;
  const context = new TlsContext({ isServer: false, isVerified, isTls13Only, usesBundle });
  try {
    for (const authority of authorities) context.addAuthority(authority);
    if (identity !== undefined) context.addIdentity(identity);
    for (const protocol of applicationProtocols) context.addProtocol(protocol);
    const name = serverName === "" ? host : serverName;
    // RFC 6066, 3: "Literal IPv4 and IPv6 addresses are not permitted in 'HostName'."
    return new TlsEngine(context, isVerified ? name : "", isLiteralAddress(serverName) ? "" : serverName);
  } finally {
    context.free();
  }
}

/** A client's side of a connection. */
class Client implements TlsStreamOwner {
  hint = "";
  readonly #sessionKey: string | undefined;
  /** What it goes on with. */
  #session: Session | undefined;

  constructor(sessionKey: string | undefined) {
    this.#sessionKey = sessionKey;
  }

  /** Goes on with the session of an earlier connection, where there is one. */
  resume(engine: TlsEngine): void {
    this.#session = this.#sessionKey === undefined ? undefined : takeSession(this.#sessionKey);
    if (this.#session !== undefined) engine.resume(this.#session.bytes);
  }

  authorityWanted(engine: TlsEngine): void {
    this.hint = addBuiltInAuthorities(engine);
  }

  sessionReceived(engine: TlsEngine): void {
    const key = this.#sessionKey;
    const bytes = key === undefined ? undefined : engine.session(maxSessionBytes);
    if (key === undefined || bytes === undefined) return;
    // One that continues another is no younger: nothing was checked anew.
    const since = engine.isResumed && this.#session !== undefined ? this.#session.since : monotonicTime();
    keepSession({ key, bytes, since });
  }

  engineWanted(): void {
    // It has one from the beginning.
  }

  /** Some servers send no new ticket where a session was resumed: the old one stays. */
  secured(engine: TlsEngine): void {
    if (engine.isResumed && this.#session !== undefined) keepSession(this.#session);
  }

  streamClosed(): void {
    // Nobody waits for it.
  }
}

/** The `connectTls` of the contract. */
const connectTls: TlsNetwork["connectTls"] = (options, handlers) => {
  const socket = new TcpSocket(handlers);
  connectSocket(socket, options, (address, port) => {
    const engine = createEngine(options);
    try {
      const client = new Client(sessionKeyOf(options));
      client.resume(engine);
      const stream = new TlsStream(socket, { address, port }, client);
      stream.start(engine);
      return stream;
    } catch (error) {
      engine.free();
      throw error;
    }
  });
  return socket;
};

/** For hosts/moddable/tls.ts, which imports it by name at run time. */
export default connectTls;
