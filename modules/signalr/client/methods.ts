/** What a client answers with when the server calls it: handlers by the name of their method. */

import { log } from "#platform";
import { whenRejected } from "../../common/handlers.js";
import { OptionError } from "../../common/errors.js";
import { HubException } from "../errors.js";

/** Takes the arguments of a call; what it returns, or what its promise resolves with, is the result. */
export type HubHandler = (...values: never[]) => unknown;

/** The handlers of a client. Names differ by more than their letter case. */
export class ClientMethods {
  private readonly methods = new Map<string, HubHandler[]>();

  /** Adds a handler, unless it is there already. @throws OptionError where it is none */
  add(method: string, handler: HubHandler): void {
    if (typeof method !== "string" || typeof handler !== "function")
      throw new OptionError('on() takes the name of a method and a function: on("SetColor", (color) => …).');
    const name = method.toLowerCase();
    const handlers = this.methods.get(name) ?? [];
    if (!handlers.includes(handler)) this.methods.set(name, [...handlers, handler]);
  }

  /** Removes one handler, or all of the method. */
  remove(method: string, handler?: HubHandler): void {
    const name = method.toLowerCase();
    const rest = (this.methods.get(name) ?? []).filter((other) => handler !== undefined && other !== handler);
    if (rest.length === 0) this.methods.delete(name);
    else this.methods.set(name, rest);
  }

  /** Calls all handlers. What they throw is logged. */
  call(method: string, values: readonly unknown[]): void {
    for (const handler of this.methods.get(method.toLowerCase()) ?? []) {
      try {
        whenRejected(handler(...(values as never[])), (error) => handlerFailed(method, error));
      } catch (error) {
        handlerFailed(method, error);
      }
    }
  }

  /**
   * Calls all handlers, one after another, for a result.
   *
   * @returns rejects where none gave one, several did, or the last threw
   */
  async callForResult(method: string, values: readonly unknown[]): Promise<unknown> {
    const results: unknown[] = [];
    let failure: { readonly error: unknown } | undefined;
    for (const handler of this.methods.get(method.toLowerCase()) ?? []) {
      try {
        const result = await handler(...(values as never[]));
        failure = undefined;
        if (result !== undefined) results.push(result);
      } catch (error) {
        handlerFailed(method, error);
        failure = { error };
      }
    }
    if (failure !== undefined) throw failure.error;
    if (results.length > 1) throw new HubException("Client provided multiple results.");
    if (results.length === 0) throw new HubException("Client didn't provide a result.");
    return results[0];
  }
}

function handlerFailed(method: string, error: unknown): void {
  log(`A handler of "${method}" threw.`, error);
}
