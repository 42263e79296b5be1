/** What classes in the shape of ECMA-419's IO are told, checked. */

import { OptionError } from "./errors.js";
import { kindOf } from "./text.js";

/** @throws OptionError for anything but the two formats: several bytes at a time, or each as a number */
export function checkFormat(format: string): "buffer" | "number" {
  if (format === "buffer" || format === "number") return format;
  const given = typeof format === "string" ? JSON.stringify(format) : kindOf(format);
  throw new OptionError(`format is "buffer" or "number"; it was given ${given}.`);
}

/** @throws OptionError for what is no number of bytes to be read */
export function checkCount(count: number): number {
  if (Number.isInteger(count) && count > 0) return count;
  throw new OptionError(`read takes a positive number of bytes, or a buffer; it was given ${String(count)}.`);
}
