/** The attacks of attacks.test.ts on XS, over TCP, and some that need a peer: each ends in time with a typed error. */

import { ControlledApp } from "../support/controlledapp.js";
import { describeIf } from "../support/describeif.js";
import { findTlsSimulatorSdk, tlsSimulatorNeeds } from "../support/simulator.js";
import { type ChainCase, chainCases } from "../support/tlsattacks/chains.js";
import { type FlightCase, flightCases, record } from "../support/tlsattacks/flights.js";
import { authority, leaf, type Made } from "../support/tlsattacks/making.js";
import {
  type Attacker,
  type Change,
  renegotiate,
  sayAsClient,
  serveBetween,
  serveBytes,
  serveEcho,
  shown,
  writeAsClient,
} from "../support/tlsattacks/peers.js";
import { LONG_MS } from "../support/building.js";
import { LimitError, within } from "../support/waiting.js";

const sdk = findTlsSimulatorSdk();
/** A busy machine is slow; what hangs takes for ever. */
const LIMIT_MS = 20_000;
const WAIT_MS = 150;
const typed = ["ETLSUNTRUSTED", "ETLSFAILED", "ETLSVERSION"];
const base64 = ({ der }: Made): string => Buffer.from(der).toString("base64");

interface Connected {
  readonly outcome: string;
  readonly message: string;
  readonly ms: number;
}

let app: ControlledApp;
let root: Made;
let own: Made;

async function connectTo(attacker: Attacker, authorities: readonly Made[], name = "localhost"): Promise<Connected> {
  try {
    const asked = app.ask("connect", { port: attacker.port, name, authorities: authorities.map(base64) });
    return (await within(LIMIT_MS, asked, "the outcome")) as Connected;
  } catch (error) {
    if (error instanceof LimitError) return { outcome: "nothing", message: "", ms: LIMIT_MS };
    throw error;
  } finally {
    attacker.close();
  }
}

function serveOwn(authorities: readonly Made[]): Promise<number> {
  const privateKey = Buffer.from(own.privateKey).toString("base64");
  return app.ask("serve", {
    certificate: base64(own),
    privateKey,
    authorities: authorities.map(base64),
  }) as Promise<number>;
}

/** TLS 1.2 and 1.3 in turn. */
const versionOf = (at: number): "TLSv1.2" | "TLSv1.3" => (at % 2 === 0 ? "TLSv1.2" : "TLSv1.3");

async function tryChain(shows: ChainCase): Promise<string> {
  const [older, newer] = [await tryVersion(shows, "TLSv1.2"), await tryVersion(shows, "TLSv1.3")];
  return older === newer ? older : `${older}; TLS 1.3: ${newer}`;
}

async function tryVersion(
  { chain, authorities, name, expected }: ChainCase,
  version: "TLSv1.2" | "TLSv1.3",
): Promise<string> {
  const { outcome, message } = await connectTo(await serveEcho(shown(chain, version)), authorities, name);
  if ((expected as readonly string[]).includes(outcome)) return "";
  // OpenSSL has nothing that it would show.
  if (expected.includes("unshown") && message.includes("TLS alert 40")) return "";
  return `${outcome} (${message}), not ${expected.join(" or ")}`;
}

async function tryChainOfClient({ chain, authorities, expected }: ChainCase, at: number): Promise<string> {
  const port = await serveOwn(authorities);
  const { outcome } = await sayAsClient(port, shown(chain, versionOf(at)), LIMIT_MS);
  const wanted = expected.includes("open") ? "open" : "refused";
  const count = await app.ask("accepted");
  if (outcome === wanted && count === (wanted === "open" ? 1 : 0)) return "";
  return `${outcome}, not ${wanted}; ${String(count)} accepted`;
}

async function tryFlight({ role, bytes, expected, versions }: FlightCase): Promise<string> {
  const isEnded = expected === "waiting" || !versions.includes(3);
  if (role === "client") {
    const { outcome, ms } = await connectTo(await serveBytes(bytes, isEnded ? WAIT_MS : undefined), [root]);
    return (isEnded ? ["ECONNRESET"] : typed).includes(outcome) ? "" : `${outcome} after ${ms} ms`;
  }
  const port = await serveOwn([root]);
  const { outcome, ms } = await writeAsClient(port, bytes, isEnded ? WAIT_MS : LIMIT_MS);
  const count = await app.ask("accepted");
  if (outcome === (isEnded ? "nothing" : "refused") && count === 0) return "";
  return `${outcome} after ${ms} ms; ${String(count)} accepted`;
}

/** Tries all cases. @returns what is wrong */
async function tryAll<C extends { readonly title: string }>(
  cases: readonly C[],
  attempt: (attackCase: C, at: number) => Promise<string>,
): Promise<string[]> {
  const wrong: string[] = [];
  for (const [at, attackCase] of cases.entries()) {
    const problem = await attempt(attackCase, at);
    if (problem !== "") wrong.push(`${attackCase.title}: ${problem}`);
  }
  return wrong;
}

/** Works on whole records of one direction. @param change gets the type and the body of each, before encryption begins */
function byRecords(change: (type: number, body: Buffer) => Buffer): Change {
  let held = Buffer.alloc(0);
  let isEncrypted = false;
  return (bytes) => {
    held = Buffer.concat([held, bytes]);
    const changed: Buffer[] = [];
    while (held.length >= 5 && held.length >= 5 + held.readUInt16BE(3)) {
      const end = 5 + held.readUInt16BE(3);
      const type = held[0] ?? 0;
      isEncrypted ||= type === 20;
      changed.push(isEncrypted ? held.subarray(0, end) : change(type, held.subarray(5, end)));
      held = held.subarray(end);
    }
    return Buffer.concat(changed);
  };
}

/** mbedTLS wants a message's first four bytes in one record. OpenSSL begins a record with a message. */
const byFourBytes = (): Change =>
  byRecords((type, body) => {
    const count = Math.ceil(body.length / 4);
    return Buffer.concat(Array.from({ length: count }, (_, at) => record(type, body.subarray(4 * at, 4 * at + 4))));
  });

/** Holds messages of the handshake back until the last of them, ServerHelloDone, and puts them into one record. */
function joined(): Change {
  let held = Buffer.alloc(0);
  let isDone = false;
  return byRecords((type, body) => {
    if (isDone) return record(type, body);
    held = Buffer.concat([held, body]);
    isDone = held.subarray(-4).equals(Buffer.from([14, 0, 0, 0]));
    return isDone ? record(type, held) : Buffer.alloc(0);
  });
}

/** Puts bytes behind the first chunk with data, when the handshake is over. */
function injected(bytes: Uint8Array): Change {
  let isDone = false;
  return (chunk) => {
    if (isDone || chunk[0] !== 23) return chunk;
    isDone = true;
    return Buffer.concat([bytes, chunk]);
  };
}

const unchanged = (): Change => (bytes) => bytes;

type BetweenRow = readonly [title: string, toServer: () => Change, toClient: () => Change, expected: readonly string[]];

const between: readonly BetweenRow[] = [
  ["messages in records of four bytes", byFourBytes, byFourBytes, ["open"]],
  ["all of a server's messages in one record", unchanged, joined, ["open"]],
  ["data that is not encrypted", unchanged, () => injected(record(23, Buffer.from("evil"))), ["ETLSFAILED"]],
  ["an alert that is not encrypted", unchanged, () => injected(record(21, Buffer.from([1, 0]))), ["ETLSFAILED"]],
  ["a HelloRequest that is not encrypted", unchanged, () => injected(record(22, Buffer.alloc(4))), ["ETLSFAILED"]],
  ["ChangeCipherSpec again", unchanged, () => injected(record(20, Buffer.from([1]))), ["ETLSFAILED"]],
];

describeIf(sdk !== undefined, tlsSimulatorNeeds, "attacks on TLS, on XS in the simulator", () => {
  beforeAll(async () => {
    if (sdk === undefined) return;
    app = await ControlledApp.start(sdk, "tests/xs/tlsattacks", ["-i"]);
    root = await authority("an authority");
    own = await leaf(root);
  }, LONG_MS);
  afterAll(() => app.stop());
  afterEach(() => expect(app.problems).toEqual([]));

  test(
    "chains of a server's certificates",
    async () => {
      expect(await tryAll(await chainCases(), tryChain)).toEqual([]);
    },
    LONG_MS,
  );

  test(
    "chains of a client's certificates",
    async () => {
      const cases = (await chainCases()).filter(({ isForServer }) => isForServer);
      expect(await tryAll(cases, tryChainOfClient)).toEqual([]);
    },
    LONG_MS,
  );

  test(
    "bytes of somebody without keys",
    async () => {
      expect(await tryAll(await flightCases(root, own), tryFlight)).toEqual([]);
    },
    LONG_MS,
  );

  test.each(between)(
    "somebody in between: %s",
    async (_title, toServer, toClient, expected) => {
      const server = await serveEcho(shown([own, root], "TLSv1.2"));
      const attacker = await serveBetween(server.port, () => ({ toServer: toServer(), toClient: toClient() }));
      const { outcome } = await connectTo(attacker, [root]);
      server.close();
      expect(expected).toContain(outcome);
    },
    LONG_MS,
  );

  test(
    "renegotiation that a client asks for",
    async () => {
      const port = await serveOwn([]);
      expect(await renegotiate(port)).not.toBe("renegotiated");
    },
    LONG_MS,
  );

  test(
    "leave no memory behind, and an app that serves",
    async () => {
      const cases = (await chainCases()).filter((_, at) => at % 5 === 0);
      const flights = await flightCases(root, own);
      const round = async (): Promise<number> => {
        await tryAll(cases, tryChain);
        await tryAll(flights, tryFlight);
        const { slots } = (await app.ask("memory")) as { slots: number };
        return slots;
      };
      await round();
      const before = await round();
      // A slot of each would be more; a timer and a socket that ends may be there or not.
      expect((await round()) - before).toBeLessThan((cases.length + flights.length) * 16);
      const port = await serveOwn([root]);
      expect((await sayAsClient(port, shown([own], "TLSv1.3"), LIMIT_MS)).outcome).toBe("open");
    },
    LONG_MS,
  );
});
