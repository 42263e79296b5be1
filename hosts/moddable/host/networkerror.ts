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
