/** Hubs over TLS: HubConnection on Node.js and on XS, and the official client with a HubServer. */

import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { HttpListener } from "../../modules/http.js";
import { tlsIdentity } from "../../modules/pem.js";
import { HubConnection } from "../../modules/signalr/client.js";
import { testCertificates, type Certificates } from "../support/certificates.js";
import { describeIf } from "../support/describeif.js";
import { buildDotnet } from "../support/dotnet.js";
import { findTlsSimulatorSdk, Simulator, tlsSimulatorNeeds } from "../support/simulator.js";
import { type AspNetCore, startAspNetCore } from "./aspnetcore.js";
import { clientTests, type ClientSuite } from "./clientsuite.js";
import { startNodeHub, type NodeHub } from "./nodehub.js";
import { tlsTests, type TlsSuite } from "./tlssuite.js";
import { LONG_MS } from "../support/building.js";

const dotnet = buildDotnet("SignalRServer");
const sdk = findTlsSimulatorSdk();

let certificates: Certificates;
let trusted: NodeHub;
let untrusted: NodeHub;

beforeAll(async () => {
  certificates = await testCertificates();
  const [right, other] = [certificates.right, certificates.untrusted].map(({ certificatesPem, privateKeyPem }) =>
    tlsIdentity(certificatesPem, privateKeyPem),
  );
  trusted = await startNodeHub({}, 0, right);
  untrusted = await startNodeHub({}, 0, other);
});
afterAll(async () => {
  await trusted.stop();
  await untrusted.stop();
});
beforeEach(() => jest.spyOn(console, "log").mockImplementation(() => undefined));
afterEach(() => jest.restoreAllMocks());

/** Before the servers are there it serves to know the names of the tests. */
function suiteOf(url = ""): ClientSuite & TlsSuite {
  const authority = (certificates as Certificates | undefined)?.authority ?? new Uint8Array();
  const untrustedUrl = (untrusted as NodeHub | undefined)?.url ?? "";
  return { url, untrustedUrl, authority, options: { certificate: authority } };
}

function testsOf(suite: ClientSuite & TlsSuite): ReturnType<typeof clientTests> {
  return { ...clientTests(suite), ...tlsTests(suite) };
}

const NAMES = Object.keys(testsOf(suiteOf()));

/** @returns what tlsclient.ts finds, with these variables of the environment */
async function runOfficialClient(url: string, environment: Readonly<Record<string, string>>): Promise<unknown> {
  const parameters = ["--import", "tsx", path.join(__dirname, "tlsclient.ts"), url];
  const { stdout } = await promisify(execFile)(process.execPath, parameters, {
    env: { ...process.env, ...environment },
  });
  return JSON.parse(stdout);
}

describe("HubConnection with HubServer over TLS, on Node.js", () => {
  test.each(NAMES)("%s", async (name) => {
    await testsOf(suiteOf(trusted.url))[name]?.();
  });

  test("a negotiation never leads from TLS to none", async () => {
    const { certificatesPem, privateKeyPem } = certificates.right;
    const listener = new HttpListener({
      port: 0,
      address: "127.0.0.1",
      identity: tlsIdentity(certificatesPem, privateKeyPem),
      onRequest: ({ response }) => response.close(JSON.stringify({ url: "http://127.0.0.1/hub", accessToken: "a" })),
    });
    await listener.start();
    const connection = new HubConnection(`https://127.0.0.1:${listener.port}/hub`, {
      certificate: certificates.authority,
      negotiate: true,
    });
    await expect(connection.start()).rejects.toMatchObject({ code: "ERR_NEGOTIATION" });
    listener.stop();
  });
});

describe("the official client with HubServer over TLS", () => {
  const folder = mkdtempSync(path.join(tmpdir(), "signalr-"));

  afterAll(() => rmSync(folder, { recursive: true }));

  const run = (environment: Readonly<Record<string, string>>): Promise<unknown> =>
    runOfficialClient(trusted.url, environment);

  test("works with and without a negotiation", async () => {
    const file = path.join(folder, "authority.pem");
    writeFileSync(file, certificates.right.certificatesPem);
    expect(await run({ NODE_EXTRA_CA_CERTS: file })).toEqual({ negotiated: [3, true], skipped: [3, false] });
  });

  test("does not without the authority", async () => {
    expect(await run({})).toEqual({ negotiated: "refused", skipped: "refused" });
  });
});

describeIf(dotnet.isBuilt, "the .NET 10 SDK (dotnet)", "HubConnection with ASP.NET Core over TLS, on Node.js", () => {
  let aspNetCore: AspNetCore;

  beforeAll(async () => {
    aspNetCore = await startAspNetCore(certificates.right);
  });
  afterAll(() => aspNetCore.stop());

  test.each(NAMES)("%s", async (name) => {
    await testsOf(suiteOf(aspNetCore.tlsUrl))[name]?.();
  });
});

describeIf(sdk !== undefined, tlsSimulatorNeeds, "HubConnection over TLS on XS, in the simulator", () => {
  async function run(url: string): Promise<void> {
    if (sdk === undefined) return;
    const authority = Buffer.from(certificates.authority).toString("base64");
    const settings = [`url=${url}`, `untrustedUrl=${untrusted.url}`, `authority=${authority}`];
    const simulator = await Simulator.start(sdk, "tests/signalr/xs/tls", settings);
    try {
      await simulator.waitForLine(/^(done|failed|XS abort)/);
    } finally {
      await simulator.stop();
    }
    expect(simulator.lines.filter((line) => /^(not ok|uncaught|failed)/.test(line))).toEqual([]);
    expect(simulator.lines.at(-1)).toBe(`done ${NAMES.length} passed, 0 failed`);
  }

  test("with HubServer on Node.js", () => run(trusted.url), LONG_MS);

  describeIf(dotnet.isBuilt, "the .NET 10 SDK (dotnet)", "and with", () => {
    test(
      "ASP.NET Core",
      async () => {
        const aspNetCore = await startAspNetCore(certificates.right);
        try {
          await run(aspNetCore.tlsUrl);
        } finally {
          await aspNetCore.stop();
        }
      },
      LONG_MS,
    );
  });
});

describeIf(sdk !== undefined, tlsSimulatorNeeds, "HubServer over TLS on XS, in the simulator", () => {
  const folder = mkdtempSync(path.join(tmpdir(), "signalr-"));
  let simulator: Simulator;
  let url: string;

  beforeAll(async () => {
    if (sdk === undefined) return;
    const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");
    const { authority, right } = certificates;
    const settings = [
      `certificates=${right.certificates.map(base64).join(".")}`,
      `key=${base64(right.privateKey)}`,
      `authority=${base64(authority)}`,
    ];
    simulator = await Simulator.start(sdk, "tests/signalr/xs/tlshub", settings);
    url = (await simulator.waitForLine(/^(serving on|failed|uncaught)/)).replace("serving on ", "");
  }, LONG_MS);
  afterAll(async () => {
    // Undefined where the app did not start.
    await (simulator as Simulator | undefined)?.stop();
    rmSync(folder, { recursive: true });
  });

  test("with a HubConnection on XS", () => {
    expect(simulator.lines).toEqual(expect.arrayContaining(["called negotiated: 3 10", "called at once: 3 10"]));
  });

  test("with HubConnection on Node.js", async () => {
    for (const run of Object.values(tlsTests(suiteOf(url)))) await run();
  });

  test("with the official client", async () => {
    const file = path.join(folder, "authority.pem");
    writeFileSync(file, certificates.right.certificatesPem);
    const found = await runOfficialClient(url, { NODE_EXTRA_CA_CERTS: file });
    expect(found).toEqual({ negotiated: [3, true], skipped: [3, false] });
    expect(simulator.lines.filter((line) => /^(failed|uncaught)/.test(line))).toEqual([]);
  });
});
