import type { NetworkErrorCode } from "../../contract.js";

/** A failure of a socket or a listener. */
export class NetworkError extends Error {
  override readonly name: string = "NetworkError";
  /** Names the failure: stable, for programs. */
  readonly code: NetworkErrorCode;

  constructor(code: NetworkErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}

/** The other end of a connection. */
interface Peer {
  readonly remoteAddress: string;
  readonly remotePort: number;
}

/** The error for the code that a TCP gives to onError: that of hosts/moddable/lwip tells why a connection has ended. */
export function describeLoss(code: string, { remoteAddress, remotePort }: Peer): NetworkError {
  const peer = `${remoteAddress}:${remotePort.toString()}`;
  switch (code) {
    case "ECONNREFUSED":
      return new NetworkError(
        code,
        `no connection to ${peer}: refused or unreachable; check the address and that the server runs`,
      );
    case "EHOSTUNREACH":
      return new NetworkError(code, `there is no way to ${peer}; check the address and the network`);
    case "ETIMEDOUT":
      return new NetworkError("EHOSTUNREACH", `${peer} does not answer; check the address and the network`);
    case "ECONNRESET":
      return new NetworkError(code, `the connection to ${peer} was reset`);
    default:
      return new NetworkError("EIO", `the connection to ${peer} has failed (${code})`);
  }
}
