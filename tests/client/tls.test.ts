/** wss on Node: who is trusted, who is not, and our own server. */

import { createServer, type TLSSocket, type TlsOptions } from "node:tls";
import { WebSocket as WsClient } from "ws";
import type { Issued } from "../../apps/tls-echo/certificates.js";
import {
  SslProtocols,
  SslVerification,
  TimeoutError,
  TlsError,
  type ClientWebSocketOptions,
} from "../../modules/client.js";
import { tlsIdentity } from "../../modules/pem.js";
import { WebSocketServer } from "../../modules/server.js";
import { testCertificates, type Certificates } from "../support/certificates.js";
import { ClientBench, expectHandles, expectNothingLeft, openHandles } from "./clienttest.js";
import { RawServer } from "../support/rawserver.js";
import { upgradeAnswer } from "../support/upgrades.js";

let certificates: Certificates;
let authority: string;

beforeAll(async () => {
  certificates = await testCertificates();
  // The authority's is the last of the chain.
  authority = certificates.right.certificatesPem;
});

/** A TLS server that accepts one upgrade after another. */
interface TlsPeer {
  readonly url: string;
  readonly port: number;
  /** What the sockets that were secured told. */
  readonly secured: { readonly servername: unknown; readonly client: unknown; readonly version: unknown }[];
  stop(): Promise<void>;
}

function startTls(issued: Issued, options: TlsOptions = {}): Promise<TlsPeer> {
  const secured: TlsPeer["secured"] = [];
  const sockets = new Set<TLSSocket>();
  const server = createServer({ cert: issued.certificatesPem, key: issued.privateKeyPem, ...options }, (socket) => {
    sockets.add(socket);
    const client: unknown = socket.authorized ? socket.getPeerCertificate().subject.CN : undefined;
    secured.push({ servername: socket.servername, client, version: socket.getProtocol() });
    socket.on("error", () => undefined);
    socket.once("data", (request: Buffer) => socket.write(upgradeAnswer(request.toString("latin1"))));
  });
  server.on("tlsClientError", () => undefined);
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      const stop = (): Promise<void> => {
        for (const socket of sockets) socket.destroy();
        return new Promise((stopped) => server.close(() => stopped()));
      };
      resolve({ url: `wss://localhost:${port}/`, port, secured, stop });
    });
  });
}

type Choose = (all: Certificates) => Issued;

/** Connects, and closes at once. @returns the error, undefined where there is none */
async function attempt(
  issued: Issued,
  options: ClientWebSocketOptions,
  serverOptions: TlsOptions = {},
  host = "localhost",
): Promise<{ readonly error: unknown; readonly peer: TlsPeer; readonly bench: ClientBench }> {
  const peer = await startTls(issued, serverOptions);
  const bench = new ClientBench({ certificate: authority, ...options });
  try {
    await bench.client.connect(`wss://${host}:${peer.port}/`);
    expect(bench.client.isSSL).toBe(true);
    bench.client.abort();
    return { error: undefined, peer, bench };
  } catch (error) {
    expectNothingLeft(bench);
    return { error, peer, bench };
  } finally {
    await peer.stop();
  }
}

describe("a certificate that is right", () => {
  test.each<[name: string, choose: Choose, host: string]>([
    ["for the host name", ({ right }) => right, "localhost"],
    ["for the IP address", ({ right }) => right, "127.0.0.1"],
    ["with an RSA key", ({ rsa }) => rsa, "localhost"],
    ["without its chain", ({ single }) => single, "localhost"],
  ])("%s", async (_name, choose, host) => {
    const before = openHandles();
    const { error } = await attempt(choose(certificates), {}, {}, host);
    expect(error).toBeUndefined();
    await expectHandles(before);
  });

  test("with its authority as DER", async () => {
    const der = certificates.authority;
    expect((await attempt(certificates.right, { certificate: der })).error).toBeUndefined();
  });

  test("behind an authority between", async () => {
    const options = { serverName: "a.test.example" };
    expect((await attempt(certificates.wildcard, options)).error).toBeUndefined();
  });

  test("of one of several authorities that are trusted", async () => {
    const certificate = certificates.untrusted.certificatesPem + authority;
    for (const issued of [certificates.right, certificates.untrusted])
      expect((await attempt(issued, { certificate })).error).toBeUndefined();
  });
});

describe("a certificate that is not right", () => {
  const CASES: readonly (readonly [name: string, choose: Choose, code: string])[] = [
    ["of an authority that is not trusted", ({ untrusted }) => untrusted, "ETLSUNTRUSTED"],
    ["that has expired", ({ expired }) => expired, "ETLSEXPIRED"],
    ["that is not valid yet", ({ notYetValid }) => notYetValid, "ETLSEXPIRED"],
    ["for another host", ({ wrongHost }) => wrongHost, "ETLSHOSTNAME"],
    ["signed by one who is no authority", ({ notByAnAuthority }) => notByAnAuthority, "ETLSUNTRUSTED"],
    ["for clients only", ({ clientOnly }) => clientOnly, "ETLSUNTRUSTED"],
  ];

  test.each(CASES)("%s is refused, and the server is sent no request", async (_name, choose, code) => {
    const before = openHandles();
    const { error, bench } = await attempt(choose(certificates), {});
    expect(error).toBeInstanceOf(TlsError);
    expect(error).toMatchObject({ name: "TlsError", code, cause: { message: expect.any(String) as string } });
    expect(bench.events).toEqual([`closed 1006 unclean ${code}`]);
    await expectHandles(before);
  });

  test.each(CASES)("%s is accepted with NoVerification", async (_name, choose) => {
    const log = jest.spyOn(console, "log").mockImplementation(() => undefined);
    const options = { certificate: undefined, sslVerification: SslVerification.NoVerification };
    const { error } = await attempt(choose(certificates), options);
    expect(error).toBeUndefined();
    expect(log).toHaveBeenCalledWith(expect.stringContaining("NoVerification"));
    log.mockRestore();
  });

  test("of an authority of ours is not trusted unless it is given", async () => {
    const { error } = await attempt(certificates.right, { certificate: undefined });
    expect(error).toMatchObject({ code: "ETLSUNTRUSTED" });
  });

  test("for another IP address is refused", async () => {
    const { error } = await attempt(certificates.wildcard, {}, {}, "127.0.0.1");
    expect(error).toMatchObject({ code: "ETLSHOSTNAME" });
  });

  test("an authority that is no certificate is an error, and not a crash", async () => {
    const { error } = await attempt(certificates.right, { certificate: new Uint8Array(10) });
    expect(error).toMatchObject({ code: "ETLSFAILED" });
  });
});

describe("the server's name", () => {
  test.each<[name: string, host: string, options: ClientWebSocketOptions, servername: unknown]>([
    ["is that of the URI", "localhost", {}, "localhost"],
    ["is that of serverName", "127.0.0.1", { serverName: "localhost" }, "localhost"],
    ["is not asked for where it is an IP address", "127.0.0.1", {}, false],
  ])("%s", async (_name, host, options, servername) => {
    const { error, peer } = await attempt(certificates.right, options, {}, host);
    expect(error).toBeUndefined();
    expect(peer.secured).toMatchObject([{ servername }]);
  });

  test("that is asked for is the one that is checked", async () => {
    const { error } = await attempt(certificates.right, { serverName: "other.example" });
    expect(error).toMatchObject({ code: "ETLSHOSTNAME" });
  });
});

describe("a server that asks for a certificate", () => {
  const asking = (): TlsOptions => ({ requestCert: true, ca: authority });

  test.each<[name: string, choose: Choose]>([
    ["RSA", ({ client }) => client],
    ["ECDSA", ({ ecdsaClient }) => ecdsaClient],
  ])("is shown ours: %s", async (_name, choose) => {
    const { certificatesPem, privateKeyPem } = choose(certificates);
    const options = { clientCertificate: certificatesPem, clientPrivateKey: privateKeyPem };
    const { error, peer } = await attempt(certificates.right, options, asking());
    expect(error).toBeUndefined();
    expect(peer.secured).toMatchObject([{ client: "a client" }]);
  });

  test.each<TlsOptions>([{ maxVersion: "TLSv1.2" }, { minVersion: "TLSv1.3" }])(
    "refuses a client that has none: %j",
    async (version) => {
      const { error, peer } = await attempt(certificates.right, {}, { ...asking(), ...version });
      expect(error).toMatchObject({ name: expect.stringMatching(/^(?:TlsError|NetworkError)$/) as string });
      expect(peer.secured).toEqual([]);
    },
  );
});

describe("the TLS version", () => {
  test.each<[SslProtocols, TlsOptions, version: string | undefined]>([
    [SslProtocols.Tls12, { maxVersion: "TLSv1.2" }, "TLSv1.2"],
    [SslProtocols.Tls12, {}, "TLSv1.3"],
    [SslProtocols.Tls12, { minVersion: "TLSv1.3" }, "TLSv1.3"],
    [SslProtocols.Tls13, {}, "TLSv1.3"],
    [SslProtocols.Tls13, { maxVersion: "TLSv1.2" }, undefined],
    [SslProtocols.Tls12, { minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: "DEFAULT@SECLEVEL=0" }, undefined],
  ])("at least %d, and a server with %j: %s", async (sslProtocol, serverOptions, version) => {
    const { error, peer } = await attempt(certificates.right, { sslProtocol }, serverOptions);
    if (version === undefined) expect(error).toMatchObject({ name: "TlsError", code: "ETLSVERSION" });
    else expect(peer.secured).toMatchObject([{ version }]);
  });
});

describe("a server that speaks no TLS", () => {
  test.each<[name: string, answer: string, code: RegExp]>([
    ["but HTTP", "HTTP/1.1 400 Bad Request\r\n\r\n", /^ETLSFAILED$|^ETLSVERSION$/],
    ["but garbage", "\u0000".repeat(100), /^ETLSFAILED$|^ETLSVERSION$/],
  ])("%s is a TlsError", async (_name, answer, code) => {
    const server = await RawServer.start();
    const bench = new ClientBench();
    const failure = bench.failure(`wss://127.0.0.1:${server.port}/`);
    (await server.next()).send(answer);
    const error = await failure;
    expect(error).toBeInstanceOf(TlsError);
    expect(error.code).toMatch(code);
    await server.stop();
  });

  test("and says nothing is a time-out", async () => {
    const server = await RawServer.start();
    const bench = new ClientBench({ connectTimeout: 100 });
    expect(await bench.failure(`wss://127.0.0.1:${server.port}/`)).toBeInstanceOf(TimeoutError);
    await server.stop();
  });
});

describe("WebSocketServer with an identity", () => {
  let server: WebSocketServer;

  beforeEach(async () => {
    const { certificatesPem, privateKeyPem } = certificates.right;
    server = new WebSocketServer({
      port: 0,
      address: "127.0.0.1",
      maxMessageBytes: 2 ** 20,
      maxQueueBytes: 2 ** 21,
      identity: tlsIdentity(certificatesPem, privateKeyPem),
      onMessageReceived: (_server, { frame, webSocket }) => webSocket.sendString(frame.text),
    });
    await server.start();
  });
  afterEach(() => server.stop());

  test("serves wss to our client", async () => {
    const bench = new ClientBench({ certificate: authority, maxMessageBytes: 2 ** 20, maxQueueBytes: 2 ** 21 });
    await bench.client.connect(`wss://localhost:${server.port}/`);
    for (const text of ["hello", "x".repeat(500_000)]) {
      expect(bench.client.sendString(text)).toBe(true);
      await bench.until(`text ${text}`);
    }
    bench.client.close();
    expect(await bench.closed()).toMatchObject({ closeStatus: 1_000, wasClean: true });
  });

  test("serves wss to ws", async () => {
    const client = new WsClient(`wss://localhost:${server.port}/`, { ca: authority });
    await new Promise((resolve, reject) => client.once("open", resolve).once("error", reject));
    client.send("hello");
    expect(await new Promise((resolve) => client.once("message", (data: Buffer) => resolve(data.toString())))).toBe(
      "hello",
    );
    const closed = new Promise((resolve) => client.once("close", resolve));
    client.close(3_000);
    expect(await closed).toBe(3_000);
  });

  test("does not serve a client without TLS, and stays", async () => {
    const bench = new ClientBench({ connectTimeout: 2_000 });
    await bench.failure(`ws://127.0.0.1:${server.port}/`);
    const other = new ClientBench({ certificate: authority });
    await other.client.connect(`wss://localhost:${server.port}/`);
    other.client.abort();
  });

  test("with a certificate that is none cannot start", async () => {
    const broken = new WebSocketServer({ port: 0, identity: tlsIdentity(new Uint8Array(5), new Uint8Array(5)) });
    await expect(broken.start()).rejects.toMatchObject({ name: "TlsError", code: "ETLSFAILED" });
    expect(broken.started).toBe(false);
  });
});
