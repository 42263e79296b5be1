/** The clients under test: each connects to the runner, is its peer, and connects again. Runs on XS too. */

import { ClientWebSocket, HandshakeError, NetworkError, type WebSocketError } from "xs-websockets/client";
import { answer } from "./echo.js";
import { ALL_PROFILE_NAMES, handshakeTimeoutOf, PROFILES, type Ports, type Profile } from "./profiles.js";
import { letTimePass } from "../support/waiting.js";

/** Clients of each profile that run at the same time. */
export const CLIENTS: Readonly<Record<Profile, number>> = Object.freeze({
  echo: 8,
  limits: 2,
  fragments: 1,
  names: 1,
  deflate: 8,
  deflateParts: 4,
  deflateStrict: 2,
});

/** The answer with which the runner tells a client that there are no more cases. */
export const NO_MORE_CASES = 410;

/** Runs clients until the runner has no more cases for any of them. `ports` are the runner's, as `host` is. */
export async function runEchoClients(ports: Ports, host = "127.0.0.1"): Promise<void> {
  const clients = ALL_PROFILE_NAMES.filter((profile) => ports[profile] !== undefined).flatMap((profile) =>
    Array.from({ length: CLIENTS[profile] }, (_, index) => runClient(profile, index, `${host}:${ports[profile]}`)),
  );
  await Promise.all(clients);
}

/** The outcome of a connection travels as a header of the next one's request. */
async function runClient(profile: Profile, index: number, authority: string): Promise<void> {
  const client = new ClientWebSocket({ ...PROFILES[profile], connectTimeout: handshakeTimeoutOf(profile) });
  client.onMessageReceived = (_sender, e) => {
    answer(e);
  };
  let outcome = "none";
  let refusals = 0;
  for (;;) {
    const closed = new Promise<string>((resolve) => {
      client.onConnectionClosed = (_sender, e) => {
        const clean = e.wasClean ? "clean" : "unclean";
        resolve(`${e.closeStatus} ${clean} ${nameOf(e.error)}`);
      };
    });
    try {
      await client.connect(`ws://${authority}/${profile}/${index}?q=1`, { "X-Outcome": outcome });
    } catch (error) {
      if (error instanceof HandshakeError && error.statusCode === NO_MORE_CASES) return;
      // The runner is gone.
      if ((error as WebSocketError).code === "ECONNREFUSED" && ++refusals === 3) return;
    }
    outcome = await closed;
    await letTimePass(1);
  }
}

/** The code of an error; that of a network's is the same on all hosts, and that of a refusal goes with the status. */
function nameOf(error: WebSocketError | undefined): string {
  if (error instanceof NetworkError) return "ERR_NETWORK";
  if (error instanceof HandshakeError) return `${error.code} ${error.statusCode}`;
  return error?.code ?? "none";
}
