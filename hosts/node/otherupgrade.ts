/** Requests to a server of node:http that ask for an upgrade to something else than WebSocket, such as curl's for h2c. */

import { EventEmitter } from "node:events";
import { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";

/** Whether a request asks for an upgrade to WebSocket, perhaps among others (RFC 9110, 7.8). */
export function isForWebSocket({ headers }: IncomingMessage): boolean {
  return headers.upgrade?.split(",").some((protocol) => protocol.trim().toLowerCase() === "websocket") === true;
}

/**
 * Gives a request to those that answer the server's others. RFC 9110, 7.8: "A server MAY ignore a received Upgrade header
 * field", but node:http gives each that has one to the event "upgrade", and then reads neither its body nor a next request.
 *
 * @param head what came behind the head of the request
 */
export function answerWithoutUpgrade(request: IncomingMessage, socket: Socket, head: Uint8Array): void {
  const server: unknown = Reflect.get(socket, "server");
  const length = Number(request.headers["content-length"] ?? 0);
  const whole = length > 0 ? withBody(request, socket, head, length) : request;
  const response = new ServerResponse(whole);
  response.shouldKeepAlive = false;
  response.assignSocket(socket);
  response.on("finish", () => {
    response.detachSocket(socket);
    socket.end();
  });
  socket.on("error", () => socket.destroy());
  if (request.headers["transfer-encoding"] !== undefined || !Number.isSafeInteger(length)) {
    // RFC 9110, 15.5.12: 411 where a server refuses a body without a length.
    response.writeHead(411).end();
    return;
  }
  const isAnswered = server instanceof EventEmitter && server.emit("request", whole, response);
  if (!isAnswered) response.writeHead(426, { Upgrade: "websocket", Connection: "Upgrade, close" }).end();
}

/**
 * The request with its body. The parser of node:http has left the socket, and its request has ended already: what belongs
 * to the body is read here.
 */
function withBody(original: IncomingMessage, socket: Socket, head: Uint8Array, length: number): IncomingMessage {
  const { method, url, headers, rawHeaders, httpVersion, httpVersionMajor, httpVersionMinor } = original;
  const request = new IncomingMessage(socket);
  Object.assign(request, { method, url, headers, rawHeaders, httpVersion, httpVersionMajor, httpVersionMinor });
  let missing = length;
  const add = (bytes: Uint8Array): void => {
    const part = bytes.subarray(0, missing);
    missing -= part.length;
    if (part.length > 0 && !request.push(part)) socket.pause();
    if (missing > 0) return;
    request.complete = true;
    request.push(null);
  };
  request._read = () => {
    socket.resume();
  };
  socket.on("data", (bytes: Buffer) => {
    if (missing > 0) add(bytes);
  });
  socket.on("close", () => {
    if (missing > 0) request.destroy();
  });
  add(head);
  return request;
}
