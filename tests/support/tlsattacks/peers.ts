/** The attackers, on Node.js: servers and clients that show what they should not, and somebody in between. */

import { connect as connectTcp, createServer, type Server, type Socket } from "node:net";
import {
  connect as connectTls,
  createServer as createTlsServer,
  type SecureContextOptions,
  type TlsOptions,
} from "node:tls";

import type { Made } from "./making.js";
import { letTimePass } from "../waiting.js";

function pem(label: string, der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString("base64")
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`;
}

/** What OpenSSL shows, however weak it is. */
export function shown(chain: readonly Made[], version: "TLSv1.2" | "TLSv1.3"): SecureContextOptions {
  return {
    cert: chain.map(({ der }) => pem("CERTIFICATE", der)).join(""),
    key: pem("PRIVATE KEY", chain[0]?.privateKey ?? new Uint8Array()),
    ciphers: "DEFAULT:@SECLEVEL=0",
    // As nginx unless told otherwise: the client's order also decides how RSA signs, see kClientSignatures.
    honorCipherOrder: false,
    maxVersion: version,
  };
}

/** A server that is there for one case. */
export interface Attacker {
  readonly port: number;
  close(): void;
}

function listenOn(server: Server): Promise<Attacker> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined).on("close", () => sockets.delete(socket));
  });
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      resolve({
        port: typeof address === "object" && address !== null ? address.port : 0,
        close() {
          server.close();
          for (const socket of sockets) socket.destroy();
        },
      });
    });
  });
}

/** A server that echoes. */
export function serveEcho(options: TlsOptions): Promise<Attacker> {
  const server = createTlsServer(options, (socket) => socket.on("error", () => undefined).pipe(socket));
  server.on("tlsClientError", () => undefined);
  return listenOn(server);
}

/** A server that answers a client's first bytes by these, and ends where `endsAfterMs` says so. */
export function serveBytes(bytes: Uint8Array, endsAfterMs: number | undefined): Promise<Attacker> {
  return listenOn(
    createServer((socket) => {
      socket.once("data", () => socket.write(bytes));
      if (endsAfterMs !== undefined) void letTimePass(endsAfterMs).then(() => socket.destroy());
    }),
  );
}

/** Changes what goes over; called with each chunk. */
export type Change = (bytes: Buffer) => Buffer;

/** Somebody in front of a server. @param changes makes, for one connection, what is done with either direction */
export function serveBetween(
  port: number,
  changes: () => { readonly toServer: Change; readonly toClient: Change },
): Promise<Attacker> {
  return listenOn(
    // Either side may go on where the other has ended.
    createServer({ allowHalfOpen: true }, (client) => {
      const { toServer, toClient } = changes();
      const server = connectTcp({ port, host: "127.0.0.1", allowHalfOpen: true });
      client.on("data", (data) => server.write(toServer(data))).on("end", () => server.end());
      server.on("data", (data) => client.write(toClient(data))).on("end", () => client.end());
      client.on("error", () => undefined).on("close", () => server.destroy());
      server.on("error", () => undefined).on("close", () => client.end());
    }),
  );
}

/** How a client has fared. */
export interface Fared {
  readonly outcome: "open" | "refused" | "nothing";
  readonly ms: number;
}

/** Shows a chain to a server and says something. "open": it is answered. */
export function sayAsClient(port: number, options: SecureContextOptions, limitMs: number): Promise<Fared> {
  const socket = connectTls({ port, host: "127.0.0.1", rejectUnauthorized: false, ...options }, () => {
    socket.write("?");
  });
  return fare(socket, limitMs);
}

/** Writes bytes to a server. */
export function writeAsClient(port: number, bytes: Uint8Array, limitMs: number): Promise<Fared> {
  const socket = connectTcp(port, "127.0.0.1", () => socket.write(bytes));
  return fare(socket, limitMs, true);
}

function fare(socket: Socket, limitMs: number, isRaw = false): Promise<Fared> {
  const began = performance.now();
  return new Promise((resolve) => {
    const tell = (outcome: Fared["outcome"]): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve({ outcome, ms: Math.round(performance.now() - began) });
    };
    const timer = setTimeout(() => tell("nothing"), limitMs);
    socket.on("error", () => tell("refused")).on("close", () => tell("refused"));
    socket.on("data", () => {
      // An alert or a ServerHello is no answer.
      if (!isRaw) tell("open");
    });
  });
}

/** Asks a server for another handshake within its connection. @returns what came of it */
export function renegotiate(port: number): Promise<string> {
  return new Promise((resolve) => {
    const options = { port, host: "127.0.0.1", rejectUnauthorized: false, maxVersion: "TLSv1.2" } as const;
    const socket = connectTls(options, () => {
      socket.renegotiate({ rejectUnauthorized: false }, (error) => {
        resolve(error === null ? "renegotiated" : "refused");
        socket.destroy();
      });
    });
    socket.on("error", () => resolve("refused")).on("close", () => resolve("closed"));
  });
}
