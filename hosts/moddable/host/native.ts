/** The functions of native.c and messagebytes.c. */

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
) => Uint8Array;

/** The text as UTF-8; a lone surrogate becomes U+FFFD. */
export const encodeText = native("xs_websockets_encodeUtf8") as (text: string) => Uint8Array;

/** A frame with the payload, masked or not; undefined where the payload has more than `most` bytes. */
export const frameOf = native("xs_websockets_makeFrame") as (
  first: number,
  isMasked: boolean,
  payload: Uint8Array | string,
  most?: number,
) => Uint8Array | undefined;

/** Milliseconds on a clock that never goes back. */
export const monotonicTime = native("xs_websockets_monotonicTime") as () => number;

/** The code of the error that listening on `port` would meet; undefined for none, or where nobody can know. */
export const probePort = native("xs_websockets_probePort") as (port: number) => string | undefined;

/** True where the SDK's TCP class asks its socket at intervals (the Linux simulator). */
export const pollsSockets = native("xs_websockets_pollsSockets") as () => boolean;
