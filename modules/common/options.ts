/** Every limit, time and size of a connection: types, defaults and validation. */

import { OptionError } from "./errors.js";

/** Options of a connection in either role (.NET nanoFramework `WebSocketOptions`, and limits of our own). */
export interface WebSocketOptions {
  /** Milliseconds without a byte from the peer after which it is sent a Ping; 0: never. */
  readonly keepAliveInterval?: number;
  /** Milliseconds the peer may take to answer a Ping, or to take what is sent to it; 0: for ever. */
  readonly serverTimeout?: number;
  /** Largest payload of a received frame in bytes; 0: as `maxMessageBytes`. */
  readonly maxReceiveFrameSize?: number;
  /** Largest payload of a sent frame in bytes: a longer message is sent in fragments; 0: never in fragments. */
  readonly maxFragmentSize?: number;
  /** Largest received message in bytes, all fragments together. */
  readonly maxMessageBytes?: number;
  /** Largest number of fragments of a received message; 0: any. Not applied with `deliverFragments`. */
  readonly maxFragments?: number;
  /**
   * Milliseconds from the first byte of a message in pieces to its last, with `deliverFragments` from fragment to
   * fragment; 0: for ever.
   */
  readonly messageTimeoutMs?: number;
  /** Largest number of bytes that wait to be sent, frame headers included. */
  readonly maxQueueBytes?: number;
  /** Milliseconds from the first Close frame to the end of the TCP connection. */
  readonly closeTimeoutMs?: number;
  /** True: each fragment is delivered as it comes, as nanoFramework does; false: whole messages. */
  readonly deliverFragments?: boolean;
}

/** Options with every default filled in. */
export type ResolvedOptions<Options> = { readonly [Name in keyof Options]-?: NonNullable<Options[Name]> };

/** Settings of a connection, validated. */
export type ConnectionSettings = ResolvedOptions<WebSocketOptions>;

/** The defaults of a connection. Sizes are those of a client on an ESP32 without external memory: a server has smaller ones. */
export const CONNECTION_DEFAULTS: ConnectionSettings = Object.freeze({
  keepAliveInterval: 30_000,
  serverTimeout: 60_000,
  maxReceiveFrameSize: 0,
  maxFragmentSize: 32_768,
  maxMessageBytes: 16_384,
  maxFragments: 1_024,
  messageTimeoutMs: 60_000,
  maxQueueBytes: 20_480,
  closeTimeoutMs: 5_000,
  deliverFragments: false,
});

/** The longest time that a timer of every host takes: 2^31 - 1 milliseconds. */
const MAX_TIME_MS = 2_147_483_647;

/**
 * Checks what a constructor was given before its members are read.
 *
 * @param taker its class
 * @param example what could be given
 * @throws OptionError for anything but a plain object
 */
export function checkOptions(taker: string, options: unknown, example: string): void {
  if (Object.prototype.toString.call(options) !== "[object Object]")
    throw new OptionError(
      `${taker} takes an object of options, such as ${example}; it was given ${typeName(options)}.`,
    );
}

/** @throws OptionError where one of the handlers or hooks is no function; undefined ones are left out */
export function checkHandlers(handlers: Readonly<Record<string, unknown>>): void {
  for (const [name, handler] of Object.entries(handlers))
    if (handler !== undefined && typeof handler !== "function")
      throw new OptionError(`Option ${name} is a function; it was given ${typeName(handler)}.`);
}

/**
 * Fills in the defaults.
 *
 * @param options the caller's options; undefined members count as left out
 * @param defaults a default for every member
 * @param others names of options that were taken before: one of them may be meant
 * @throws OptionError for a member that `defaults` does not have, or of another type
 */
export function withDefaults<Settings extends object>(
  options: Partial<Record<keyof Settings, unknown>> | undefined,
  defaults: Settings,
  others: readonly string[] = [],
): Settings {
  const settings = { ...defaults } as Record<string, unknown>;
  for (const [name, value] of Object.entries(options ?? {})) {
    if (!Object.hasOwn(defaults, name)) throw unknownOption(name, [...Object.keys(defaults), ...others]);
    if (value === undefined) continue;
    const type = typeName(settings[name]);
    if (typeName(value) !== type)
      throw new OptionError(`Option ${name} is of type ${type}; it was given ${typeName(value)}.`);
    if (Array.isArray(value)) checkTexts(name, value);
    settings[name] = value;
  }
  return settings as Settings;
}

/** Every list among the options is one of texts. */
function checkTexts(name: string, values: readonly unknown[]): void {
  const other = values.find((value) => typeof value !== "string");
  if (values.length > 0 && (other !== undefined || values.includes(undefined)))
    throw new OptionError(`Option ${name} is a list of strings; one of them is ${typeName(other)}.`);
}

/** The error for an option that there is not: it names the one that seems to be meant. */
export function unknownOption(name: string, known: readonly string[]): OptionError {
  const near = nearestName(name, known);
  const help = near === undefined ? `known are: ${known.join(", ")}.` : `did you mean ${near}?`;
  return new OptionError(`There is no option ${JSON.stringify(name)}; ${help}`);
}

/** What a value is, for messages: values themselves may be secrets. */
function typeName(value: unknown): string {
  if (typeof value !== "object" || value === null) return value === null ? "null" : typeof value;
  const tag = Object.prototype.toString.call(value).slice("[object ".length, -1);
  return tag === "Array" || tag === "Object" ? tag.toLowerCase() : tag;
}

/** Longer names are no slip of a known one; and what is compared takes the square of its length. */
const MAX_COMPARED = 40;

function nearestName(name: string, known: readonly string[]): string | undefined {
  if (name.length > MAX_COMPARED) return undefined;
  let nearest: string | undefined;
  let fewest = Math.max(2, Math.floor(name.length / 4)) + 1;
  for (const candidate of known) {
    const slips = slipsBetween(name.toLowerCase(), candidate.toLowerCase());
    if (slips >= fewest) continue;
    fewest = slips;
    nearest = candidate;
  }
  return nearest;
}

/** Characters to add, leave out or change (Levenshtein's distance); 1 where one is the start of the other. */
function slipsBetween(one: string, other: string): number {
  if (Math.min(one.length, other.length) >= MIN_START && (one.startsWith(other) || other.startsWith(one))) return 1;
  let row = Array.from({ length: other.length + 1 }, (_, at) => at);
  for (let at = 1; at <= one.length; at++) {
    const next = [at];
    for (let to = 1; to <= other.length; to++) {
      const changed = (row[to - 1] as number) + (one[at - 1] === other[to - 1] ? 0 : 1);
      next.push(Math.min(changed, (row[to] as number) + 1, (next[to - 1] as number) + 1));
    }
    row = next;
  }
  return row[other.length] as number;
}

/** Fewer characters are the start of too much. */
const MIN_START = 4;

/** @throws OptionError where a setting of a connection is out of its range */
export function checkConnectionSettings(settings: ConnectionSettings): void {
  checkInteger("keepAliveInterval", settings.keepAliveInterval, 0, MAX_TIME_MS);
  checkInteger("serverTimeout", settings.serverTimeout, 0, MAX_TIME_MS);
  checkInteger("maxReceiveFrameSize", settings.maxReceiveFrameSize, 0, MAX_SIZE);
  checkInteger("maxFragmentSize", settings.maxFragmentSize, 0, MAX_SIZE);
  checkInteger("maxMessageBytes", settings.maxMessageBytes, 1, MAX_SIZE);
  checkInteger("maxFragments", settings.maxFragments, 0, MAX_SIZE);
  checkInteger("messageTimeoutMs", settings.messageTimeoutMs, 0, MAX_TIME_MS);
  checkInteger("maxQueueBytes", settings.maxQueueBytes, MIN_QUEUE_BYTES, MAX_SIZE);
  checkInteger("closeTimeoutMs", settings.closeTimeoutMs, 1, MAX_TIME_MS);
}

/** The largest size that can be asked for: what one typed array holds on every host. */
const MAX_SIZE = 2_147_483_647;
/** A queue holds at least one control frame. */
const MIN_QUEUE_BYTES = 256;

/** @throws OptionError where `value` is not an integer from `least` to `most` */
export function checkInteger(name: string, value: number, least: number, most: number): void {
  if (!Number.isInteger(value) || value < least || value > most)
    throw new OptionError(`${name} is an integer from ${least} to ${most}; it was given ${value}.`);
}

/** @throws OptionError where `value` is not a time in milliseconds of at least `least` */
export function checkTime(name: string, value: number, least: number): void {
  checkInteger(name, value, least, MAX_TIME_MS);
}
