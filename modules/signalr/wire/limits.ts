/** JSON from a peer, within limits that are checked before there is any value. */

import { decodeUtf8, encodeUtf8 } from "#platform";
import { HubProtocolError } from "../errors.js";

/** Levels of arrays and objects in each other: the parser of XS recurses on a stack of few kilobytes. */
export const DEFAULT_MAXIMUM_DEPTH = 20;

/** What a value takes in memory beside its characters: a slot of a 32-bit XS, in bytes. */
const VALUE_COST = 16;

/** The names that the hub protocol has. */
const PROTOCOL_NAMES: readonly string[] = Object.freeze([
  "type",
  "target",
  "arguments",
  "invocationId",
  "streamIds",
  "item",
  "result",
  "error",
  "headers",
  "protocol",
  "version",
  "allowReconnect",
]);

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
/** The largest of the characters that JSON passes over. */
const SPACE = 0x20;

/**
 * The names of fields that peers have brought. XS keeps each for as long as the program runs, whatever becomes of its
 * object: without a limit, they would fill the memory in the end.
 */
export class PropertyNames {
  private readonly maximum: number;
  private readonly longest: number;
  // An array takes fewer slots than a Set.
  private readonly names: string[] = [];

  /** @param longest characters that a name may have */
  constructor(maximum: number, longest: number) {
    this.maximum = maximum;
    this.longest = longest;
  }

  /** Whether a name may be used: it is known, or there is room for one more. */
  admit(name: string): boolean {
    if (PROTOCOL_NAMES.includes(name) || this.names.includes(name)) return true;
    if (this.names.length >= this.maximum || name.length > this.longest) return false;
    this.names.push(name);
    return true;
  }
}

/** What the JSON of a peer may have. */
export interface JsonLimits {
  /** Levels of arrays and objects in each other. */
  readonly maximumDepth?: number;
  /** Items of arrays and fields of objects; 0: any number. */
  readonly maximumValues?: number;
  /** Undefined: any names. */
  readonly names?: { admit(name: string): boolean } | undefined;
}

/** The fields of an object. */
export type Fields = Readonly<Record<string, unknown>>;

/**
 * Parses the JSON of a peer: an object.
 *
 * @throws HubProtocolError where it is not JSON, no object, or breaks a limit
 */
export function parseObject(text: string, limits: JsonLimits = {}): Fields {
  return parseRecord(text, limits).fields;
}

/** As `parseObject`, with what the text and its values take in memory: without limits to values, its characters. */
export function parseRecord(text: string, limits: JsonLimits): { readonly fields: Fields; readonly length: number } {
  const length = inspect(text, limits);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new HubProtocolError("A record is not JSON.", { cause });
  }
  if (!isObject(value)) throw new HubProtocolError("A record is JSON, but not an object.");
  return { fields: value, length };
}

/** Whether a value is an object, and no array. */
export function isObject(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Checks the limits before there is any value. @returns what the text and its values take */
function inspect(text: string, limits: JsonLimits): number {
  const { maximumDepth = DEFAULT_MAXIMUM_DEPTH, maximumValues = 0, names } = limits;
  const isSimple = maximumValues === 0 && names === undefined;
  // Mostly there are fewer brackets in all than levels are allowed, and nothing else is to be done.
  if (isSimple && count(text, "[", maximumDepth) + count(text, "{", maximumDepth) <= maximumDepth) return text.length;
  const bytes = encodeUtf8(text);
  let depth = 0;
  let values = 0;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at];
    if (byte === QUOTE) {
      const end = closingQuote(bytes, at + 1);
      if (names !== undefined) checkName(bytes, at + 1, end, names);
      at = end;
      continue;
    }
    if (isClosing(byte)) depth--;
    const isOpened = byte === OPEN_ARRAY || byte === OPEN_OBJECT;
    if (isOpened && ++depth > maximumDepth)
      throw new HubProtocolError(`A record has more than ${maximumDepth} levels of arrays and objects (maximumDepth).`);
    // A value stands behind a comma, or is the first of its array or object.
    if (byte === COMMA || (isOpened && !isClosing(bytes[at + 1]))) values++;
    if (values > maximumValues && maximumValues !== 0)
      throw new HubProtocolError(`A record has more than ${maximumValues} values (maximumReceiveValues).`);
  }
  return maximumValues === 0 ? text.length : bytes.length + VALUE_COST * values;
}

function isClosing(byte: number | undefined): boolean {
  return byte === CLOSE_ARRAY || byte === CLOSE_OBJECT;
}

/** Where the string that begins at `start` ends: at its quote, or with the text. */
function closingQuote(bytes: Uint8Array, start: number): number {
  for (let end = bytes.indexOf(QUOTE, start); end >= 0; end = bytes.indexOf(QUOTE, end + 1)) {
    let escape = end;
    while (escape > start && bytes[escape - 1] === BACKSLASH) escape--;
    if ((end - escape) % 2 === 0) return end;
  }
  return bytes.length;
}

/** @throws HubProtocolError where the string from `start` to `end` is a name that may not be used */
function checkName(bytes: Uint8Array, start: number, end: number, names: NonNullable<JsonLimits["names"]>): void {
  let next = end + 1;
  while ((bytes[next] ?? COLON) <= SPACE) next++;
  if (bytes[next] === COLON && !names.admit(decodeUtf8(bytes, start, end)))
    throw new HubProtocolError("A record has a field with one name too many, or too long (maximumPropertyNames).");
}

/** How often a character is in a text; counts no further than one above `most`. */
function count(text: string, character: string, most: number): number {
  let found = 0;
  for (let at = text.indexOf(character); at >= 0 && found <= most; at = text.indexOf(character, at + 1)) found++;
  return found;
}
