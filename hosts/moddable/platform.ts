import { Digest } from "crypt";
import TextDecoder from "text/decoder";
import Timer from "timer";

import type { Platform, Utf8Decoder } from "../contract.js";
// XS resolves this against this module's name, "xs-websockets/#platform": it is "xs-websockets/host/native" there.
import {
  copyRange,
  decodeText,
  fillRandom,
  hasSurrogates,
  maskBehind,
  monotonicTime,
  placeBehindRoom,
  xorRange,
} from "./host/native.js";

export type * from "../contract.js";
export { log } from "./host/log.js";

/** The longest delay in milliseconds that the SDK's timers hold, an integer of 32 bits: 24.8 days. */
const maxDelayMs = 0x7fff_ffff;

const decoderOptions = Object.freeze({ fatal: true, ignoreBOM: true } as const);
const streaming = Object.freeze({ stream: true } as const);

export const xorMask: Platform["xorMask"] = xorRange;

export const decodeUtf8: Platform["decodeUtf8"] = decodeText;

export const copyBytes: Platform["copyBytes"] = (bytes, start, end, isMasked) =>
  new Uint8Array(copyRange(bytes, start, end, isMasked));

export const withRoom: Platform["withRoom"] = (payload, room, room16, room64) =>
  new Uint8Array(
    placeBehindRoom(payload, room, room16, room64) ??
      (placeBehindRoom(encodeUtf8(payload as string), room, room16, room64) as ArrayBuffer),
  );

export const maskFrame: Platform["maskFrame"] = maskBehind;

class StreamingDecoder implements Utf8Decoder {
  readonly #decoder = new TextDecoder("utf-8", decoderOptions);

  decode(bytes: Uint8Array, isLast: boolean): string {
    return isLast ? this.#decoder.decode(bytes) : this.#decoder.decode(bytes, streaming);
  }
}

export const createUtf8Decoder: Platform["createUtf8Decoder"] = () => new StreamingDecoder();

/**
 * XS keeps a pair of surrogates that was put together from two strings as two characters, and encodes each for
 * itself: pairs become one character of four bytes, lone ones U+FFFD. In place, and only where there is one to be found.
 *
 * @returns the part of `bytes` that has the text
 */
function mendSurrogates(bytes: Uint8Array): Uint8Array {
  let read = 0;
  let write = 0;
  for (let found = bytes.indexOf(0xed); found >= 0; found = bytes.indexOf(0xed, read)) {
    bytes.copyWithin(write, read, found);
    write += found - read;
    read = found;
    const unit = codeUnitAt(bytes, read);
    const next = codeUnitAt(bytes, read + 3);
    if (unit < 0xd800) bytes.copyWithin(write, read, read + 3);
    else if (unit < 0xdc00 && next >= 0xdc00) {
      writeCodePoint(bytes, write, 0x1_0000 + (unit - 0xd800) * 0x400 + (next - 0xdc00));
      write += 1;
      read += 3;
    } else bytes.set(replacementCharacter, write);
    write += 3;
    read += 3;
  }
  bytes.copyWithin(write, read);
  return bytes.subarray(0, write + bytes.length - read);
}

const replacementCharacter = Object.freeze([0xef, 0xbf, 0xbd]);

/** The code unit that three bytes from 0xED on encode; 0 where there are none. */
function codeUnitAt(bytes: Uint8Array, at: number): number {
  if (bytes[at] !== 0xed) return 0;
  return 0xd000 | (((bytes[at + 1] ?? 0) & 0x3f) << 6) | ((bytes[at + 2] ?? 0) & 0x3f);
}

function writeCodePoint(bytes: Uint8Array, at: number, codePoint: number): void {
  bytes[at] = 0xf0 | (codePoint >> 18);
  bytes[at + 1] = 0x80 | ((codePoint >> 12) & 0x3f);
  bytes[at + 2] = 0x80 | ((codePoint >> 6) & 0x3f);
  bytes[at + 3] = 0x80 | (codePoint & 0x3f);
}

export const encodeUtf8: Platform["encodeUtf8"] = (text) => {
  // Looking for surrogates in the bytes costs a tenth of what isWellFormed() does.
  const bytes = new Uint8Array(ArrayBuffer.fromString(text));
  return hasSurrogates(bytes) ? mendSurrogates(bytes) : bytes;
};

export const sha1: Platform["sha1"] = (bytes) => {
  const digest = new Digest("SHA1");
  digest.write(bytes.slice().buffer);
  return new Uint8Array(digest.close());
};

export const base64: Platform["base64"] = (bytes) => bytes.toBase64();

export const fromBase64: Platform["fromBase64"] = (text) => Uint8Array.fromBase64(text);

export const randomFill: Platform["randomFill"] = fillRandom;

export const now: Platform["now"] = monotonicTime;

/** A timer of the SDK that carries what it calls. */
type CallingTimer<Argument> = Timer & { callback: (argument: Argument) => void; argument: Argument };

function call(timer: Timer): void {
  const { callback, argument } = timer as CallingTimer<unknown>;
  callback(argument);
}

export const setTimer: Platform["setTimer"] = <Argument>(
  callback: (argument: Argument) => void,
  delayMs: number,
  argument?: Argument,
) => {
  const timer = Timer.set(call, Math.min(delayMs, maxDelayMs)) as CallingTimer<Argument | undefined>;
  timer.callback = callback as (argument: Argument | undefined) => void;
  timer.argument = argument;
  return timer;
};

export const clearTimer: Platform["clearTimer"] = (timer) => {
  Timer.clear(timer as Timer);
};

/** XS collects no names as the SDK builds it: some 56 bytes are gone with each. */
export const keepsPropertyNames: Platform["keepsPropertyNames"] = true;

/** zlib wants 168 KB for a connection that compresses, and the SDK's cannot end a message. */
export const createDeflate: Platform["createDeflate"] = (option, _limits, { OptionError }) => {
  if (option !== undefined && option !== false)
    throw new OptionError("permessageDeflate is for Node.js only: leave it out.");
  return undefined;
};
