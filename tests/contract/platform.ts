/** What every host's `#platform` promises, as named tests for Jest and for the Moddable simulator. */

import type { Platform } from "../../hosts/contract.js";
import { assert, assertEqual, assertThrowsTypeError, type Tests } from "../support/assertions.js";
import { invalidTexts, VALID_TEXTS } from "../support/tables.js";
import { bytesOf, hexOf } from "../support/vectors.js";
import { letTimePass } from "../support/waiting.js";

/** As [text, its UTF-8]. */
const validTexts: readonly (readonly [text: string, hex: string])[] = [
  ["", ""],
  ...VALID_TEXTS.map(([, text, hex]) => [text, hex] as const),
];

/** RFC 6455, 1.3 and 5.7, and FIPS 180. */
const digests: readonly (readonly [string, string])[] = [
  ["", "da39a3ee5e6b4b0d3255bfef95601890afd80709"],
  ["abc", "a9993e364706816aba3e25717850c26c9cd0d89d"],
  ["dGhlIHNhbXBsZSBub25jZQ==258EAFA5-E914-47DA-95CA-C5AB0DC85B11", "b37a4f2cc0624f1690f64606cf385945b2bec4ea"],
];

function masks(platform: Platform): void {
  const bytes = bytesOf("48656c6c6f");
  platform.xorMask(bytes, 0, 5, bytesOf("37fa213d"), 0);
  assertEqual(hexOf(bytes), "7f9f4d5158", "masked Hello (RFC 6455, 5.7)");
  const whole = new Uint8Array(1_000).fill(0xff);
  platform.xorMask(whole, 3, 10, bytesOf("000001020304"), 2);
  assertEqual(hexOf(whole.subarray(0, 12)), "fffffffefdfcfbfefdfcffff", "a masked range");
  platform.xorMask(whole, 5, 5, bytesOf("01020304"), 0);
  // Word by word or byte by byte, from any place of the buffer and in any length, it comes to the same.
  for (let start = 4; start < 9; start++)
    for (const length of [0, 1, 3, 4, 5, 63, 64, 65, 131]) {
      const frame = Uint8Array.from({ length: 160 }, (_, at) => (at * 37) & 0xff);
      const expected = frame.map((byte, at) =>
        at < start || at >= start + length ? byte : byte ^ (frame[start - 4 + ((at - start) & 3)] ?? 0),
      );
      platform.xorMask(frame, start, start + length, frame, start - 4);
      assertEqual(hexOf(frame), hexOf(expected), `${length.toString()} bytes masked at ${start.toString()}`);
    }
}

function decodes(platform: Platform): void {
  for (const [text, hex] of validTexts) {
    const bytes = bytesOf(hex);
    assertEqual(platform.decodeUtf8(bytes, 0, bytes.length), text, hex);
    const padded = bytesOf(`ff${hex}ff`);
    assertEqual(platform.decodeUtf8(padded, 1, padded.length - 1), text, `range of ${hex}`);
  }
}

/** A copy of `bytes`, masked, behind a mask and a byte that is not to be touched. */
function masked(bytes: Uint8Array, mask: Uint8Array): Uint8Array {
  const chunk = new Uint8Array(bytes.length + 6).fill(0xff);
  chunk.set(mask, 1);
  chunk.set(
    bytes.map((byte, at) => byte ^ (mask[at & 3] ?? 0)),
    5,
  );
  return chunk;
}

function unmasks(platform: Platform): void {
  const mask = bytesOf("37fa213d");
  const long = Uint8Array.from({ length: 1_001 }, (_, at) => 32 + (at % 90));
  const texts = [...validTexts, [platform.decodeUtf8(long, 0, long.length), hexOf(long)] as const];
  for (const [text, hex] of texts) {
    const bytes = bytesOf(hex);
    const end = 5 + bytes.length;
    const chunk = masked(bytes, mask);
    const copy = platform.copyBytes(chunk, 5, end, true);
    assertEqual(hexOf(copy), hex, `copy of ${hex}`);
    assertEqual(platform.decodeUtf8(chunk, 5, end, true), text, `masked ${hex}`);
    assertEqual(hexOf(chunk), `ff37fa213d${hex}ff`, `the bytes of ${hex}`);
    copy.fill(0);
    assertEqual(hexOf(platform.copyBytes(chunk, 5, end)), hex, `unmasked copy of ${hex}`);
  }
  for (const [what, hex] of invalidTexts()) {
    const chunk = masked(bytesOf(hex), mask);
    assertThrowsTypeError(() => platform.decodeUtf8(chunk, 5, chunk.length - 1, true), what);
  }
}

/** What is not UTF-8 at every place of a text, and what is: the reader goes by words. */
function decodesAtEveryPlace(platform: Platform): void {
  const invalid = invalidTexts();
  for (let before = 0; before < 9; before++)
    for (let after = 0; after < 5; after++) {
      const [head, tail] = ["a".repeat(before), "b".repeat(after)];
      for (const [text, hex] of validTexts) {
        const bytes = bytesOf(`${"61".repeat(before)}${hex}${"62".repeat(after)}`);
        assertEqual(platform.decodeUtf8(bytes, 0, bytes.length), head + text + tail, hexOf(bytes));
      }
      for (const [, hex] of invalid) {
        const bytes = bytesOf(`${"61".repeat(before)}${hex}${"62".repeat(after)}`);
        assertThrowsTypeError(() => platform.decodeUtf8(bytes, 0, bytes.length), hexOf(bytes));
      }
    }
}

/** The payload of a frame, unmasked, and its mask, "" for none; its header has to be what RFC 6455, 5.2, says. */
function readFrame(frame: Uint8Array, first: number, isMasked: boolean): { payload: string; mask: string } {
  const maskSize = isMasked ? 4 : 0;
  const rest = frame.length - maskSize;
  const [size, code] = rest < 128 ? [2, rest - 2] : rest < 65_540 ? [4, 126] : [10, 127];
  const length = code < 126 ? "" : (rest - size).toString(16).padStart(2 * (size - 2), "0");
  const header = hexOf(Uint8Array.of(first, (isMasked ? 0x80 : 0) | code)) + length;
  assertEqual(hexOf(frame.subarray(0, size)), header, `the header of ${rest.toString()} bytes`);
  const mask = frame.slice(size, size + maskSize);
  const payload = Uint8Array.from(frame.subarray(size + maskSize), (byte, at) => byte ^ (mask[at & 3] ?? 0));
  return { payload: hexOf(payload), mask: hexOf(mask) };
}

function makesFrames(platform: Platform): void {
  for (const length of [0, 1, 2, 3, 4, 5, 125, 126, 127, 65_535, 65_536]) {
    const bytes = Uint8Array.from({ length }, (_, at) => (at * 37) & 0x7f);
    const around = new Uint8Array(length + 5);
    around.set(bytes, 3);
    const hex = hexOf(bytes);
    const what = `${length.toString()} bytes`;
    for (const source of [bytes, around.subarray(3, length + 3), platform.decodeUtf8(bytes, 0, length)])
      for (const isMasked of [false, true]) {
        for (const most of [undefined, length, 2_147_483_647]) {
          const frame = platform.makeFrame(0x82, isMasked, source, most) ?? new Uint8Array();
          assertEqual(readFrame(frame, 0x82, isMasked).payload, hex, what);
        }
        for (const most of [length - 1, -1])
          assertEqual(
            platform.makeFrame(1, isMasked, source, most),
            undefined,
            `${what}, of at most ${most.toString()}`,
          );
      }
    assertEqual(hexOf(bytes), hex, "what was given");
    assertEqual(hexOf(around), `000000${hex}0000`, "what was given, and what is around it");
  }
}

/** Texts that XS keeps as other bytes than those of their UTF-8, and all others. */
function makesFramesOfTexts(platform: Platform): void {
  const [high, low] = [String.fromCharCode(0xd83d), String.fromCharCode(0xde00)];
  const texts = [
    ...validTexts,
    ["a\0b\0", "61006200"],
    [`\0${high + low}\0`, "00f09f988000"],
    [high, "efbfbd"],
    [`a${high}b`, "61efbfbd62"],
    [low + high, "efbfbdefbfbd"],
    [high + high + low, "efbfbdf09f9880"],
    [high + low, "f09f9880"],
    [`\ud7ff${high}\ue000`, "ed9fbfefbfbdee8080"],
    // Beyond 125 bytes as they are kept on XS, or as UTF-8: what is sent decides.
    ["\0".repeat(100), "00".repeat(100)],
    ["\0".repeat(126), "00".repeat(126)],
    [(high + low).repeat(25), "f09f9880".repeat(25)],
  ] as const;
  for (const [text, hex] of texts)
    for (const isMasked of [false, true]) {
      const length = hex.length / 2;
      const frame = platform.makeFrame(0x01, isMasked, text, length) ?? new Uint8Array();
      assertEqual(readFrame(frame, 0x01, isMasked).payload, hex, hex);
      assertEqual(platform.makeFrame(0x01, isMasked, text, length - 1), undefined, `less than ${hex}`);
    }
}

function masksEachFrameAnew(platform: Platform): void {
  const masks = new Map<string, number>();
  for (let round = 0; round < 300; round++) {
    const frame = platform.makeFrame(0x82, true, new Uint8Array(round % 7)) ?? new Uint8Array();
    masks.set(readFrame(frame, 0x82, true).mask, round);
  }
  assert(masks.size > 290, `${masks.size.toString()} different masks of 300`);
}

function encodes(platform: Platform): void {
  for (const [text, hex] of validTexts) assertEqual(hexOf(platform.encodeUtf8(text)), hex, hex);
  const high = String.fromCharCode(0xd83d);
  const low = String.fromCharCode(0xde00);
  assertEqual(hexOf(platform.encodeUtf8(high + low)), "f09f9880", "a joined pair");
  assertEqual(
    hexOf(platform.encodeUtf8(`${low}${high}${high}${low}`)),
    "efbfbdefbfbdf09f9880",
    "a pair among lone ones",
  );
  assertEqual(hexOf(platform.encodeUtf8(`a${high}b`)), "61efbfbd62", "a lone high surrogate");
  assertEqual(hexOf(platform.encodeUtf8(`a${low}b`)), "61efbfbd62", "a lone low surrogate");
  // As many as a peer may send by JSON: the time has to grow with the length, not with its square.
  const lone = `a${high}\ud0b0`.repeat(10_000);
  const start = platform.now();
  const mended = platform.encodeUtf8(lone);
  assert(platform.now() - start < 10_000, `10,000 lone surrogates took ${(platform.now() - start).toString()} ms`);
  assertEqual(mended.length, 70_000, "bytes of 10,000 lone surrogates");
  assertEqual(hexOf(mended.subarray(69_986)), "61efbfbded82b061efbfbded82b0", "their end");
  const bytes = platform.encodeUtf8("own");
  bytes[0] = 0x4f;
  assertEqual(hexOf(platform.encodeUtf8("own")), "6f776e", "the text after its bytes were changed");
}

function refusesInvalidUtf8(platform: Platform): void {
  for (const [what, hex] of invalidTexts()) {
    assertThrowsTypeError(() => platform.decodeUtf8(bytesOf(hex), 0, bytesOf(hex).length), what);
    assertThrowsTypeError(() => {
      const decoder = platform.createUtf8Decoder();
      for (const byte of bytesOf(hex)) decoder.decode(Uint8Array.of(byte), false);
      decoder.decode(new Uint8Array(), true);
    }, `${what}, byte by byte`);
  }
  assertEqual(platform.decodeUtf8(bytesOf("61"), 0, bytesOf("61").length), "a", "a text after invalid ones");
}

/** Hosts look whether a long text is ASCII. */
function handlesLongTexts(platform: Platform): void {
  for (const length of [1_023, 1_024, 5_000])
    for (const end of ["z", "\u00e9", "\u20ac", "\ud83d\ude00"]) {
      const text = "a".repeat(length - 1) + end;
      const bytes = Uint8Array.from(platform.encodeUtf8(text));
      assertEqual(platform.decodeUtf8(bytes, 0, bytes.length), text, `${length.toString()} characters`);
      const frame = platform.makeFrame(0x81, false, text) ?? new Uint8Array();
      assertEqual(hexOf(frame.subarray(4)), hexOf(bytes), `${length.toString()} characters in a frame`);
      bytes[bytes.length - 2] = 0xff;
      assertThrowsTypeError(() => platform.decodeUtf8(bytes, 0, bytes.length), "a bad byte at the end");
    }
}

function decodesPieces(platform: Platform): void {
  for (const [text, hex] of validTexts) {
    const bytes = bytesOf(hex);
    for (let split = 0; split <= bytes.byteLength; split += 1) {
      const decoder = platform.createUtf8Decoder();
      const first = decoder.decode(bytes.subarray(0, split), false);
      assertEqual(first + decoder.decode(bytes.subarray(split), true), text, `${hex} at ${split.toString()}`);
    }
  }
}

function keepsDecodersApart(platform: Platform): void {
  const one = platform.createUtf8Decoder();
  const two = platform.createUtf8Decoder();
  one.decode(bytesOf("e2"), false);
  assertEqual(two.decode(bytesOf("41"), true), "A", "the other decoder");
  assertEqual(platform.decodeUtf8(bytesOf("42"), 0, bytesOf("42").length), "B", "a whole text");
  assertEqual(one.decode(bytesOf("82ac"), true), "\u20ac", "the first decoder");
}

function digestsSha1(platform: Platform): void {
  for (const [text, hex] of digests) assertEqual(hexOf(platform.sha1(platform.encodeUtf8(text))), hex, text);
}

function encodesBase64(platform: Platform): void {
  const accept = bytesOf("b37a4f2cc0624f1690f64606cf385945b2bec4ea");
  assertEqual(platform.base64(accept), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", "the accept key of RFC 6455, 1.3");
  assertEqual(platform.base64(new Uint8Array()), "", "nothing");
  assertEqual(platform.base64(bytesOf("00fbff00").subarray(1, 3)), "+/8=", "a view");
}

function decodesBase64(platform: Platform): void {
  for (const [text, hex] of [
    ["", ""],
    ["AA==", "00"],
    ["+/8=", "fbff"],
    [" AP\r\nv/\tAA==\n", "00fbff00"],
  ] as const) {
    assertEqual(hexOf(platform.fromBase64(text)), hex, text);
  }
  for (const text of ["A", "AA=A", "A*==", "-_8=", "AA==AA=="]) {
    let isRefused = false;
    try {
      platform.fromBase64(text);
    } catch {
      isRefused = true;
    }
    assert(isRefused, `taken for base64: ${text}`);
  }
}

function randomDiffers(platform: Platform): void {
  const whole = new Uint8Array(96);
  platform.randomFill(whole.subarray(0, 32));
  platform.randomFill(whole.subarray(32, 64));
  const [one, two, rest] = [whole.slice(0, 32), whole.slice(32, 64), whole.slice(64)];
  assert(hexOf(one) !== hexOf(two), "two fills are the same");
  assert(
    one.some((byte) => byte !== 0),
    "a fill of zeros",
  );
  assert(
    rest.every((byte) => byte === 0),
    "bytes behind the view were changed",
  );
  platform.randomFill(new Uint8Array());
}

async function clockAdvances(platform: Platform): Promise<void> {
  const start = platform.now();
  await letTimePass(50);
  const passed = platform.now() - start;
  assert(passed >= 45 && passed < 60_000, `50 ms took ${passed.toString()} ms`);
}

async function timersFireInTurn(platform: Platform): Promise<void> {
  const calls: string[] = [];
  const stopped = platform.setTimer(() => calls.push("stopped"), 10);
  platform.setTimer(() => calls.push("later"), 60);
  const fired = platform.setTimer(() => calls.push("soon"), 0);
  platform.setTimer((name: string) => calls.push(name), 0, "with an argument");
  const far = platform.setTimer(() => calls.push("far"), 3_000_000_000_000);
  platform.clearTimer(stopped);
  platform.clearTimer(stopped);
  assertEqual(calls.join(), "", "calls within setTimer");
  await letTimePass(120);
  platform.clearTimer(fired);
  platform.clearTimer(far);
  assertEqual(calls.join(), "soon,with an argument,later", "calls");
}

/** @returns the tests of `platform`, by name */
export function platformTests(platform: Platform): Tests {
  const run = (test: (platform: Platform) => void | Promise<void>) => () => test(platform);
  return {
    "xorMask() repeats the mask, in place": run(masks),
    "decodeUtf8() decodes": run(decodes),
    "decodeUtf8() decodes at every place of a text": run(decodesAtEveryPlace),
    "decodeUtf8() and copyBytes() unmask": run(unmasks),
    "makeFrame() makes frames of bytes and texts, up to a limit": run(makesFrames),
    "makeFrame() makes UTF-8 of any text": run(makesFramesOfTexts),
    "makeFrame() masks each frame anew": run(masksEachFrameAnew),
    "encodeUtf8() encodes, lone surrogates as U+FFFD": run(encodes),
    "invalid UTF-8 is a TypeError": run(refusesInvalidUtf8),
    "long texts, of ASCII and not": run(handlesLongTexts),
    "createUtf8Decoder() decodes pieces": run(decodesPieces),
    "decoders are independent": run(keepsDecodersApart),
    "sha1() digests": run(digestsSha1),
    "base64() encodes": run(encodesBase64),
    "fromBase64() decodes": run(decodesBase64),
    "randomFill() differs": run(randomDiffers),
    "now() advances": run(clockAdvances),
    "timers fire in turn and stop": run(timersFireInTurn),
  };
}
