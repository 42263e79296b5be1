/** Handlers of the app: each may be async, and the rejection of its promise is what an exception is. */

import { log } from "#platform";

/** A handler. It may be async; what comes next does not wait for it. */
export type Handler<Arguments extends readonly unknown[]> =
  ((...values: Arguments) => void) | ((...values: Arguments) => Promise<void>);

/** Whether it is a promise, or acts as one. */
export function isPromise<Result>(result: unknown): result is Promise<Result> {
  return typeof result === "object" && result !== null && "then" in result;
}

/**
 * Has a handler's failure told when the promise that it returned is rejected. Where messages are told, ask first whether
 * anything was returned: a handler that returns nothing then costs nothing.
 *
 * @param failed is never to throw
 */
export function whenRejected(returned: unknown, failed: (cause: unknown) => void): void {
  if (isPromise(returned)) void Promise.resolve(returned).then(undefined, failed);
}

/** As {@link whenRejected}, where there is nobody to tell but the log. */
export function logRejection(message: string, returned: unknown): void {
  whenRejected(returned, (cause) => {
    log(message, cause);
  });
}

/** Tells a closed event. A failure of its handler is logged: there is no connection left that could be closed for it. */
export function tellClosed(tell: () => unknown): void {
  try {
    logRejection(CLOSED_HANDLER_FAILED, tell());
  } catch (cause) {
    log(CLOSED_HANDLER_FAILED, cause);
  }
}

const CLOSED_HANDLER_FAILED = "A handler of the closed event threw.";
