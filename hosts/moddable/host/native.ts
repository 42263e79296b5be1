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

/** The text of `bytes` from `start` to `end`; undefined where not all of them are ASCII. */
export const decodeAscii = native("xs_websockets_decodeAscii") as (
  bytes: Uint8Array,
  start: number,
  end: number,
) => string | undefined;

/** Milliseconds on a clock that never goes back. */
export const monotonicTime = native("xs_websockets_monotonicTime") as () => number;

/** True where UTF-8 contains an encoded surrogate. `bytes` are what XS encodes, correct in all else. */
export const hasSurrogates = native("xs_websockets_hasSurrogates") as (bytes: Uint8Array) => boolean;

/** The code of the error that listening on `port` would meet; undefined for none, or where nobody can know. */
export const probePort = native("xs_websockets_probePort") as (port: number) => string | undefined;

/** True where the SDK's TCP class asks its socket at intervals (the Linux simulator). */
export const pollsSockets = native("xs_websockets_pollsSockets") as () => boolean;
