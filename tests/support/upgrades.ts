/** The two heads of an opening handshake (RFC 6455, 4), as texts, written without the library. */

import { createHash } from "node:crypto";

type Fields = Readonly<Record<string, string | readonly string[] | undefined>>;

/** A head; a field that is undefined is left out, one of an array comes several times. */
export function headOf(firstLine: string, fields: Fields): string {
  const lines = Object.entries(fields).flatMap(([name, value]) => {
    const values = value === undefined ? [] : typeof value === "string" ? [value] : value;
    return values.map((one) => `${name}: ${one}\r\n`);
  });
  return `${firstLine}\r\n${lines.join("")}\r\n`;
}

/** An upgrade request, with some of its header fields changed. */
export function upgradeRequest(changes: Fields = {}, target = "/"): string {
  return headOf(`GET ${target} HTTP/1.1`, {
    Host: "127.0.0.1",
    Upgrade: "websocket",
    Connection: "Upgrade",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version": "13",
    ...changes,
  });
}

/** The Sec-WebSocket-Accept that answers a request (RFC 6455, 4.2.2). */
export function acceptOf(request: string): string {
  const key = /^Sec-WebSocket-Key: (.*)\r$/m.exec(request)?.[1] ?? "";
  return createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
}

/** The answer that opens a connection, with some of its fields changed. */
export function upgradeAnswer(request: string, changes: Fields = {}): string {
  return headOf("HTTP/1.1 101 Switching Protocols", {
    Upgrade: "websocket",
    Connection: "Upgrade",
    "Sec-WebSocket-Accept": acceptOf(request),
    ...changes,
  });
}
