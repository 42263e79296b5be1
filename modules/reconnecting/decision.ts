/** Whether a client comes back after an end, and when. */

import { log } from "#platform";
import { WebSocketCloseStatus } from "../common/constants.js";
import { HandshakeError, OptionError } from "../common/errors.js";
import { MAX_NUMBER } from "../common/options.js";
import { kindOf } from "../common/text.js";
import type { ConnectionClosedEventArgs } from "../websocket/websocket.js";

/** Close statuses after which the same would happen again, or which mean that all is done. */
const FINAL_STATUSES: readonly number[] = Object.freeze([
  WebSocketCloseStatus.NormalClosure,
  WebSocketCloseStatus.ProtocolError,
  WebSocketCloseStatus.InvalidMessageType,
  WebSocketCloseStatus.InvalidPayloadData,
  WebSocketCloseStatus.PolicyViolation,
  WebSocketCloseStatus.MessageTooBig,
  WebSocketCloseStatus.MandatoryExtension,
]);

/** Refusals that pass: Request Timeout, Too Early and Too Many Requests (RFC 9110, 15.5.9; RFC 8470, 5.2; RFC 6585, 4). */
const PASSING_REFUSALS: readonly number[] = Object.freeze([408, 425, 429]);

/**
 * Decides whether to come back after an end: not after 1000, a breach of the protocol or of a limit (1002, 1003, 1007 to
 * 1010), a refusal of the request (4xx, but for 408, 425 and 429) or a mistake of the caller; after anything else.
 *
 * @returns whether to come back
 */
export function shouldReconnect({ closeStatus, error }: ConnectionClosedEventArgs): boolean {
  if (error instanceof OptionError) return false;
  if (error instanceof HandshakeError) {
    const { statusCode } = error;
    return statusCode < 400 || statusCode >= 500 || PASSING_REFUSALS.includes(statusCode);
  }
  return !FINAL_STATUSES.includes(closeStatus);
}

/** Taken where the app's own source of delays fails, in milliseconds: a device that is to come back is not to stay away. */
const FALLBACK_DELAY_MS = 30_000;

/** @throws OptionError for what has not the two methods of a DelaySource */
export function checkDelaySource(backoff: unknown): void {
  const { next, reset } = Object(backoff) as Record<string, unknown>;
  if (typeof next !== "function" || typeof reset !== "function")
    throw new OptionError(
      `The option backoff takes a Backoff, or an object with the methods next and reset; it was given ${kindOf(backoff)}.`,
    );
}

/** The delay before the next attempt, in milliseconds. */
export function delayOf(backoff: { next(): number }): number {
  try {
    const delayMs = backoff.next();
    if (delayMs >= 0 && delayMs <= MAX_NUMBER) return delayMs;
    throw new OptionError(`It gave ${String(delayMs)}, which is no number of milliseconds.`);
  } catch (cause) {
    log(`The backoff failed; the delay is ${FALLBACK_DELAY_MS} ms.`, cause);
    return FALLBACK_DELAY_MS;
  }
}
