import { Digest } from "crypt";
import TextDecoder from "text/decoder";
import Timer from "timer";

import type { Platform, Utf8Decoder } from "../contract.js";
// XS resolves this against this module's name, "xs-websockets/#platform": it is "xs-websockets/host/native" there.
import { copyRange, decodeText, encodeText, fillRandom, frameOf, monotonicTime, xorRange } from "./host/native.js";

export type * from "../contract.js";
export { log } from "./host/log.js";

/** The longest delay in milliseconds that the SDK's timers hold, an integer of 32 bits: 24.8 days. */
const maxDelayMs = 0x7fff_ffff;

const decoderOptions = Object.freeze({ fatal: true, ignoreBOM: true } as const);
const streaming = Object.freeze({ stream: true } as const);

export const xorMask: Platform["xorMask"] = xorRange;

export const decodeUtf8: Platform["decodeUtf8"] = decodeText;

export const copyBytes: Platform["copyBytes"] = copyRange;

export const makeFrame: Platform["makeFrame"] = frameOf;

export const encodeUtf8: Platform["encodeUtf8"] = encodeText;

class StreamingDecoder implements Utf8Decoder {
  readonly #decoder = new TextDecoder("utf-8", decoderOptions);

  decode(bytes: Uint8Array, isLast: boolean): string {
    return isLast ? this.#decoder.decode(bytes) : this.#decoder.decode(bytes, streaming);
  }
}

export const createUtf8Decoder: Platform["createUtf8Decoder"] = () => new StreamingDecoder();

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
