/** What every host's `#network` promises of a listener with an identity: the server's side of TLS. */

import type { ListenOptions, Socket, TlsIdentity } from "../../hosts/contract.js";
import { assert, assertEqual, codeOf } from "../support/assertions.js";
import { type Accepted, Recorder } from "../support/recorder.js";
import type { Pair } from "./unread.js";
import { type BenchTest, echoes, fails, type TlsBench } from "./tls.js";
import { letTimePass } from "../support/waiting.js";

/** A listener that sends back what it is sent. */
interface Echo {
  readonly port: number;
  readonly accepted: Socket[];
  close(): void;
}

/** @throws the error that the listener tells */
async function listen(bench: TlsBench, options: Partial<ListenOptions> = {}): Promise<Echo> {
  const accepted: Socket[] = [];
  return new Promise((resolve, reject) => {
    const listener = bench.host.network.listen(
      { port: 0, identity: bench.identity("server"), ...options },
      {
        accept(socket) {
          accepted.push(socket);
          const recorder = new Recorder();
          recorder.onReceived = (bytes) => socket.write(bytes);
          return recorder;
        },
        failed: reject,
        listening() {
          const close = (): void => {
            listener.close();
            for (const socket of accepted) socket.destroy();
          };
          resolve({ port: listener.port, accepted, close });
        },
      },
    );
  });
}

/** Two ends of one secured connection. */
export async function securedPair(bench: TlsBench): Promise<Pair> {
  let port = 0;
  const server = new Promise<Accepted>((resolve, reject) => {
    const listener = bench.host.network.listen(
      { port: 0, identity: bench.identity("server") },
      {
        accept(socket) {
          const recorder = new Recorder();
          resolve({ socket: bench.keep(socket), recorder });
          // Connections stay.
          listener.close();
          return recorder;
        },
        failed: reject,
        listening() {
          ({ port } = listener);
          started();
        },
      },
    );
  });
  let started = (): void => undefined;
  await new Promise<void>((resolve) => (started = resolve));
  const client = bench.connect("right", { port });
  await client.recorder.whenOpened;
  return { client, server: await server };
}

function withEcho(
  options: (bench: TlsBench) => Partial<ListenOptions>,
  test: (bench: TlsBench, echo: Echo) => Promise<void>,
): BenchTest {
  return async (bench) => {
    const echo = await listen(bench, options(bench));
    try {
      await test(bench, echo);
    } finally {
      echo.close();
    }
  };
}

const alone = (): Partial<ListenOptions> => ({});

/** A connection without TLS. */
function connectPlain(bench: TlsBench, port: number): Accepted {
  const recorder = new Recorder();
  return { recorder, socket: bench.keep(bench.host.network.connect({ host: "127.0.0.1", port }, recorder)) };
}

async function staysWithSilentOnes(bench: TlsBench, { port, accepted }: Echo): Promise<void> {
  // Three say nothing, and two begin a ClientHello (RFC 8446, 5.1) that never ends.
  const plain = [1, 2, 3, 4, 5].map(() => connectPlain(bench, port));
  for (const { recorder } of plain) await recorder.whenOpened;
  for (const { socket } of plain.slice(3)) socket.write(Uint8Array.of(22, 3, 1, 0, 100, 1, 0));
  await letTimePass(100);
  await echoes(bench.connect("right", { port }), 300);
  assertEqual(accepted.length, 1, "connections that were accepted");
}

async function endsPlainText(bench: TlsBench, { port, accepted }: Echo): Promise<void> {
  const { recorder, socket } = connectPlain(bench, port);
  await recorder.whenOpened;
  socket.write(Uint8Array.from("GET / HTTP/1.1\r\n\r\n", (character) => character.charCodeAt(0)));
  await recorder.whenClosed;
  assertEqual(accepted.length, 0, "connections that were accepted");
  await echoes(bench.connect("right", { port }), 300);
}

async function choosesByName(bench: TlsBench, { port }: Echo): Promise<void> {
  await echoes(bench.connect("right", { port }), 300);
  await echoes(bench.connect("right", { port, serverName: "one.test.example" }), 300);
  await fails(bench.connect("right", { port, serverName: "other.example" }), "ETLSHOSTNAME");
}

const demanding = (bench: TlsBench): Partial<ListenOptions> => ({ clientAuthorities: bench.authorities });

async function asksForCertificates(bench: TlsBench, { port, accepted }: Echo): Promise<void> {
  // The second time it may be a session that goes on: the certificate is to be known again.
  for (const name of ["client", "client", "ecdsaClient", "ecdsaClient"] as const) {
    const identity = bench.identity(name);
    await echoes(bench.connect("right", { port, identity }), 300);
    const shown = accepted.at(-1)?.peerCertificate ?? new Uint8Array();
    const [own = new Uint8Array()] = identity.certificates;
    assert(shown.length === own.length && shown.every((byte, at) => byte === own[at]), "another certificate");
  }
}

async function refusesClients(bench: TlsBench, { port, accepted }: Echo): Promise<void> {
  const identities: readonly (TlsIdentity | undefined)[] = [
    undefined,
    // Of another authority of the same name, of a server, and expired.
    bench.identity("strangeClient"),
    bench.identity("server"),
    bench.identity("expiredClient"),
  ];
  for (const identity of identities) {
    const { recorder } = bench.connect("right", { port, ...(identity === undefined ? {} : { identity }) });
    // In TLS 1.3 the client has opened before the server has seen its certificate. Node's server gives no reason.
    const error = await recorder.whenClosed;
    assert(error !== undefined || bench.host.limits.includes("noTruncation"), "no error");
  }
  assertEqual(accepted.length, 0, "connections that were accepted");
}

async function agreesOnProtocols(bench: TlsBench, { port }: Echo): Promise<void> {
  await echoes(bench.connect("right", { port, applicationProtocols: ["other", "http/1.1"] }), 300);
  await echoes(bench.connect("right", { port }), 300);
  await fails(
    bench.connect("right", { port, applicationProtocols: ["other"] }),
    "ETLSFAILED",
    "ETLSVERSION",
    "ECONNRESET",
  );
}

async function refusesIdentities(bench: TlsBench): Promise<void> {
  const server = bench.identity("server");
  const notDer = Uint8Array.of(0x30, 0x82, 0xff, 0xff, 1, 2, 3);
  const wrong: readonly TlsIdentity[] = [
    { certificates: [notDer], privateKey: server.privateKey },
    { certificates: server.certificates, privateKey: notDer },
    { certificates: server.certificates, privateKey: bench.identity("ecdsaClient").privateKey },
  ];
  for (const identity of wrong) {
    const error: unknown = await listen(bench, { identity }).then(
      (echo) => {
        echo.close();
      },
      (reason: unknown) => reason,
    );
    assertEqual(codeOf(error), "ETLSFAILED", "code");
  }
}

async function comesBack(bench: TlsBench, { port }: Echo): Promise<void> {
  for (let count = 0; count < 5; count += 1) await echoes(bench.connect("right", { port }), 300);
}

/** The tests, by name. */
export function listeningTests(): Readonly<Record<string, BenchTest>> {
  return {
    "a listener with an identity serves TLS": withEcho(alone, (bench, { port }) =>
      echoes(bench.connect("right", { port }), 20_000),
    ),
    "a listener serves clients that come back": withEcho(alone, comesBack),
    "a listener with TLS has no time for silent ones": withEcho(alone, staysWithSilentOnes),
    "a listener with TLS ends plain text, and stays": withEcho(alone, endsPlainText),
    "a listener chooses among identities by the name that is asked for": withEcho(
      (bench) => ({ identity: [bench.identity("server"), bench.identity("wildcard")] }),
      choosesByName,
    ),
    "a listener asks clients for certificates": withEcho(demanding, asksForCertificates),
    "a listener refuses clients without a right certificate": withEcho(demanding, refusesClients),
    "a listener agrees with its clients on a protocol": withEcho(
      () => ({ applicationProtocols: ["http/1.1"] }),
      agreesOnProtocols,
    ),
    "a listener cannot start with a wrong identity": refusesIdentities,
  };
}
