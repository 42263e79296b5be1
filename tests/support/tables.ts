/** Tables of RFC 3629 and RFC 6455 that the tests of hosts, of the frame layer and of conformance share. On XS too. */

/** Texts and their UTF-8: the first and last of each length, the neighbours of what is forbidden, and real words. */
export const VALID_TEXTS: readonly (readonly [name: string, text: string, hex: string])[] = [
  ["NUL", "\u0000", "00"],
  ["NUL among letters", "a\u0000b", "610062"],
  ["the last of one byte", "\u007f", "7f"],
  ["the first and last of two bytes", "\u0080\u07ff", "c280dfbf"],
  ["the first and last of three bytes", "\u0800\uffff", "e0a080efbfbf"],
  ["the first and last of four bytes", "\u{10000}\u{10ffff}", "f0908080f48fbfbf"],
  ["the neighbours of the surrogates", "\ud7ff\ue000", "ed9fbfee8080"],
  ["non-characters", "\ufffe\ufdd0\u{1ffff}", "efbfbeefb790f09fbfbf"],
  ["the replacement character", "\ufffd", "efbfbd"],
  ["a byte order mark", "\ufeffa", "efbbbf61"],
  ["a Greek word", "\u03ba\u1f79\u03c3\u03bc\u03b5", "cebae1bdb9cf83cebcceb5"],
  ["an emoji among letters", "a\u{1f600}z", "61f09f98807a"],
  ["the last plane", "\u{f0000}\u{10fffd}", "f3b08080f48fbfbd"],
];

/** What is not UTF-8 (RFC 3629, 3 and 4): up to the byte that shows it, and what may be behind that in such a form. */
export const INVALID_TEXTS: readonly (readonly [name: string, shown: string, ...rests: string[]])[] = [
  ["a continuation byte alone", "80"],
  ["the last continuation byte alone", "bf"],
  ["a continuation byte behind a letter", "61bf"],
  ["a continuation byte too many behind two", "c2a080"],
  ["a continuation byte too many behind three", "e282ac80"],
  ["a continuation byte too many behind four", "f09f988080"],
  ["c0, overlong", "c0", "80", "af"],
  ["c1, overlong", "c1", "bf"],
  ["e0 80, overlong", "e080", "af", "80"],
  ["e0 9f, overlong", "e09f", "bf"],
  ["f0 80, overlong", "f080", "80af", "8080"],
  ["f0 8f, overlong", "f08f", "bfbf"],
  ["the first surrogate", "eda0", "80", "80edb080"],
  ["the last surrogate", "edbf", "bf"],
  ["the first beyond U+10FFFF", "f490", "8080"],
  ["f4 bf", "f4bf", "bfbf"],
  ["f5", "f5", "808080"],
  ["f7", "f7", "bfbfbf"],
  ["f8, five bytes", "f8", "88808080"],
  ["fc, six bytes", "fc", "8480808080"],
  ["fe", "fe"],
  ["ff", "ff"],
  ["two bytes cut short by a letter", "c361"],
  ["two bytes cut short by another first byte", "c3c3", "a4"],
  ["three bytes cut short after one", "e261"],
  ["three bytes cut short after two", "e28261"],
  ["four bytes cut short after one", "f061"],
  ["four bytes cut short after two", "f09f61"],
  ["four bytes cut short after three", "f09f9861"],
  ["three bytes with a first byte for their last", "e282e2", "82ac"],
];

/** Characters that the end of a text cuts short. */
export const UNFINISHED_TEXTS: readonly string[] = [
  ...["c3", "e2", "e282", "f0", "f09f", "f09f98"],
  ...["ed9f", "f48f", "61f09f98"],
];

/** All that is not UTF-8, whole, with a name. */
export function invalidTexts(): (readonly [name: string, hex: string])[] {
  const whole = INVALID_TEXTS.flatMap(([name, shown, ...rests]) =>
    (rests.length === 0 ? [""] : rests).map((rest) => [rest === "" ? name : `${name}: ${rest}`, shown + rest] as const),
  );
  return [...whole, ...UNFINISHED_TEXTS.map((hex) => [`${hex}, cut short by the end`, hex] as const)];
}

/** The statuses that a Close frame may have (RFC 6455, 7.4, and IANA's registry), and some that it may not. */
export const CLOSE_STATUSES: readonly number[] = [
  ...[1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014],
  ...[3000, 3001, 3999, 4000, 4999],
];
export const FORBIDDEN_CLOSE_STATUSES: readonly number[] = [
  ...[0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 1999, 2000, 2999, 5000, 32_768, 65_535],
];

/** Reasons of a Close frame that are not UTF-8. */
export const INVALID_REASONS: readonly string[] = ["c080", "ff", "6feda0806b", "f4908080", "c3", "e28261"];

/** The opcodes that RFC 6455, 5.2 reserves. */
export const RESERVED_OPCODES: readonly number[] = [3, 4, 5, 6, 7, 11, 12, 13, 14, 15];
