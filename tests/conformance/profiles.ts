/** The options of the peers under test, by name. Runs on XS too. */

import type { WebSocketOptions } from "xs-websockets/server";

/** Milliseconds within which TCP ends after a Close frame, in every profile. */
export const CLOSE_TIMEOUT_MS = 1_000;
/** Milliseconds that the opening handshake may take, in every profile: byte by byte it takes over four seconds on XS. */
export const HANDSHAKE_TIMEOUT_MS = 10_000;
/** Largest head of an HTTP message in bytes, in every profile. */
export const MAX_HEAD_BYTES = 4_096;
/** The subprotocols of the profile `names`, and the foreign origin that its server allows. */
export const SUBPROTOCOLS: readonly string[] = Object.freeze(["chat.v2", "chat"]);
export const ALLOWED_ORIGIN = "https://friend.example";

const COMMON = { closeTimeoutMs: CLOSE_TIMEOUT_MS, keepAliveInterval: 0, maxHeadBytes: MAX_HEAD_BYTES };

/** `echo` has raised limits, `limits` low ones; `fragments` delivers and sends fragments; `names` speaks subprotocols. */
export const PROFILES = {
  echo: {
    ...COMMON,
    maxMessageBytes: 1_048_576,
    maxQueueBytes: 1_200_000,
    maxFragments: 20_000,
    maxFragmentSize: 0,
  },
  limits: { ...COMMON, maxMessageBytes: 1_000, maxReceiveFrameSize: 600, maxFragments: 4 },
  fragments: { ...COMMON, deliverFragments: true, maxFragmentSize: 10 },
  names: { ...COMMON, subprotocols: SUBPROTOCOLS },
} as const satisfies Readonly<Record<string, WebSocketOptions & { readonly subprotocols?: readonly string[] }>>;

export type Profile = keyof typeof PROFILES;

/** All profiles, in the order in which ports are named. */
export const PROFILE_NAMES: readonly Profile[] = Object.freeze(["echo", "limits", "fragments", "names"]);
