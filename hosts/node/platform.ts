/** `#platform` on Node.js. */

import { isAscii } from "node:buffer";
import { createHash, randomFillSync } from "node:crypto";
import type { Platform } from "../contract.js";

export type * from "../contract.js";
export { createDeflate } from "./deflate.js";

export const xorMask: Platform["xorMask"] = (bytes, start, end, mask, maskStart) => {
  const key = [mask[maskStart], mask[maskStart + 1], mask[maskStart + 2], mask[maskStart + 3]] as number[];
  // Until the words are aligned, and where they do not pay, byte by byte.
  const lead = end - start < WORDS_PAY_AT ? end - start : -(bytes.byteOffset + start) & 3;
  for (let at = 0; at < lead; at++) bytes[start + at] = (bytes[start + at] as number) ^ (key[at & 3] as number);
  const wordsStart = start + lead;
  if (wordsStart === end) return;
  const wordCount = (end - wordsStart) >> 2;
  const words = new Int32Array(bytes.buffer, bytes.byteOffset + wordsStart, wordCount);
  const word = LITTLE_ENDIAN ? wordOf(key, lead, 3, 2, 1, 0) : wordOf(key, lead, 0, 1, 2, 3);
  for (let at = 0; at < wordCount; at++) words[at] = (words[at] as number) ^ word;
  const tail = wordsStart + wordCount * 4;
  for (let at = tail; at < end; at++) bytes[at] = (bytes[at] as number) ^ (key[(at - start) & 3] as number);
};

/** Bytes from which the set-up of word-wise masking costs less than it saves. */
const WORDS_PAY_AT = 64;
const LITTLE_ENDIAN = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;

function wordOf(key: readonly number[], lead: number, ...order: readonly number[]): number {
  return order.reduce((word, place) => (word << 8) | (key[(lead + place) & 3] as number), 0);
}

const fatalDecoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export const decodeUtf8: Platform["decodeUtf8"] = (bytes, start, end, isMasked = false) => {
  if (isMasked) xorMask(bytes, start, end, bytes, start - 4);
  return decode(bytes, start, end);
};

/** Bytes from which a look whether they are ASCII, whose characters are copied as they are, costs less than it saves. */
const ASCII_PAYS_AT = 1_024;

/** @throws TypeError for what is not UTF-8 */
function decode(bytes: Uint8Array, start: number, end: number): string {
  if (end - start < ASCII_PAYS_AT) return fatalDecoder.decode(bytes.subarray(start, end));
  const part = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start);
  return isAscii(part) ? part.toString("latin1") : fatalDecoder.decode(part);
}

export const copyBytes: Platform["copyBytes"] = (bytes, start, end, isMasked = false) => {
  const copy = Uint8Array.prototype.slice.call(bytes, start, end);
  if (isMasked) xorMask(copy, 0, copy.length, bytes, start - 4);
  return copy;
};

export const makeFrame: Platform["makeFrame"] = (first, isMasked, payload, most = Infinity) => {
  const length = typeof payload === "string" ? Buffer.byteLength(payload) : payload.length;
  if (length > most) return undefined;
  const start = (length < 126 ? 2 : length < 65_536 ? 4 : 10) + (isMasked ? 4 : 0);
  const frame = Buffer.allocUnsafe(start + length);
  frame[0] = first;
  writeLength(frame, isMasked ? 0x80 : 0, length);
  // As many bytes as characters: a text of ASCII.
  if (typeof payload === "string") frame.write(payload, start, length === payload.length ? "latin1" : "utf8");
  else frame.set(payload, start);
  if (isMasked) {
    randomFill(frame.subarray(start - 4, start));
    xorMask(frame, start, frame.length, frame, start - 4);
  }
  return frame;
};

function writeLength(frame: Buffer, maskBit: number, length: number): void {
  if (length < 126) frame[1] = maskBit | length;
  else if (length < 65_536) {
    frame[1] = maskBit | 126;
    frame.writeUInt16BE(length, 2);
  } else {
    frame[1] = maskBit | 127;
    // No buffer is as long as 2^48 bytes.
    frame.writeUInt16BE(0, 2);
    frame.writeUIntBE(length, 4, 6);
  }
}

/** One that streams would take ICU's decoder, which is made anew for each text and has no fast way for ASCII. */
export const createUtf8Decoder: Platform["createUtf8Decoder"] = () => {
  /** The bytes of a character that is not complete. */
  let begun: Uint8Array = NO_BYTES;
  return {
    decode: (bytes, isLast) => {
      const all = begun.length === 0 ? bytes : Buffer.concat([begun, bytes]);
      const end = isLast ? all.length : endOfCharacters(all);
      begun = end === all.length ? NO_BYTES : Uint8Array.prototype.slice.call(all, end);
      return decode(all, 0, end);
    },
  };
};

const NO_BYTES = new Uint8Array(0);

/** Where the character begins that the bytes end amidst; their length where they end with a whole one (RFC 3629, 3). */
function endOfCharacters(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back] as number;
    if ((byte & 0xc0) === 0x80) continue;
    // What begins no character is not kept: it is to be refused as it comes.
    const length = byte < 0xc2 || byte > 0xf4 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
    return length > back ? bytes.length - back : bytes.length;
  }
  return bytes.length;
}

/** In Node's pool of small buffers, which TextEncoder, at three times the cost, does not use. */
export const encodeUtf8: Platform["encodeUtf8"] = (text) => Buffer.from(text, "utf8");

export const sha1: Platform["sha1"] = (bytes) => createHash("sha1").update(bytes).digest();

export const base64: Platform["base64"] = (bytes) =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");

export const fromBase64: Platform["fromBase64"] = (text) => {
  const compact = text.replace(/\s/g, "");
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(compact) || compact.length % 4 !== 0) throw new SyntaxError("not base64");
  return new Uint8Array(Buffer.from(compact, "base64"));
};

/** Random bytes are drawn in stock: a system call for the four bytes of each mask would cost more than the frame. */
const stock = new Uint8Array(8_192);
let stockUsed = stock.length;

export const randomFill: Platform["randomFill"] = (bytes) => {
  if (bytes.length > stock.length) return void randomFillSync(bytes);
  if (stockUsed + bytes.length > stock.length) {
    randomFillSync(stock);
    stockUsed = 0;
  }
  bytes.set(stock.subarray(stockUsed, stockUsed + bytes.length));
  stockUsed += bytes.length;
};

export const now: Platform["now"] = () => performance.now();

export const setTimer: Platform["setTimer"] = <Argument>(
  callback: (argument: Argument) => void,
  delayMs: number,
  argument?: Argument,
) => setTimeout(callback as (argument?: Argument) => void, Math.min(delayMs, MAX_DELAY_MS), argument);

/** The longest delay that Node's timers hold: a longer one would fire at once. */
const MAX_DELAY_MS = 2_147_483_647;

export const clearTimer: Platform["clearTimer"] = (timer) => {
  clearTimeout(timer as NodeJS.Timeout | undefined);
};

export const keepsPropertyNames: Platform["keepsPropertyNames"] = false;

export const log: Platform["log"] = (message, cause) => {
  console.log(cause === undefined ? message : `${message} ${textOf(cause)}`);
};

function textOf(cause: unknown): string {
  return cause instanceof Error ? (cause.stack ?? String(cause)) : String(cause);
}
