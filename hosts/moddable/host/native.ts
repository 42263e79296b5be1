/** The functions of native.c. */

/** Fills `bytes` with cryptographically strong random values. Throws where the system has none. */
export const fillRandom = native("xs_websockets_fillRandom") as (bytes: Uint8Array) => void;

/** Milliseconds on a clock that never goes back. */
export const monotonicTime = native("xs_websockets_monotonicTime") as () => number;

/** True where UTF-8 contains an encoded surrogate. `bytes` are what XS encodes, correct in all else. */
export const hasSurrogates = native("xs_websockets_hasSurrogates") as (bytes: Uint8Array) => boolean;

/** The code of the error that listening on `port` would meet; undefined for none, or where nobody can know. */
export const probePort = native("xs_websockets_probePort") as (port: number) => string | undefined;

/** True where the SDK's TCP class asks its socket at intervals (the Linux simulator). */
export const pollsSockets = native("xs_websockets_pollsSockets") as () => boolean;
