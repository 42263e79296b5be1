/** JSON from a peer. */

import { encodeUtf8 } from "#platform";
import { HubProtocolError } from "./errors.js";

/** Levels of arrays and objects in each other: the parser of XS recurses on a stack of few kilobytes. */
export const DEFAULT_MAXIMUM_DEPTH = 20;

const [OPEN_ARRAY, CLOSE_ARRAY, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];

/**
 * Parses the JSON of a peer: an object.
 *
 * @param maximumDepth levels of arrays and objects in each other
 * @throws HubProtocolError where it is not JSON, no object, or nested too deep
 */
export function parseObject(text: string, maximumDepth = DEFAULT_MAXIMUM_DEPTH): Readonly<Record<string, unknown>> {
  if (isDeeperThan(text, maximumDepth))
    throw new HubProtocolError(`A record has more than ${maximumDepth} levels of arrays and objects (maximumDepth).`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new HubProtocolError("A record is not JSON.", { cause });
  }
  if (!isObject(value)) throw new HubProtocolError("A record is JSON, but not an object.");
  return value;
}

/** Whether a value is an object, and no array. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isDeeperThan(text: string, maximumDepth: number): boolean {
  // Mostly there are fewer brackets in all than levels are allowed, and nothing else is to be done.
  if (count(text, "[", maximumDepth) + count(text, "{", maximumDepth) <= maximumDepth) return false;
  // Native calls take the strings away; what is left is read byte by byte.
  const parts = text.replaceAll("\\\\", "").replaceAll('\\"', "").split('"');
  const outside = encodeUtf8(parts.filter((_part, index) => index % 2 === 0).join(""));
  let depth = 0;
  for (const byte of outside) {
    if (byte === OPEN_ARRAY || byte === OPEN_OBJECT) {
      if (++depth > maximumDepth) return true;
    } else if (byte === CLOSE_ARRAY || byte === CLOSE_OBJECT) depth--;
  }
  return false;
}

/** How often a character is in a text; counts no further than one above `most`. */
function count(text: string, character: string, most: number): number {
  let found = 0;
  for (let at = text.indexOf(character); at >= 0 && found <= most; at = text.indexOf(character, at + 1)) found++;
  return found;
}
