/** Every limit, time and size of a connection: types, defaults and validation. */

import type { MessageDeflater } from "#platform";
import { OptionError } from "./errors.js";
import { isToken, kindOf, tagOf } from "./text.js";

/** Options of a connection in either role (.NET nanoFramework `WebSocketOptions`, and limits of our own). */
export interface WebSocketOptions {
  /** Milliseconds without a byte from the peer after which it is sent a Ping; 0: never. @defaultValue 30000 */
  readonly keepAliveInterval?: number;
  /**
   * Milliseconds the peer may take to answer a Ping, or to take what is sent to it; 0: for ever.
   * @defaultValue 60000
   */
  readonly serverTimeout?: number;
  /** Largest payload of a received frame in bytes; 0: as `maxMessageBytes`. @defaultValue 0 */
  readonly maxReceiveFrameSize?: number;
  /**
   * Largest payload of a sent frame in bytes: a longer message is sent in fragments; 0: never in fragments.
   * @defaultValue 32768
   */
  readonly maxFragmentSize?: number;
  /** Largest received message in bytes, all fragments together. @defaultValue 16384, server 4096 */
  readonly maxMessageBytes?: number;
  /**
   * Largest number of fragments of a received message; 0: any. Not applied with `deliverFragments`.
   * @defaultValue 1024
   */
  readonly maxFragments?: number;
  /**
   * Milliseconds from the first byte of a message in pieces to its last, with `deliverFragments` from fragment to
   * fragment; 0: for ever.
   * @defaultValue 60000
   */
  readonly messageTimeoutMs?: number;
  /** Largest number of bytes that wait to be sent, frame headers included. @defaultValue 20480, server 5120 */
  readonly maxQueueBytes?: number;
  /** Milliseconds from the first Close frame to the end of the TCP connection. @defaultValue 5000 */
  readonly closeTimeoutMs?: number;
  /** True: each fragment is delivered as it comes, as nanoFramework does; false: whole messages. @defaultValue false */
  readonly deliverFragments?: boolean;
}

/** Options with every default filled in. */
export type ResolvedOptions<Options> = { readonly [Name in keyof Options]-?: NonNullable<Options[Name]> };

/** Settings of a connection, validated. */
export type ConnectionSettings = ResolvedOptions<WebSocketOptions>;

/** Settings of one connection, and what its opening handshake agreed on. */
export interface AgreedSettings extends ConnectionSettings {
  /** Where messages may be compressed. */
  readonly deflater?: MessageDeflater<ConnectionSettings> | undefined;
  /**
   * True: payload is delivered as it comes. Nothing of it is kept, so no limit of a length or a time is applied. For who reads a
   * stream of bytes, to which the borders of messages and frames mean nothing. A text is delivered as "".
   */
  readonly deliversPieces?: boolean;
}

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

/** The largest number unless a table says otherwise: what a timer of every host takes in milliseconds, and a typed array in bytes. */
export const MAX_NUMBER = 2_147_483_647;

/**
 * The options of a class that are plain values. Types and texts are in the interface of `Settings`; the rows of the
 * documentation and the default in hover texts are made of both (`npm run options`).
 */
export interface OptionTable<Settings extends object> {
  readonly defaults: Settings;
  /** The least of the numbers, which are integers; 0 where none is named. */
  readonly least: { readonly [Name in keyof Settings]?: number };
  /** The largest of the numbers; {@link MAX_NUMBER} where none is named. */
  readonly most: { readonly [Name in keyof Settings]?: number };
  /** Numbers that the class checks itself: they are no integers, or some of them only. */
  readonly special?: readonly string[];
}

/** What a limit of an HTTP head may be, in bytes. */
export const MIN_HEAD_BYTES = 256;
export const MAX_HEAD_BYTES = 1_048_576;
/** Longest name of a field that is kept in any case, and how much of another is read to know it. */
export const MAX_FIELD_NAME_BYTES = 64;

/** A queue holds at least one control frame. */
const MIN_QUEUE_BYTES = 256;

/** What every connection takes. */
export const CONNECTION_OPTIONS: OptionTable<ConnectionSettings> = Object.freeze({
  defaults: CONNECTION_DEFAULTS,
  least: Object.freeze({ maxMessageBytes: 1, maxQueueBytes: MIN_QUEUE_BYTES, closeTimeoutMs: 1 }),
  most: Object.freeze({}),
});

/**
 * Checks what a constructor was given before its members are read.
 *
 * @param taker its class
 * @param example what could be given
 * @throws OptionError for anything but a plain object
 */
export function checkOptions(taker: string, options: unknown, example: string): void {
  if (typeof options !== "object" || options === null || tagOf(options) !== "Object")
    throw new OptionError(`${taker} takes an object of options, such as ${example}; it was given ${kindOf(options)}.`);
}

/** @throws OptionError where one of the handlers or hooks is no function; undefined ones are left out */
export function checkHandlers(handlers: Readonly<Record<string, unknown>>): void {
  for (const name of Object.keys(handlers)) {
    const handler = handlers[name];
    if (handler !== undefined && typeof handler !== "function")
      throw new OptionError(`The option ${name} takes a function; it was given ${kindOf(handler)}.`);
  }
}

/**
 * Fills in the defaults.
 *
 * @param options the caller's options; undefined members count as left out
 * @param others names of options that were taken before: one of them may be meant
 * @throws OptionError for a member that the table does not have, of another type, or out of its range
 */
export function resolveOptions<Settings extends object>(
  options: Partial<Record<keyof Settings, unknown>> = {},
  table: OptionTable<Settings>,
  others: readonly string[] = [],
): Settings {
  const { defaults } = table;
  const settings = { ...defaults } as Record<string, unknown>;
  for (const name of Object.keys(options)) {
    const value = options[name as keyof Settings];
    if (!Object.hasOwn(defaults, name)) throw unknownOption(name, [...Object.keys(defaults), ...others]);
    if (value === undefined) continue;
    const kind = kindOf(settings[name]);
    if (kindOf(value) !== kind)
      throw new OptionError(`The option ${name} takes ${kind}; it was given ${kindOf(value)}.`);
    if (Array.isArray(value)) checkTexts(name, value);
    if (typeof value === "number") checkRange(name as keyof Settings & string, value, table);
    settings[name] = value;
  }
  return settings as Settings;
}

function checkRange<Settings extends object>(
  name: keyof Settings & string,
  value: number,
  { least, most, special }: OptionTable<Settings>,
): void {
  if (special?.includes(name) !== true) checkInteger(name, value, least[name] ?? 0, most[name] ?? MAX_NUMBER);
}

/** Every list among the options is one of texts. */
function checkTexts(name: string, values: readonly unknown[]): void {
  const other = values.find((value) => typeof value !== "string");
  if (values.length > 0 && (other !== undefined || values.includes(undefined)))
    throw new OptionError(`The option ${name} takes a list of strings; one of them is ${kindOf(other)}.`);
}

/**
 * The lower-case names of header fields that an option has.
 *
 * @throws OptionError for what is no name of a header field
 */
export function toFieldNames(option: string, names: readonly unknown[]): readonly string[] {
  return names.map((name) => {
    if (typeof name === "string" && isToken(name) && name.length <= MAX_FIELD_NAME_BYTES) return name.toLowerCase();
    throw new OptionError(
      `${JSON.stringify(name)} is not the name of a header field. ${option} takes names of at most ${MAX_FIELD_NAME_BYTES} characters.`,
    );
  });
}

/** The error for an option that there is not: it names the one that seems to be meant. */
export function unknownOption(name: string, known: readonly string[]): OptionError {
  const near = nearestName(name, known);
  const help = near === undefined ? `The options are: ${known.join(", ")}.` : `Did you mean ${near}?`;
  return new OptionError(`There is no option ${JSON.stringify(name)}. ${help}`);
}

/** Longer names are no slip of a known one; and what is compared takes the square of its length. */
const MAX_COMPARED = 40;

function nearestName(name: string, known: readonly string[]): string | undefined {
  if (name.length > MAX_COMPARED) return undefined;
  let nearest: string | undefined;
  let fewest = Math.max(2, Math.floor(name.length / 4)) + 1;
  for (const candidate of known) {
    const one = name.toLowerCase();
    const other = candidate.toLowerCase();
    const slips = slipsBetween(one, other);
    // Of a short name two slips are half: "host" is not "port".
    if (slips >= fewest || (slips > 1 && !one.startsWith(other.charAt(0)))) continue;
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

/** @throws OptionError where `value` is not an integer from `least` to `most` */
export function checkInteger(name: string, value: number, least: number, most: number): void {
  if (!Number.isInteger(value) || value < least || value > most)
    throw new OptionError(`${name} must be a whole number from ${least} to ${most}; it is ${value}.`);
}

/** @throws OptionError where `value` is not a time in milliseconds of at least `least` */
export function checkTime(name: string, value: number, least: number): void {
  checkInteger(name, value, least, MAX_NUMBER);
}
