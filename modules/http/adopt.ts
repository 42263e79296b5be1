/** Requests whose head another HTTP server has read. */

import type { Socket } from "#network";
import { HandshakeError } from "../common/errors.js";
import { isSingleField, WritableHeaders } from "../common/headers.js";
import { isFieldValue, isToken } from "../common/text.js";
import { HttpExchange, type HttpListenerContext, type RequestHead } from "./exchange.js";

/** A request's head as another server gives it. */
export interface ForeignRequest {
  /** The request's method, such as "GET". */
  readonly method: string;
  /** The request target. */
  readonly target: string;
  /** Such as "1.0"; "1.1" where the server does not tell. */
  readonly httpVersion?: string;
  /** The header fields in the order in which they came. */
  readonly headers: Iterable<readonly [name: string, value: string]>;
}

/**
 * Makes a context of a request. It has to obey the rules that a request to an HttpListener has to, but for those about the
 * size of its head, which were for the other server to say.
 *
 * @param socket the request's connection; it belongs to the context from then on
 * @param unread the bytes that came behind the head
 * @param requestTimeoutMs for an answer to be found, and again for it to leave
 * @returns undefined where the request was refused and answered
 */
export function adoptRequest(
  socket: Socket,
  request: ForeignRequest,
  unread: Uint8Array,
  requestTimeoutMs: number,
): HttpListenerContext | undefined {
  let context: HttpListenerContext | undefined;
  const limits = { maxHeadBytes: 0, maxKeptHeadBytes: 0, keptHeaders: [], requestTimeoutMs };
  const exchange = new HttpExchange(socket, limits, {
    requestReceived: (received) => {
      context = received;
    },
    takeSpare: () => false,
    headRefused: () => undefined,
    ended: () => undefined,
  });
  socket.handlers = exchange;
  try {
    exchange.headReceived(headOf(request), unread);
  } catch (error) {
    exchange.headFailed(error);
  }
  return context;
}

/** @throws HandshakeError (400) for a field that an HttpListener would refuse, too */
function headOf({ method, target, httpVersion = "1.1", headers: fields }: ForeignRequest): RequestHead {
  const headers = new WritableHeaders();
  for (const [name, value] of fields) {
    if (!isToken(name) || !isFieldValue(value))
      throw new HandshakeError(400, "A header field is not that of HTTP/1.1.");
    if (isSingleField(name) && headers.get(name) !== undefined)
      throw new HandshakeError(400, `The header field ${name} came twice.`);
    headers.append(name, value);
  }
  return { method, target, version: `HTTP/${httpVersion}`, headers };
}
