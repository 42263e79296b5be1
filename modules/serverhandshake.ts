/** How a WebSocketServer answers an upgrade request (RFC 6455, 4.2). */

import { clearTimer, setTimer } from "#platform";
import type { HttpListenerRequest } from "./httpexchange.js";
import { HandshakeError } from "./protocol/errors.js";
import { acceptForKey, checkUpgradeRequest, chooseSubprotocol } from "./protocol/handshake.js";
import type { HttpHeaders } from "./protocol/httpheaders.js";
import type { RequestPolicy } from "./requestpolicy.js";
import type { AcceptDecision, ServerSettings } from "./serveroptions.js";

/**
 * Checks a request against RFC 6455, 4.2.1, and its Host and the origin of a browser's page against the policy.
 *
 * @returns the Sec-WebSocket-Key
 * @throws HandshakeError with the status of the answer: 400, 403, 405, 421 or 426
 */
export function checkServerRequest(request: HttpListenerRequest, policy: RequestPolicy): string {
  if (request.httpVersion !== "1.1")
    throw new HandshakeError(400, "An upgrade is a request of HTTP/1.1: a proxy has to pass it on as one.");
  const key = checkUpgradeRequest(request.httpMethod, request.headers);
  policy.checkHost(request.headers);
  policy.checkOrigin(request.headers);
  return key;
}

/** The header fields of a 101 answer (RFC 6455, 4.2.2), and the subprotocol that they agree on. */
export function upgradeHeaders(
  request: HttpHeaders,
  key: string,
  settings: ServerSettings,
): { readonly subprotocol: string | undefined; readonly headers: readonly (readonly [string, string])[] } {
  const subprotocol = chooseSubprotocol(settings.subprotocols, request);
  const headers: [string, string][] = [
    ["Upgrade", "websocket"],
    ["Connection", "Upgrade"],
    ["Sec-WebSocket-Accept", acceptForKey(key)],
  ];
  if (subprotocol !== undefined) headers.push(["Sec-WebSocket-Protocol", subprotocol]);
  if (settings.serverName !== "") headers.push(["Server", settings.serverName]);
  return { subprotocol, headers };
}

/** Accept hooks that are not done yet. Each keeps the place of a client, but not for ever. */
export class PendingDecisions {
  private readonly cancels = new Set<() => void>();
  private readonly timeoutMs: number;

  /** @param timeoutMs how long a hook may take */
  constructor(timeoutMs: number) {
    this.timeoutMs = timeoutMs;
  }

  /** How many are waited for. */
  get count(): number {
    return this.cancels.size;
  }

  /** Waits for a decision, then calls one of the others: `failed` also for what `decided` throws. */
  wait(
    decision: Promise<AcceptDecision>,
    decided: (decision: AcceptDecision) => void,
    failed: (error: unknown) => void,
  ): void {
    const cancel = (): void => {
      if (end()) failed(new HandshakeError(503, "The server did not decide in time, or was stopped."));
    };
    const timer = setTimer(cancel, this.timeoutMs);
    const end = (): boolean => {
      clearTimer(timer);
      return this.cancels.delete(cancel);
    };
    this.cancels.add(cancel);
    Promise.resolve(decision)
      .then((value) => {
        if (end()) decided(value);
      })
      .catch((error: unknown) => {
        end();
        failed(error);
      });
  }

  /** Waits no more. */
  cancel(): void {
    for (const cancel of [...this.cancels]) cancel();
  }
}
