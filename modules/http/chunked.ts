/** The chunked transfer coding of HTTP/1.1 (RFC 9112, 7.1). */

import { decodeLatin1, everyCharacter, isHexDigit } from "../common/text.js";
import { HandshakeError } from "../common/errors.js";

const LF = 10;
/** RFC 9112, 7.1: a recipient "MUST anticipate potentially large hexadecimal numerals and prevent parsing errors". */
const MAX_DIGITS = 8;
/** Longest line with the size of a chunk and its extensions, which nobody needs (RFC 9112, 7.1.1). */
const MAX_LINE_BYTES = 256;

/** Decodes what comes, whatever pieces it comes in. */
export class ChunkedDecoder {
  /**
   * Whether the last chunk has come. The trailer behind it is not waited for: a recipient may discard it (RFC 9112,
   * 7.1.2), and one that never comes would hold up what is complete.
   */
  isOver = false;
  private readonly take: (data: Uint8Array) => void;
  private line = "";
  /** Bytes of the present chunk that are to come. */
  private remaining = 0;
  private isBehindData = false;

  /** @param take is given the data, piece by piece */
  constructor(take: (data: Uint8Array) => void) {
    this.take = take;
  }

  /**
   * Takes the next bytes.
   *
   * @throws HandshakeError (0) where they are not chunked
   */
  read(bytes: Uint8Array): void {
    let at = 0;
    while (at < bytes.length && !this.isOver)
      at = this.remaining > 0 ? this.readData(bytes, at) : this.readLine(bytes, at);
  }

  private readData(bytes: Uint8Array, start: number): number {
    const end = Math.min(bytes.length, start + this.remaining);
    this.take(bytes.subarray(start, end));
    this.remaining -= end - start;
    this.isBehindData = true;
    return end;
  }

  private readLine(bytes: Uint8Array, start: number): number {
    const lineEnd = bytes.indexOf(LF, start);
    const end = lineEnd < 0 ? bytes.length : lineEnd;
    if (this.line.length + end - start > MAX_LINE_BYTES) throw notChunked();
    this.line += decodeLatin1(bytes.subarray(start, end));
    if (lineEnd < 0) return end;
    const line = this.line.trim();
    this.line = "";
    if (!this.isBehindData) this.startChunk(line);
    // A line end stands behind the data of a chunk.
    else if (line !== "") throw notChunked();
    this.isBehindData = false;
    return lineEnd + 1;
  }

  private startChunk(line: string): void {
    const semicolon = line.indexOf(";");
    const digits = semicolon < 0 ? line : line.slice(0, semicolon).trim();
    if (digits === "" || digits.length > MAX_DIGITS || !everyCharacter(digits, isHexDigit)) throw notChunked();
    this.remaining = parseInt(digits, 16);
    this.isOver = this.remaining === 0;
  }
}

function notChunked(): HandshakeError {
  return new HandshakeError(0, "The body of the answer is not chunked as it says.");
}
