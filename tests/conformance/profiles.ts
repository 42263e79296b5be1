/** The options of the peers under test, by name. Runs on XS too. */

import type { DeflateOption, WebSocketOptions } from "xs-websockets/server";

/** Milliseconds within which TCP ends after a Close frame, in every profile. */
export const CLOSE_TIMEOUT_MS = 1_000;
/** Milliseconds that the opening handshake may take in `limits`. */
export const HANDSHAKE_TIMEOUT_MS = 5_000;
/** The same in the others: byte by byte it takes over four seconds on XS, and longer where the machine is busy. */
const PATIENT_HANDSHAKE_TIMEOUT_MS = 60_000;
/** Largest head of an HTTP message in bytes, in every profile. */
export const MAX_HEAD_BYTES = 4_096;
/** The subprotocols of the profile `names`, and the foreign origin that its server allows. */
export const SUBPROTOCOLS: readonly string[] = Object.freeze(["chat.v2", "chat"]);
export const ALLOWED_ORIGIN = "https://friend.example";

const COMMON = { closeTimeoutMs: CLOSE_TIMEOUT_MS, keepAliveInterval: 0, maxHeadBytes: MAX_HEAD_BYTES };

/** Raised ones. */
const LIMITS = { maxMessageBytes: 1_048_576, maxQueueBytes: 1_200_000, maxFragments: 20_000, maxFragmentSize: 0 };

/**
 * `echo` has raised limits, `limits` low ones; `fragments` delivers and sends fragments; `names` speaks subprotocols. Where
 * the host compresses: `deflate` has raised limits and wants nothing of the parameters, `deflateParts` sends fragments,
 * `deflateStrict` has low limits and wants something of all parameters.
 */
export const PROFILES = {
  echo: { ...COMMON, ...LIMITS },
  limits: { ...COMMON, maxMessageBytes: 1_000, maxReceiveFrameSize: 600, maxFragments: 4 },
  fragments: { ...COMMON, deliverFragments: true, maxFragmentSize: 10 },
  names: { ...COMMON, subprotocols: SUBPROTOCOLS },
  deflate: { ...COMMON, ...LIMITS, permessageDeflate: { threshold: 0 } },
  deflateParts: { ...COMMON, ...LIMITS, maxFragmentSize: 256, permessageDeflate: { threshold: 0 } },
  deflateStrict: {
    ...COMMON,
    maxMessageBytes: 1_000,
    maxReceiveFrameSize: 600,
    maxFragments: 4,
    permessageDeflate: {
      threshold: 0,
      serverNoContextTakeover: true,
      serverMaxWindowBits: 10,
      clientMaxWindowBits: 9,
    },
  },
} as const satisfies Readonly<
  Record<string, WebSocketOptions & DeflateOption & { readonly subprotocols?: readonly string[] }>
>;

export type Profile = keyof typeof PROFILES;

/** Those that every host has, in the order in which ports are named. */
export const PROFILE_NAMES: readonly Profile[] = Object.freeze(["echo", "limits", "fragments", "names"]);
/** All, those of a host that compresses too. */
export const ALL_PROFILE_NAMES: readonly Profile[] = Object.freeze([
  ...PROFILE_NAMES,
  ...(["deflate", "deflateParts", "deflateStrict"] as const),
]);

/** @returns milliseconds that the opening handshake may take */
export function handshakeTimeoutOf(profile: Profile): number {
  return profile === "limits" ? HANDSHAKE_TIMEOUT_MS : PATIENT_HANDSHAKE_TIMEOUT_MS;
}

/** Where the peers of each profile are. */
export type Ports = Readonly<Partial<Record<Profile, number>>>;
