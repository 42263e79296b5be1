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

/** Connects, lets the server answer, and waits for the failure. */
export async function refused(
  server: RawServer,
  answer: (peer: RawPeer, request: string) => void,
  options: ClientWebSocketOptions = {},
): Promise<Refused> {
  const bench = new ClientBench({ connectTimeout: 3_000, ...options });
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
