/** `npm run certificate`, and the RGB sample with secure=1: page and WebSocket by TLS, on Node.js and on XS. */

import { spawnSync } from "node:child_process";
import { createHash, X509Certificate } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { get } from "node:https";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { text } from "node:stream/consumers";
import type { IncomingMessage } from "node:http";

import type { Browser } from "playwright-core";
import { WebSocket } from "ws";

import { type App, findFreePort, startApp } from "../support/apps.js";
import { chromiumPath, launchChromium } from "../support/chromium.js";
import { describeIf } from "../support/describeif.js";
import { findTlsSimulatorSdk, Simulator, tlsSimulatorNeeds } from "../support/simulator.js";
import { LONG_MS } from "../support/building.js";

const PROJECT = path.join(__dirname, "..", "..");

let folder: string;
const files = (name: string): Buffer => readFileSync(path.join(folder, name));

function makeCertificate(...names: readonly string[]): { status: number | null; stdout: string; stderr: string } {
  const command = ["--import", "tsx", "scripts/certificate.ts", ...names];
  const env = { ...process.env, CERTIFICATES: folder };
  return spawnSync(process.execPath, command, { cwd: PROJECT, encoding: "utf8", env });
}

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), "certificates-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("npm run certificate", () => {
  test.each<[names: readonly string[], text: string]>([
    [[], "usage: npm run certificate -- lamp.local 192.168.1.20"],
    [["https://lamp.local/"], '"https://lamp.local/" is a URL or has a port'],
    [["lamp.local:443"], '"lamp.local:443" is a URL or has a port'],
    [["lamp_1.local"], '"lamp_1.local" is neither a host name nor an IP address'],
    [["lamp.local", "192.168.1.999"], '"192.168.1.999" is neither a host name nor an IP address'],
    [["*.local"], '"*.local" is neither a host name nor an IP address'],
    [Array<string>(17).fill("lamp.local"), "A certificate is for 16 names at most."],
    [["--force", "lamp.local"], 'There is no flag "--force"'],
  ])("%j: one text, no stack, nothing made", (names, message) => {
    const { status, stdout, stderr } = makeCertificate(...names);
    expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
    expect(stderr).toContain(message);
    expect(stderr).not.toMatch(/\n +at /);
    expect(() => files("authority.pem")).toThrow("ENOENT");
  });

  test("makes an authority once, and certificates that it has signed, for all names and addresses", () => {
    expect(makeCertificate("lamp.local", "192.168.1.20", "fd00::20").status).toBe(0);
    const authority = new X509Certificate(files("authority.pem"));
    const certificate = new X509Certificate(files("device/device-certificate.der"));
    expect(authority.ca && certificate.verify(authority.publicKey) && certificate.checkIssued(authority)).toBe(true);
    expect(certificate.checkHost("lamp.local")).toBe("lamp.local");
    expect(certificate.checkIP("192.168.1.20")).toBe("192.168.1.20");
    expect(certificate.checkIP("fd00::20")).toBe("fd00::20");
    expect(certificate.checkHost("other.local")).toBeUndefined();
    expect(certificate.publicKey.asymmetricKeyDetails).toEqual({ namedCurve: "prime256v1" });
    // Apple's limit for certificates of servers.
    expect(Date.parse(certificate.validTo) - Date.parse(certificate.validFrom)).toBeLessThan(825 * 86_400_000);
    for (const key of ["authority.key.pem", "device/device-key.der"])
      expect(statSync(path.join(folder, key)).mode & 0o077).toBe(0);

    const { status, stdout } = makeCertificate("localhost", "127.0.0.1");
    expect({ status, tells: stdout.includes("for localhost, 127.0.0.1, until 20") }).toEqual({
      status: 0,
      tells: true,
    });
    expect(new X509Certificate(files("authority.pem")).fingerprint256).toBe(authority.fingerprint256);
    expect(new X509Certificate(files("device/device-certificate.der")).verify(authority.publicKey)).toBe(true);
  });

  test("does not make a new authority in the place of one that has lost its key", () => {
    const whole = folder;
    folder = mkdtempSync(path.join(tmpdir(), "certificates-"));
    makeCertificate("localhost");
    rmSync(path.join(folder, "authority.key.pem"));
    const { status, stderr } = makeCertificate("localhost");
    expect({ status, tells: stderr.includes("a file is missing") }).toEqual({ status: 1, tells: true });
    rmSync(folder, { recursive: true });
    folder = whole;
  });
});

/** What every host serves. @param start serves on the port until the stop that it gives is called */
function secureTests(start: (port: number) => Promise<() => Promise<unknown>>): void {
  let port: number;
  let stop: () => Promise<unknown>;
  let browser: Browser | undefined;

  beforeAll(async () => {
    expect(makeCertificate("localhost", "127.0.0.1").status).toBe(0);
    port = await findFreePort();
    stop = await start(port);
  }, LONG_MS);
  afterAll(async () => {
    await browser?.close();
    await stop();
  });

  test("the page and its WebSocket, to whom the authority is known", async () => {
    const ca = files("authority.pem");
    const request = get({ port, ca });
    const [response] = (await once(request, "response")) as [IncomingMessage];
    expect(response.statusCode).toBe(200);
    expect(await text(response)).toContain("</html>");

    const client = new WebSocket(`wss://localhost:${port}/`, { ca });
    const received: string[] = [];
    client.on("message", (data, isBinary) => received.push((data as Buffer).toString(isBinary ? "hex" : "utf8")));
    await once(client, "open");
    client.send(Buffer.from([0, 0, 248]));
    while (!received.includes("0000f8")) await once(client, "message");
    client.close();
    await once(client, "close");
    expect(received[0]).toBe("00ff00");
  });

  test("nothing to whom it is not known, nor without TLS", async () => {
    const [error] = (await once(new WebSocket(`wss://localhost:${port}/`), "error")) as [Error];
    expect(error.message).toMatch(/self-signed certificate in certificate chain|unable to verify/);
    const socket = connect(port, "127.0.0.1");
    socket.on("error", () => undefined).write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    expect((await text(socket)).includes("HTTP/1.1")).toBe(false);
  });

  const testInBrowser = chromiumPath === undefined ? test.skip : test;
  testInBrowser(
    "Chromium shows the page, and a colour goes to and fro",
    async () => {
      // The certificate that comes is the device's alone.
      const { publicKey } = new X509Certificate(files("device/device-certificate.der"));
      const key = createHash("sha256").update(publicKey.export({ type: "spki", format: "der" }));
      browser = await launchChromium([`--ignore-certificate-errors-spki-list=${key.digest("base64")}`]);
      const page = await browser.newPage();
      const opened = page.waitForEvent("websocket");
      await page.goto(`https://localhost:${port}/`);
      expect((await opened).url()).toBe(`wss://localhost:${port}/`);
      await page.locator("#state", { hasText: "Connected" }).waitFor();
      await page.fill("#color", "#0000f8");
      await page.locator("#hex", { hasText: "#0000f8" }).waitFor();
    },
    LONG_MS,
  );
}

describe("rgb-server secure=1 on Node.js", () => {
  secureTests(async (port) => {
    const app: App = startApp("rgb-server", { CERTIFICATES: folder }, [`port=${port}`, "secure=1"]);
    await app.printed(`https://localhost:${port}/`);
    return () => app.stop("SIGINT");
  });

  test("without a certificate it says how to make one, and ends", async () => {
    const app = startApp("rgb-server", { CERTIFICATES: path.join(folder, "none") }, ["secure=1"]);
    expect(await app.exited).toEqual({ code: 1, signal: null });
    expect(app.output.stderr).toMatch(/^There is no certificate in [^\n]*: npm run certificate -- [^\n]*\n$/);
  });
});

const sdk = findTlsSimulatorSdk();

describeIf(sdk !== undefined, tlsSimulatorNeeds, "rgb-server secure=1 in the simulator", () => {
  secureTests(async (port) => {
    if (sdk === undefined) throw new Error("there is no SDK");
    const environment = { ...sdk.environment, CERTIFICATES: folder };
    const app = "apps/rgb-server/rgb-server-secure";
    const simulator = await Simulator.start({ ...sdk, environment }, app, [`port=${port}`]);
    await simulator.waitForLine(/^https:/);
    return () => simulator.stop();
  });
});
