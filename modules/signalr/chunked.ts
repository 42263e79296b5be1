/** The chunked transfer coding of HTTP/1.1 (RFC 9112, 7.1). */

import { everyCharacter, isHexDigit } from "../protocol/characters.js";
import { decodeLatin1 } from "../protocol/httphead.js";
import { NegotiationError } from "./errors.js";

const LF = 10;
const MAX_DIGITS = 7;

/**
 * Decodes a body that is in one piece.
 *
 * @returns undefined where its last chunk has not come yet. Trailers are not waited for
 * @throws NegotiationError where it is not chunked
 */
export function decodeChunked(bytes: Uint8Array): Uint8Array | undefined {
  const body = new Uint8Array(bytes.length);
  let length = 0;
  let at = 0;
  for (;;) {
    const lineEnd = bytes.indexOf(LF, at);
    if (lineEnd < 0) return undefined;
    const size = readSize(bytes.subarray(at, lineEnd));
    if (size === 0) return body.subarray(0, length);
    const start = lineEnd + 1;
    // CR LF stands behind the data of a chunk.
    if (start + size + 2 > bytes.length) return undefined;
    body.set(bytes.subarray(start, start + size), length);
    length += size;
    at = start + size + 2;
  }
}

/** A size in hexadecimal digits, then perhaps extensions. */
function readSize(line: Uint8Array): number {
  const digits = decodeLatin1(line).split(";")[0]?.trim() ?? "";
  if (digits === "" || digits.length > MAX_DIGITS || !everyCharacter(digits, isHexDigit))
    throw new NegotiationError(0, "A chunk of the answer has no size.");
  return parseInt(digits, 16);
}
