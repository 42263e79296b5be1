/** Errors that a user's code threw, or that nobody waits for: they are told to the host's log. */

import { log } from "#platform";

/** Logs an error with where it came from. */
export function logError(message: string, cause: unknown): void {
  log(`${message} ${cause instanceof Error ? (cause.stack ?? String(cause)) : String(cause)}`);
}
