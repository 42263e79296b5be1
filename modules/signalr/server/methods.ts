/** The methods of a hub. */

import { log } from "#platform";
import { OptionError } from "../../common/errors.js";
import { kindOf } from "../../common/text.js";
import { HubException } from "../errors.js";
import type { HubCallerContext } from "./context.js";

/**
 * A method of a hub: takes the caller's context, the arguments, and then the caller's streams as async iterables. What it
 * returns, or what its promise resolves with, is the result; an async iterable (an async generator) is a stream.
 */
export type HubMethod<Context = HubCallerContext> = (context: Context, ...values: never[]) => unknown;

/** The methods of a hub, by name; letter case does not matter. */
export class HubMethods {
  private readonly methods = new Map<string, HubMethod>();
  private readonly areErrorsDetailed: boolean;

  /** @throws OptionError where one is not a function, or two differ by letter case only */
  constructor(methods: Readonly<Record<string, HubMethod>>, areErrorsDetailed: boolean) {
    this.areErrorsDetailed = areErrorsDetailed;
    if (kindOf(methods) !== "an object")
      throw new OptionError(
        `methods must be an object of functions, such as { Add: (a, b) => a + b }; it was given ${kindOf(methods)}.`,
      );
    for (const entry of Object.entries(methods)) {
      const name = entry[0];
      const method: unknown = entry[1];
      if (typeof method !== "function")
        throw new OptionError(`The method ${name} must be a function; it is ${kindOf(method)}.`);
      if (this.find(name) !== undefined)
        throw new OptionError(`There are two methods called ${name}: letter case does not tell them apart.`);
      this.methods.set(name.toLowerCase(), entry[1]);
    }
  }

  find(target: string): HubMethod | undefined {
    return this.methods.get(target.toLowerCase());
  }

  /** What a caller is told of an error; what it is not is logged. */
  describe(target: string, error: unknown): string {
    if (error instanceof HubException) return error.message;
    log(`The hub's method "${target}" threw.`, error);
    const text = `An unexpected error occurred invoking '${target}' on the server.`;
    return this.areErrorsDetailed ? `${text} ${String(error)}` : text;
  }
}
