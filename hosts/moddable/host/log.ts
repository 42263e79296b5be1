import type { Platform } from "../../contract.js";

export const log: Platform["log"] = (message, cause) => {
  trace(message, cause === undefined ? "" : ` ${textOf(cause)}`, "\n");
};

function textOf(cause: unknown): string {
  return cause instanceof Error ? (cause.stack ?? String(cause)) : String(cause);
}
