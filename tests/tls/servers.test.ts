/** HTTPS and wss served by XS in the simulator, to clients of others. */

import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { connect, type ConnectionOptions, type SecureVersion, type TLSSocket } from "node:tls";
import { promisify } from "node:util";
import { WebSocket } from "ws";
import { chromiumPath, launchChromium } from "../support/chromium.js";
import { describeIf } from "../support/describeif.js";
import { buildDotnet, runDotnet } from "../support/dotnet.js";
import { findPython } from "../support/python.js";
import { findTlsSimulatorSdk, tlsSimulatorNeeds } from "../support/simulator.js";
import { serveBetween } from "../support/tlsattacks/peers.js";
import { eventually } from "../support/waiting.js";
import { TlsServers } from "./xsservers.js";
import { LONG_MS } from "../support/building.js";

const sdk = findTlsSimulatorSdk();
const dotnet = buildDotnet("DotnetClient");
const python = findPython();
const VERSIONS: readonly SecureVersion[] = ["TLSv1.2", "TLSv1.3"];

/** Of the records that these bytes are (RFC 5246, 6.2.1). */
function contentTypes(bytes: Buffer): number[] {
  const types: number[] = [];
  for (let at = 0; at + 5 <= bytes.length; at += 5 + bytes.readUInt16BE(at + 3)) types.push(bytes[at] ?? 0);
  return types;
}

describeIf(sdk !== undefined, tlsSimulatorNeeds, "TLS served by XS, in the simulator", () => {
  let servers: TlsServers;

  beforeAll(async () => {
    if (sdk !== undefined) servers = await TlsServers.start(sdk);
  }, LONG_MS);
  afterAll(async () => {
    // Undefined where the app did not start.
    await (servers as TlsServers | undefined)?.stop();
    expect(servers.app.problems).toEqual([]);
  });

  function exact(version: SecureVersion): ConnectionOptions {
    return { ca: servers.authority, minVersion: version, maxVersion: version };
  }

  async function secured(options: ConnectionOptions): Promise<TLSSocket> {
    const socket = connect({ port: servers.port, host: "127.0.0.1", servername: "localhost", ...options });
    await once(socket, "secureConnect");
    return socket;
  }

  async function echoes(client: WebSocket): Promise<void> {
    await once(client, "open");
    for (const size of [0, 125, 1_024, 16_384, 40_000]) {
      const sent = Buffer.alloc(size, "aé€😀");
      client.send(sent);
      const [received] = (await once(client, "message")) as [Buffer];
      expect(Buffer.compare(received, sent)).toBe(0);
    }
    client.close(3_000);
    expect((await once(client, "close"))[0]).toBe(3_000);
  }

  test.each(VERSIONS)("the npm package ws, %s", async (version) => {
    await echoes(new WebSocket(`wss://localhost:${servers.port}/echo`, exact(version)));
  });

  test.each(VERSIONS)("Node.js resumes a session, %s", async (version) => {
    const first = await secured(exact(version));
    expect(first.isSessionReused()).toBe(false);
    const early = first.getSession();
    first.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    const sessions: Buffer[] = [];
    first.on("session", (bytes) => sessions.push(bytes));
    first.resume();
    await once(first, "close");
    // Of TLS 1.2 it is there before the connection is told.
    const session = sessions.at(-1) ?? early;
    const second = await secured({ ...exact(version), ...(session === undefined ? {} : { session }) });
    expect(second.isSessionReused()).toBe(true);
    second.destroy();
  });

  test("a name that is asked for has its certificate", async () => {
    const nameOf = (socket: TLSSocket): unknown => socket.getPeerCertificate().subject.CN;
    const named = await secured({ ca: servers.authority, servername: "a.test.example" });
    expect(nameOf(named)).toBe("wildcard");
    named.destroy();
    const other = await secured({ ca: servers.authority, rejectUnauthorized: false, servername: "other.example" });
    expect(nameOf(other)).toBe("localhost");
    expect(other.alpnProtocol).toBe(false);
    other.destroy();
    const agreed = await secured({ ca: servers.authority, ALPNProtocols: ["h2", "http/1.1"] });
    expect(agreed.alpnProtocol).toBe("http/1.1");
    agreed.destroy();
  });

  test.each(VERSIONS)("clients need a certificate where one is asked for, %s", async (version) => {
    const { certificates, mutualPort } = servers;
    for (const { certificatesPem, privateKeyPem } of [certificates.client, certificates.ecdsaClient]) {
      const identity = { cert: certificatesPem, key: privateKeyPem };
      await echoes(new WebSocket(`wss://localhost:${mutualPort}/echo`, { ...exact(version), ...identity }));
    }
    const { certificatesPem, privateKeyPem } = certificates.strangeClient;
    for (const identity of [{}, { cert: certificatesPem, key: privateKeyPem }]) {
      const refused = new WebSocket(`wss://localhost:${mutualPort}/echo`, { ...exact(version), ...identity });
      expect(await once(refused, "error")).toHaveLength(1);
    }
  });

  test.each(["-tls1_2", "-tls1_3"])("OpenSSL, %s, with handshake messages in several records", async (version) => {
    const parameters = ["s_client", "-connect", `127.0.0.1:${servers.port}`, "-servername", "localhost", version];
    const trust = ["-CAfile", servers.authorityFile, "-verify_return_error", "-verify_hostname", "localhost"];
    const client = spawn("openssl", [...parameters, ...trust, "-max_send_frag", "512", "-quiet", "-no_ign_eof"]);
    let text = "";
    client.stdout.on("data", (data: Buffer) => (text += data.toString()));
    client.stdin.write(`GET / HTTP/1.1\r\nHost: localhost\r\nX: ${"x".repeat(1_000)}\r\n\r\n`);
    const deadline = setTimeout(() => client.kill(), 10_000);
    await once(client, "close");
    clearTimeout(deadline);
    expect(text).toContain("HTTP/1.1 200");
    expect(text).toContain("certificate of 0 bytes");
  });

  test("curl", async () => {
    const run = promisify(execFile);
    const url = `https://localhost:${servers.port}/`;
    const { stdout } = await run("curl", ["--silent", "--show-error", "--cacert", servers.authorityFile, url]);
    expect(stdout).toContain("certificate of 0 bytes");
    await expect(run("curl", ["--silent", url])).rejects.toMatchObject({ code: 60 });
  });

  test("close_notify is answered by close_notify (RFC 8446, 6.1)", async () => {
    let said = Buffer.alloc(0);
    const record = (bytes: Buffer): Buffer => {
      said = Buffer.concat([said, bytes]);
      return bytes;
    };
    const between = await serveBetween(servers.port, () => ({ toServer: (bytes) => bytes, toClient: record }));
    try {
      const client = await secured({ ...exact("TLSv1.2"), port: between.port });
      client.end();
      await once(client, "close");
      await eventually(() => contentTypes(said).at(-1) === 21, "an alert of the server");
    } finally {
      between.close();
    }
  });

  test("versions before TLS 1.2 and weak cipher suites are refused", async () => {
    const weak: readonly ConnectionOptions[] = [
      { minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: "DEFAULT@SECLEVEL=0" },
      { maxVersion: "TLSv1.2", ciphers: "ECDHE-ECDSA-AES128-SHA256" },
    ];
    for (const options of weak) await expect(secured({ ca: servers.authority, ...options })).rejects.toThrow();
  });

  describeIf(python !== undefined, "python3 with the package websockets", "the Python package websockets", () => {
    test.each(["fragments", "pings", "client_closes"])("%s", async (check) => {
      const script = path.join("tests", "interop", "python", "client.py");
      const env = { ...process.env, SSL_CERT_FILE: servers.authorityFile };
      await promisify(execFile)(python ?? "", [script, `wss://localhost:${servers.port}/echo`, check], { env });
    });
  });

  describeIf(dotnet.isBuilt, "the .NET 10 SDK (dotnet)", ".NET ClientWebSocket", () => {
    test.each(["fragments", "pings"])("%s", async (check) => {
      const parameters = [`wss://localhost:${servers.port}/echo`, check];
      const program = runDotnet("DotnetClient", parameters, { SSL_CERT_FILE: servers.authorityFile });
      expect(await new Promise((resolve) => program.process.once("close", resolve))).toBe(0);
    });
  });

  describeIf(chromiumPath !== undefined, "Chromium", "Chromium", () => {
    test("loads a page, and opens a WebSocket to where the page is from", async () => {
      const browser = await launchChromium();
      try {
        const page = await (await browser.newContext({ ignoreHTTPSErrors: true })).newPage();
        await page.goto(`https://localhost:${servers.port}/`);
        // A text: the name WebSocket means another class here.
        const echoed = await page.evaluate(`new Promise((resolve) => {
          const socket = new WebSocket("wss://" + location.host + "/echo");
          socket.onopen = () => socket.send("hello");
          socket.onmessage = ({ data }) => resolve(data);
          socket.onclose = ({ code }) => resolve(code);
        })`);
        expect(echoed).toBe("hello");
      } finally {
        await browser.close();
      }
    });
  });
});
