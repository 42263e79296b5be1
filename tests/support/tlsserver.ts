/** The servers of the TLS tests, some of them hostile. Each has a port of its own; all of them are on Node. */

import { type AddressInfo, connect, createServer as createTcpServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, type TlsOptions, type TLSSocket } from "node:tls";

import type { TlsTestSettings } from "../contract/tls.js";
import { testCertificates, type Certificates } from "./certificates.js";
import type { Issued } from "../../apps/tls-echo/certificates.js";

/** The servers that run, and what a client is to know of them. */
export interface TlsServers {
  readonly settings: TlsTestSettings;
  /** Gives the settings as JSON to whoever connects. */
  readonly settingsPort: number;
  close(): Promise<void>;
}

function echo(socket: Socket): void {
  socket.on("error", () => undefined);
  socket.pipe(socket);
}

/** Node sends no close_notify where it is told to end within the callback that tells of the connection. */
function endLater(socket: TLSSocket, text: string): void {
  setImmediate(() => socket.end(text));
}

/** Writes one line about the client, and ends. */
function report(describe: (socket: TLSSocket) => string): (socket: TLSSocket) => void {
  return (socket) => {
    socket.on("error", () => undefined);
    endLater(socket, describe(socket));
  };
}

function secured(issued: Issued, options: TlsOptions = {}, accept: (socket: TLSSocket) => void = echo): Server {
  const server = createTlsServer({ cert: issued.certificatesPem, key: issued.privateKeyPem, ...options }, accept);
  server.on("tlsClientError", () => undefined);
  return server;
}

function plain(accept: (socket: Socket) => void): Server {
  return createTcpServer((socket) => {
    socket.on("error", () => undefined);
    accept(socket);
  });
}

/** Answers the first bytes of a client by `answer`. */
function answering(answer: Uint8Array | string): Server {
  return plain((socket) => socket.once("data", () => socket.write(answer)));
}

/** Numbers of one, two or three bytes, and bytes, behind one another. */
function bytesOf(...parts: readonly (readonly [value: number, count: number] | Uint8Array)[]): Buffer {
  return Buffer.concat(
    parts.map((part) => {
      if (part instanceof Uint8Array) return part;
      const number = Buffer.alloc(part[1]);
      number.writeUIntBE(part[0], 0, part[1]);
      return number;
    }),
  );
}

function record(type: number, body: Uint8Array): Buffer {
  return bytesOf([type, 1], [tls12, 2], [body.length, 2], body);
}

function message(type: number, body: Uint8Array): Buffer {
  return record(22, bytesOf([type, 1], [body.length, 3], body));
}

const tls11 = 0x0302;
const tls12 = 0x0303;
const ecdheEcdsaAes128Gcm = 0xc02b;
/** The base point of P-256, uncompressed. */
const point = Buffer.from(
  "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296" +
    "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5",
  "hex",
);

function serverHello(version: number): Buffer {
  return message(2, bytesOf([version, 2], Buffer.alloc(32, 7), [0, 1], [ecdheEcdsaAes128Gcm, 2], [0, 1]));
}

/** What somebody in between can say who has a server's certificate, but not its key. */
function unsignedHandshake({ certificates }: Issued, signature: Uint8Array): Buffer {
  const list = Buffer.concat(certificates.map((certificate) => bytesOf([certificate.length, 3], certificate)));
  const keyExchange = bytesOf([3, 1], [23, 2], [point.length, 1], point, signature);
  return Buffer.concat([
    serverHello(tls12),
    message(11, bytesOf([list.length, 3], list)),
    message(12, keyExchange),
    message(14, Buffer.alloc(0)),
  ]);
}

/** An ECDSA signature whose two numbers are 0, with its algorithms. */
const zeroSignature = Buffer.from("040300083006020100020100", "hex");

/** The certificate, and those of its issuers in the wrong order. */
function unordered(pem: string): string {
  const [own = "", ...issuers] = pem.split(/(?<=-----END CERTIFICATE-----\n)/);
  return [own, ...issuers.reverse()].join("");
}

/** In front of a server: makes records of 40 bytes of the handshake (RFC 5246, 6.2.1), until it is encrypted. */
function fragmenting(server: Server): Server {
  const front = plain((socket) => {
    const inner = connect((server.address() as AddressInfo).port, "127.0.0.1");
    let isEncrypted = false;
    inner.on("data", (bytes: Buffer) => {
      for (let at = 0; at < bytes.length;) {
        const end = at + 5 + bytes.readUInt16BE(at + 3);
        isEncrypted ||= bytes[at] !== 22;
        if (isEncrypted) socket.write(bytes.subarray(at, end));
        else
          for (let from = at + 5; from < end; from += 40)
            socket.write(record(22, bytes.subarray(from, Math.min(end, from + 40))));
        at = end;
      }
    });
    socket.pipe(inner).on("error", () => socket.destroy());
    inner.on("close", () => socket.destroy());
    socket.on("close", () => inner.destroy());
  });
  server.listen(0, "127.0.0.1");
  front.on("close", () => server.close());
  return front;
}

function createServers(certificates: Certificates): Readonly<Record<keyof TlsTestSettings["ports"], Server>> {
  const { right, untrusted, wildcard } = certificates;
  const clients: TlsOptions = { requestCert: true, maxVersion: "TLSv1.2", ca: right.certificatesPem };
  const nameOf = (socket: TLSSocket): string => String(socket.getPeerCertificate().subject.CN);
  const counting = secured(right, {}, (socket) => {
    socket.on("error", () => undefined);
    counting.getConnections((_error, count) => {
      endLater(socket, `${count.toString()}\n`);
    });
  });
  // It has not signed its own certificate, and shows one that is right behind it.
  const borrowed = { ...untrusted, certificatesPem: untrusted.certificatesPem + right.certificatesPem };
  return {
    right: secured(right),
    rsa: secured(certificates.rsa),
    rsaKeyExchange: secured(certificates.rsa, { ciphers: "AES128-SHA:AES256-SHA256", maxVersion: "TLSv1.2" }),
    single: secured(certificates.single),
    wildcard: secured(certificates.wildcard),
    expired: secured(certificates.expired),
    notYetValid: secured(certificates.notYetValid),
    wrongHost: secured(certificates.wrongHost),
    untrusted: secured(untrusted),
    borrowedChain: secured(borrowed),
    notByAnAuthority: secured(certificates.notByAnAuthority),
    clientOnly: secured(certificates.clientOnly),
    byClientAuthority: secured(certificates.byClientAuthority),
    wantsClient: secured(right, clients, report(nameOf)),
    tellsName: secured(
      right,
      {},
      report((socket) => `${String(socket.servername)}\n`),
    ),
    counting,
    p384: secured(certificates.p384, { ecdhCurve: "P-384" }),
    rsaPss: secured(certificates.rsaPss),
    x25519: secured(right, { ecdhCurve: "X25519" }),
    aes256: secured(right, { maxVersion: "TLSv1.2", ciphers: "ECDHE-ECDSA-AES256-GCM-SHA384" }),
    chacha20: secured(right, { maxVersion: "TLSv1.2", ciphers: "ECDHE-ECDSA-CHACHA20-POLY1305" }),
    unordered: secured({ ...wildcard, certificatesPem: unordered(wildcard.certificatesPem) }),
    fragmented: fragmenting(secured(right, { maxVersion: "TLSv1.2" })),
    tellsResumption: secured(
      right,
      {},
      report((socket) => `${socket.isSessionReused()}\n`),
    ),
    tellsResumption12: secured(
      right,
      { maxVersion: "TLSv1.2" },
      report((socket) => `${socket.isSessionReused()}\n`),
    ),
    tellsProtocol: secured(
      right,
      { ALPNProtocols: ["b", "a"] },
      report((socket) => `${String(socket.alpnProtocol)}\n`),
    ),
    truncating: secured(right, {}, (socket) => {
      socket.on("error", () => undefined);
      socket.write("half of it", () => socket.destroy());
    }),
    onlyTls13: secured(right, { minVersion: "TLSv1.3" }),
    onlyTls11: secured(right, { minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: "DEFAULT@SECLEVEL=0" }),
    plainText: answering("HTTP/1.1 400 Bad Request\r\n\r\n"),
    plainEcho: plain(echo),
    silent: plain(() => undefined),
    breaking: plain((socket) => socket.once("data", () => socket.destroy())),
    olderHello: answering(serverHello(tls11)),
    unsigned: answering(unsignedHandshake(right, Buffer.alloc(4))),
    signedByZeros: answering(unsignedHandshake(right, zeroSignature)),
    dataBeforeKeys: answering(record(23, Buffer.from("not secret"))),
  };
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : 0);
    });
  });
}

/** Starts all servers. */
export async function startTlsServers(): Promise<TlsServers> {
  const certificates = await testCertificates();
  const servers = createServers(certificates);
  const sockets = new Set<Socket>();
  const ports: Record<string, number> = {};
  for (const [name, server] of Object.entries(servers)) ports[name] = await listen(server);
  const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");
  const identity = ({ certificates: chain, privateKey }: Issued): TlsTestSettings["identities"]["client"] => ({
    certificates: chain.map(base64),
    privateKey: base64(privateKey),
  });
  const settings: TlsTestSettings = {
    ports: ports as TlsTestSettings["ports"],
    authority: base64(certificates.authority),
    identities: {
      server: identity(certificates.right),
      wildcard: identity(certificates.wildcard),
      client: identity(certificates.client),
      ecdsaClient: identity(certificates.ecdsaClient),
      strangeClient: identity(certificates.strangeClient),
      expiredClient: identity(certificates.expiredClient),
    },
  };
  const settingsServer = plain((socket) => socket.end(`${JSON.stringify(settings)}\n`));
  const settingsPort = await listen(settingsServer);
  const all = [...Object.values(servers), settingsServer];
  for (const server of all) {
    server.on("connection", (socket: Socket) => {
      sockets.add(socket);
      socket.on("close", () => sockets.delete(socket));
    });
  }
  const close = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    await Promise.all(all.map((server) => new Promise((resolve) => server.close(resolve))));
  };
  return { settings, settingsPort, close };
}
