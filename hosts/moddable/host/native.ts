/** The functions of native.c. */

/** Fills `bytes` with cryptographically strong random values. Throws where the system has none. */
export const fillRandom = native("xs_websockets_fillRandom") as (bytes: Uint8Array) => void;

/** XORs `bytes` from `start` to `end` with the four bytes of `mask` at `maskStart`. Throws RangeError out of bounds. */
export const xorRange = native("xs_websockets_xorMask") as (
  bytes: Uint8Array,
  start: number,
  end: number,
  mask: Uint8Array,
  maskStart: number,
) => void;

/**
 * The text that `bytes` from `start` to `end` are. Masked ones are unmasked before, in place. Throws TypeError where they are
 * not UTF-8, RangeError out of bounds.
 */
export const decodeText = native("xs_websockets_decodeUtf8") as (
  bytes: Uint8Array,
  start: number,
  end: number,
  isMasked?: boolean,
) => string;

/** A copy of `bytes` from `start` to `end`, unmasked where they are masked. Throws RangeError out of bounds. */
export const copyRange = native("xs_websockets_copyBytes") as (
  bytes: Uint8Array,
  start: number,
  end: number,
  isMasked?: boolean,
) => ArrayBuffer;

/** Room for a header and a payload behind it; undefined for a text that has U+0000 or a surrogate. */
export const placeBehindRoom = native("xs_websockets_withRoom") as (
  payload: Uint8Array | string,
  room: number,
  room16: number,
  room64: number,
) => ArrayBuffer | undefined;

/** Masks `frame` from `start` on, with a fresh mask in the four bytes before. Throws RangeError out of bounds. */
export const maskBehind = native("xs_websockets_maskFrame") as (frame: Uint8Array, start: number) => void;

/** Milliseconds on a clock that never goes back. */
export const monotonicTime = native("xs_websockets_monotonicTime") as () => number;

/** True where UTF-8 contains an encoded surrogate. `bytes` are what XS encodes, correct in all else. */
export const hasSurrogates = native("xs_websockets_hasSurrogates") as (bytes: Uint8Array) => boolean;

/** The code of the error that listening on `port` would meet; undefined for none, or where nobody can know. */
export const probePort = native("xs_websockets_probePort") as (port: number) => string | undefined;

/** True where the SDK's TCP class asks its socket at intervals (the Linux simulator). */
export const pollsSockets = native("xs_websockets_pollsSockets") as () => boolean;
