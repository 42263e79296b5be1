/**
 * What every host's `#tls` promises, as named tests. The same ones run on Node under Jest and in the Moddable
 * simulator, against the servers of tests/support/tlsserver.ts.
 */

import type {
  ConnectTlsOptions,
  Network,
  NetworkErrorCode,
  Platform,
  Socket,
  TlsIdentity,
  TlsNetwork,
} from "../../hosts/contract.js";
import { assert, assertEqual, codeOf, messageOf, type Tests } from "../support/assertions.js";
import { type Accepted, Recorder } from "../support/recorder.js";
import { certificateTests } from "./tlscertificates.js";
import { listeningTests, securedPair } from "./tlslistening.js";
import { unreadTests } from "./unread.js";
import { eventually, letTimePass } from "../support/waiting.js";

/** The servers' names. */
export type TlsServerName =
  | "right"
  | "rsa"
  | "rsaKeyExchange"
  | "single"
  | "wildcard"
  | "expired"
  | "notYetValid"
  | "wrongHost"
  | "untrusted"
  | "borrowedChain"
  | "notByAnAuthority"
  | "clientOnly"
  | "byClientAuthority"
  | "wantsClient"
  | "tellsName"
  | "counting"
  | "p384"
  | "rsaPss"
  | "x25519"
  | "aes256"
  | "chacha20"
  | "unordered"
  | "fragmented"
  | "tellsResumption"
  | "tellsResumption12"
  | "tellsProtocol"
  | "truncating"
  | "onlyTls13"
  | "onlyTls11"
  | "plainText"
  | "plainEcho"
  | "silent"
  | "breaking"
  | "olderHello"
  | "unsigned"
  | "signedByZeros"
  | "dataBeforeKeys";

interface IdentityText {
  readonly certificates: readonly string[];
  readonly privateKey: string;
}

/** What a client is to know of the servers; all DER in base64. */
export interface TlsTestSettings {
  readonly ports: Readonly<Record<TlsServerName, number>>;
  readonly authority: string;
  readonly identities: Readonly<
    Record<"server" | "wildcard" | "client" | "ecdsaClient" | "strangeClient" | "expiredClient", IdentityText>
  >;
}

/** The parts of a host that the tests use, and what it cannot do. */
export interface TlsHost {
  readonly tls: TlsNetwork;
  readonly network: Pick<Network, "connect" | "listen">;
  readonly platform: Pick<Platform, "clearTimer" | "fromBase64" | "setTimer">;
  readonly settings: TlsTestSettings;
  readonly limits: readonly TlsLimit[];
}

/** What a host cannot do: RSA as key exchange (mbedTLS 4); tell an end without close_notify, resume (Node). */
export type TlsLimit = "noRsaKeyExchange" | "noTruncation" | "noResumption";

/** Longer than a busy machine takes. */
const testTimeoutMs = 100_000;

/** Runs the tests of one host. */
export class TlsBench {
  readonly host: TlsHost;
  readonly #connections: Accepted[] = [];
  readonly #others: Socket[] = [];

  constructor(host: TlsHost) {
    this.host = host;
  }

  connect(server: TlsServerName, changes: Partial<ConnectTlsOptions> = {}): Accepted {
    const { settings, tls } = this.host;
    const recorder = new Recorder();
    const options: ConnectTlsOptions = {
      host: "127.0.0.1",
      port: settings.ports[server],
      serverName: "localhost",
      isVerified: true,
      authorities: this.authorities,
      minVersion: "TLSv1.2",
      ...changes,
    };
    const connection = { socket: tls.connectTls(options, recorder), recorder };
    this.#connections.push(connection);
    return connection;
  }

  get authorities(): readonly Uint8Array[] {
    return [this.host.platform.fromBase64(this.host.settings.authority)];
  }

  /** Destroys a socket after the test. */
  keep(socket: Socket): Socket {
    this.#others.push(socket);
    return socket;
  }

  identity(name: keyof TlsTestSettings["identities"]): TlsIdentity {
    const { certificates, privateKey } = this.host.settings.identities[name];
    const { fromBase64 } = this.host.platform;
    return { certificates: certificates.map((text) => fromBase64(text)), privateKey: fromBase64(privateKey) };
  }

  /** Runs a test within a bounded time, and leaves no socket behind. */
  async run(test: (bench: TlsBench) => Promise<void>): Promise<void> {
    const { platform } = this.host;
    let stop: () => void = () => undefined;
    const deadline = new Promise<never>((_resolve, reject) => {
      const timer = platform.setTimer(() => {
        const events = this.#connections.map(({ recorder }) => recorder.events.join()).join(" ");
        reject(new Error(`no end within ${testTimeoutMs.toString()} ms; events: ${events}`));
      }, testTimeoutMs);
      stop = () => {
        platform.clearTimer(timer);
      };
    });
    try {
      await Promise.race([test(this), deadline]);
    } finally {
      stop();
      for (const socket of [...this.#connections.map((connection) => connection.socket), ...this.#others])
        socket.destroy();
    }
  }
}

/** 0, 1, … 255, and so on with a step at each turn. */
function pattern(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, at) => (at + (at >> 8)) & 0xff);
}

function textOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
}

/** Collects all that a server writes until it ends. */
async function textUntilEnd({ recorder }: Accepted): Promise<string> {
  let text = "";
  recorder.onReceived = (bytes) => (text += textOf(bytes));
  assertEqual(await recorder.whenClosed, undefined, "error of closed");
  return text;
}

/** What is sent comes back. */
export async function echoes(connection: Accepted, length: number): Promise<void> {
  const { recorder, socket } = connection;
  const closed = recorder.whenClosed.then((error) => {
    throw new Error(`closed: ${String(codeOf(error))} ${messageOf(error)}`);
  });
  await Promise.race([recorder.whenOpened, closed]);
  socket.write(pattern(length));
  const echo = await Promise.race([recorder.take(length), closed]);
  const expected = pattern(length);
  assert(
    echo.every((byte, at) => byte === expected[at]),
    "other bytes than were written",
  );
}

/** The connection fails: one close with an error, and no open. */
export async function fails({ recorder }: Accepted, ...codes: readonly NetworkErrorCode[]): Promise<void> {
  const error = await Promise.race([recorder.whenClosed, recorder.whenOpened.then(() => "open")]);
  const code = error === "open" ? "open" : codeOf(error);
  assert(codes.includes(code as NetworkErrorCode), `${String(code)} (${messageOf(error)}), expected ${codes.join()}`);
  assertEqual(recorder.events.join(), "closed", "events");
}

export type BenchTest = (bench: TlsBench) => Promise<void>;

/** What is sent to a server comes back. */
export function accepts(server: TlsServerName, changes: Partial<ConnectTlsOptions> = {}): BenchTest {
  return (bench) => echoes(bench.connect(server, changes), 300);
}

/** A server is not connected to. */
export function refuses(
  server: TlsServerName,
  code: NetworkErrorCode | readonly NetworkErrorCode[],
  changes: Partial<ConnectTlsOptions> = {},
): BenchTest {
  return (bench) => fails(bench.connect(server, changes), ...[code].flat());
}

async function echoesMuch(bench: TlsBench): Promise<void> {
  const connection = bench.connect("right");
  assertEqual(connection.recorder.events.join(), "", "events within connectTls");
  await echoes(connection, 20_000);
  assertEqual(connection.socket.remoteAddress, "127.0.0.1", "remoteAddress");
  connection.socket.end();
  assertEqual(await connection.recorder.whenClosed, undefined, "error of closed");
}

async function deliversWhatIsWrittenBeforeOpen(bench: TlsBench): Promise<void> {
  const { recorder, socket } = bench.connect("right");
  assertEqual(socket.write(pattern(100)), "full", "result of write before open");
  await recorder.take(100);
  await recorder.whenDrained;
  assertEqual(socket.bufferedAmount, 0, "bufferedAmount after drain");
}

async function pauseHoldsDataBack(bench: TlsBench): Promise<void> {
  const { recorder, socket } = bench.connect("right");
  await recorder.whenOpened;
  socket.pause();
  for (let count = 0; count < 5; count += 1) socket.write(pattern(1_000));
  await letTimePass(200);
  assertEqual(recorder.receivedBytes, 0, "bytes while paused");
  socket.resume();
  assertEqual((await recorder.take(5_000)).byteLength, 5_000, "bytes after resume");
}

async function theEndWhilePausedFollowsTheData(bench: TlsBench): Promise<void> {
  const { recorder, socket } = bench.connect("tellsName");
  socket.pause();
  await recorder.whenOpened;
  await letTimePass(200);
  assertEqual(recorder.events.join(), "opened", "events while paused");
  const text = textUntilEnd({ recorder, socket });
  socket.resume();
  assertEqual(await text, "localhost\n", "text");
}

async function asksForTheName(bench: TlsBench): Promise<void> {
  assertEqual(await textUntilEnd(bench.connect("tellsName")), "localhost\n", "SNI");
  for (const serverName of ["", "127.0.0.1"]) {
    assertEqual(await textUntilEnd(bench.connect("tellsName", { serverName })), "false\n", "SNI of an address");
  }
}

async function agreesOnAProtocol(bench: TlsBench): Promise<void> {
  assertEqual(await textUntilEnd(bench.connect("tellsProtocol")), "false\n", "protocol where none is offered");
  const connection = bench.connect("tellsProtocol", { applicationProtocols: ["a", "c"] });
  assertEqual(await textUntilEnd(connection), "a\n", "protocol");
}

async function resumesSessions(bench: TlsBench): Promise<void> {
  const own = bench.authorities;
  const unverified = { isVerified: false, authorities: [] };
  const turns: readonly (readonly [changes: Partial<ConnectTlsOptions>, isResumed: boolean])[] = [
    [unverified, false],
    [unverified, false],
    [{}, false],
    [{}, true],
    [{}, true],
    [unverified, false],
    [{ authorities: [...own, ...own] }, false],
    [{ serverName: "" }, false],
    [{ identity: bench.identity("client") }, false],
    [{}, true],
  ];
  for (const server of ["tellsResumption", "tellsResumption12"] as const) {
    for (const [changes, isResumed] of turns) {
      const text = await textUntilEnd(bench.connect(server, changes));
      const isPossible = !bench.host.limits.includes("noResumption");
      assertEqual(text, `${String(isResumed && isPossible)}\n`, "whether it is resumed");
    }
  }
  // Whoever does not trust the server is not let in by what another connection has found.
  await fails(bench.connect("tellsResumption", { authorities: [] }), "ETLSUNTRUSTED");
}

async function showsItsCertificate(bench: TlsBench): Promise<void> {
  const connection = bench.connect("wantsClient", { identity: bench.identity("client") });
  assertEqual(await textUntilEnd(connection), "a client", "name in the client's certificate");
}

async function showsAnEcdsaCertificate(bench: TlsBench): Promise<void> {
  const connection = bench.connect("wantsClient", { identity: bench.identity("ecdsaClient") });
  assertEqual(await textUntilEnd(connection), "a client", "name in the client's certificate");
}

async function failsWithoutItsCertificate(bench: TlsBench): Promise<void> {
  // A server may end the connection without a reason, or after it was opened.
  const error = await bench.connect("wantsClient").recorder.whenClosed;
  assert(
    ["ETLSFAILED", "ETLSVERSION", "ECONNRESET"].includes(String(codeOf(error))),
    `error: ${String(codeOf(error))}`,
  );
}

async function destroyIsSilent(bench: TlsBench): Promise<void> {
  for (const server of ["silent", "right"] as const) {
    for (const delayMs of [0, 15, 40, 70]) {
      const { recorder, socket } = bench.connect(server);
      if (delayMs > 0) await letTimePass(delayMs);
      const before = recorder.events.join();
      socket.destroy();
      socket.destroy();
      await letTimePass(80);
      assertEqual(recorder.events.join(), before, "events after destroy");
    }
  }
}

async function leavesNothing(bench: TlsBench): Promise<void> {
  for (let count = 0; count < 20; count += 1) {
    const { recorder, socket } = bench.connect("counting");
    await recorder.whenOpened;
    if (count % 2 === 0) socket.destroy();
    else {
      socket.end();
      await recorder.whenClosed;
    }
  }
  const count = async (): Promise<string> => textUntilEnd(bench.connect("counting"));
  await eventually(async () => (await count()) === "1\n", "the last connection is the only one of the counting server");
}

async function refusesWhatIsNoCertificate(bench: TlsBench): Promise<void> {
  const notDer = Uint8Array.of(0x30, 0x82, 0xff, 0xff, 1, 2, 3);
  const authority = bench.connect("right", { authorities: [notDer] });
  assertEqual(authority.recorder.events.join(), "", "events within connectTls");
  await fails(authority, "ETLSFAILED");
  await fails(bench.connect("right", { identity: { certificates: [notDer], privateKey: notDer } }), "ETLSFAILED");
}

async function tellsTruncation(bench: TlsBench): Promise<void> {
  const { recorder } = bench.connect("truncating");
  let text = "";
  recorder.onReceived = (bytes) => (text += textOf(bytes));
  const code = codeOf(await recorder.whenClosed);
  assertEqual(text, "half of it", "text");
  if (!bench.host.limits.includes("noTruncation")) assertEqual(code, "ECONNRESET", "code");
}

/** @returns the tests of the secured sockets of `host`, by name */
export function tlsTests(host: TlsHost): Tests {
  const tests: Readonly<Record<string, BenchTest>> = {
    "a secured socket echoes 20 KB": echoesMuch,
    "a secured socket delivers what is written before open": deliversWhatIsWrittenBeforeOpen,
    "pause() holds secured data back": pauseHoldsDataBack,
    "the end of a secured socket while paused follows its data": theEndWhilePausedFollowsTheData,
    ...certificateTests(),
    "the server's name is asked for, an address is not": asksForTheName,
    "a client's certificate is shown": showsItsCertificate,
    "an application protocol is agreed on": agreesOnAProtocol,
    "a session is resumed by whoever trusts the same": resumesSessions,
    "a client's ECDSA certificate is shown": showsAnEcdsaCertificate,
    "a client without its certificate fails": failsWithoutItsCertificate,
    "TLS 1.3 can be asked for": accepts("onlyTls13", { minVersion: "TLSv1.3" }),
    "a server of TLS 1.3 only": accepts("onlyTls13"),
    "a server of TLS 1.1 only is refused": refuses("onlyTls11", "ETLSVERSION"),
    "a server that chooses TLS 1.1 is refused": refuses("olderHello", "ETLSVERSION"),
    "a server that speaks plain text is refused": refuses("plainText", ["ETLSFAILED", "ETLSVERSION"]),
    "a server that echoes is refused": refuses("plainEcho", ["ETLSFAILED", "ETLSVERSION"]),
    "a server that breaks off the handshake": refuses("breaking", "ECONNRESET"),
    "a key exchange without a signature is refused": refuses("unsigned", ["ETLSFAILED", "ETLSVERSION"]),
    "a key exchange signed by zeros is refused": refuses("signedByZeros", ["ETLSFAILED", "ETLSVERSION"]),
    "data before there are keys is refused": refuses("dataBeforeKeys", ["ETLSFAILED", "ETLSVERSION"]),
    "what is no certificate is refused": refusesWhatIsNoCertificate,
    "the end without close_notify is told": tellsTruncation,
    ...listeningTests(),
    "destroy() within the handshake is silent": destroyIsSilent,
    "20 connections leave nothing": leavesNothing,
  };
  const run = (test: BenchTest) => () => new TlsBench(host).run(test);
  return {
    ...Object.fromEntries(Object.entries(tests).map(([name, test]) => [name, run(test)] as const)),
    ...unreadTests("secured socket", run, securedPair),
  };
}
