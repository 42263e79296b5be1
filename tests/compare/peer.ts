/** The other end: a server on Node.js that does what a program has to live with. */

import { createHash } from "node:crypto";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { testCertificates } from "../support/certificates.js";
import { asciiOf, frame, header, joined, wireFrames, type WireFrame } from "../support/vectors.js";
import type { Sending, Target } from "./scenario.js";

/** What a peer does after the upgrade, and what the program sends. */
export interface Case {
  readonly bytes: Uint8Array;
  readonly sending?: Sending;
  /** Sends a Sec-WebSocket-Accept that is not the right one. */
  readonly isFalseAccept?: boolean;
  /** Does not read what the program sends. */
  readonly isDeaf?: boolean;
  /** By TLS, with a certificate that anybody could have made, and behind it the genuine ones of an authority. */
  readonly isFalseChain?: boolean;
}

const after = frame(0x81, asciiOf("after"), false);
const none = new Uint8Array(0);
const ascii = (first: number, text: string): Uint8Array => frame(first, asciiOf(text), false);

/** The cases. "after" is a last, harmless text: whoever has not lost its place receives it. */
export const CASES = {
  fragments: { bytes: joined([ascii(0x01, "one "), ascii(0x00, "two "), ascii(0x80, "three"), after]) },
  utf8: { bytes: joined([frame(0x81, Uint8Array.of(0x66, 0xff, 0x66), false), after]) },
  long: { bytes: joined([ascii(0x81, "a".repeat(70_000)), after]) },
  announced: { bytes: joined([header(0x82, 2 ** 32, false), new Uint8Array(20_000)]) },
  sendLong: { bytes: none, sending: { count: 1, length: 70_000 } },
  sendFlood: { bytes: none, sending: { count: 10_000, length: 1_000 }, isDeaf: true },
  masks: { bytes: none, sending: { count: 5, length: 10 } },
  accept: { bytes: after, isFalseAccept: true },
  certificate: { bytes: after, isFalseChain: true },
} as const satisfies Readonly<Record<string, Case>>;

/** A server for one case. */
export interface Peer {
  readonly target: Target;
  /** What the program has sent, as frames. @throws Error where the last of them is not whole */
  readonly heard: () => WireFrame[];
  /** Whether the last frame has come whole. */
  readonly isWhole: () => boolean;
  stop(): Promise<void>;
}

function answer(request: string, isFalseAccept: boolean): string {
  const key = /^sec-websocket-key: *(\S+)/im.exec(request)?.[1] ?? "";
  const text = isFalseAccept ? "something else" : `${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
  const accept = createHash("sha1").update(text).digest("base64");
  const lines = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade"];
  return [...lines, `Sec-WebSocket-Accept: ${accept}`, "", ""].join("\r\n");
}

/** Answers the upgrade, and then does what the case says. */
function play(socket: Socket, { bytes, isFalseAccept, isDeaf }: Case, heard: Buffer[]): void {
  let request = "";
  socket.on("error", () => undefined);
  socket.on("data", (data: Buffer) => {
    if (request.endsWith("\r\n\r\n")) {
      heard.push(data);
      return;
    }
    request += data.toString("latin1");
    if (!request.endsWith("\r\n\r\n")) return;
    socket.write(answer(request, isFalseAccept === true));
    socket.write(bytes);
    if (isDeaf === true) socket.pause();
  });
}

/** The first certificate of a PEM. */
function firstOf(pem: string): string {
  const end = "-----END CERTIFICATE-----\n";
  return pem.slice(0, pem.indexOf(end) + end.length);
}

/** Starts the server of a case. */
export async function startPeer(played: Case): Promise<Peer> {
  const heard: Buffer[] = [];
  const sockets = new Set<Socket>();
  const certificates = await testCertificates();
  const { untrusted, wildcard } = certificates;
  const key = untrusted.privateKeyPem;
  const connected = (socket: Socket): void => {
    play(socket, played, heard);
  };
  // Its own certificate has the name that is asked for, and nobody's signature. What follows is public: an authority's.
  const [own, genuine] = [untrusted, wildcard].map(({ certificatesPem }) => certificatesPem);
  const cert = `${firstOf(own ?? "")}${(genuine ?? "").slice(firstOf(genuine ?? "").length)}`;
  const server = played.isFalseChain === true ? createTlsServer({ cert, key }, connected) : createServer(connected);
  // Of TLS also those whose handshake does not end.
  server.on("connection", (socket: Socket) => sockets.add(socket));
  server.on("tlsClientError", () => undefined);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const authority = Buffer.from(certificates.authority).toString("base64");
  return {
    target: played.isFalseChain === true ? { port, name: "localhost", authority } : { port },
    heard: () => wireFrames(joined(heard)),
    isWhole() {
      try {
        return wireFrames(joined(heard)).length >= 0;
      } catch {
        return false;
      }
    },
    stop() {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
