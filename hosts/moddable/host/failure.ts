import type { NetworkErrorCode, NetworkFailure } from "../../contract.js";

/** A failure that can be thrown as well as told. */
export type HostFailure = Error & NetworkFailure;

/** Makes a failure of a socket or a listener. */
export function failure(code: NetworkErrorCode, message: string, cause?: unknown): HostFailure {
  return Object.assign(new Error(message, { cause }), { code });
}

/** What was thrown, as the failure that it is, or as one with another code. */
export function asFailure(thrown: unknown, code: NetworkErrorCode): HostFailure {
  return thrown instanceof Error && "code" in thrown ? (thrown as HostFailure) : failure(code, String(thrown), thrown);
}

/** The other end of a connection. */
interface Peer {
  readonly remoteAddress: string;
  readonly remotePort: number;
}

/** The error for the code that a TCP gives to onError: that of hosts/moddable/lwip tells why a connection has ended. */
export function describeLoss(code: string, { remoteAddress, remotePort }: Peer): HostFailure {
  const peer = `${remoteAddress}:${remotePort.toString()}`;
  switch (code) {
    case "ECONNREFUSED":
      return failure(code, `${peer} refuses, or cannot be reached; check the address, and that the server runs`);
    case "EHOSTUNREACH":
      return failure(code, `there is no way to ${peer}; check the address and the network`);
    case "ETIMEDOUT":
      return failure("EHOSTUNREACH", `${peer} does not answer; check the address and the network`);
    case "ECONNRESET":
      return failure(code, `${peer}, or something between, has cut the connection off`);
    default:
      return failure("EIO", `the connection to ${peer} has failed (${code})`);
  }
}
