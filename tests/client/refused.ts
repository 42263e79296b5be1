/** A connection that a raw server refuses. */

import type { ClientWebSocketOptions, WebSocketError } from "../../modules/client.js";
import { ClientBench, expectNothingLeft } from "./clienttest.js";
import type { RawPeer } from "../support/rawpeer.js";
import type { RawServer } from "../support/rawserver.js";

export interface Refused {
  readonly error: WebSocketError;
  readonly bench: ClientBench;
  readonly peer: RawPeer;
  readonly durationMs: number;
}

/** What comes by itself comes within this time, also on a busy machine, and not at `connectTimeout`. */
export const SOON_MS = 30_000;

/** The body of a refusal is waited for a second: what is whole is told before. */
const AT_ONCE_MS = 800;
const ATTEMPTS = 5;

/** Connects, lets the server answer, and waits for the failure. */
export async function refused(
  server: RawServer,
  answer: (peer: RawPeer, request: string) => void,
  options: ClientWebSocketOptions = {},
): Promise<Refused> {
  // Far away: where a refusal comes by itself, it comes before.
  const bench = new ClientBench({ connectTimeout: 60_000, ...options });
  const startedAt = performance.now();
  const failure = bench.failure(server.url);
  const peer = await server.next();
  answer(peer, await peer.head());
  const error = await failure;
  const durationMs = performance.now() - startedAt;
  expectNothingLeft(bench);
  expect(bench.ends[0]).toEqual({ closeStatus: 1006, closeStatusDescription: "", wasClean: false, error });
  await peer.closed;
  return { error, bench, peer, durationMs };
}

/** The same, and it is told at once: on a busy machine, where one attempt may take long, in the quickest of some. */
export async function refusedAtOnce(
  server: RawServer,
  answer: (peer: RawPeer, request: string) => void,
): Promise<WebSocketError> {
  let made = await refused(server, answer);
  for (let attempt = 1; attempt < ATTEMPTS && made.durationMs >= AT_ONCE_MS; attempt++)
    made = await refused(server, answer);
  expect(made.durationMs).toBeLessThan(AT_ONCE_MS);
  return made.error;
}
