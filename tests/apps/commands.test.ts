/** The command lines of the scripts: what is wrong is said before anything is built. The SDK is a fake. */

import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { testCertificates } from "../support/certificates.js";
import { FakeSdk } from "../support/fakesdk.js";

const PROJECT = path.join(__dirname, "..", "..");
const WIFI = ["ssid=home", "password=secret123"];

let sdk: FakeSdk;
let folder: string;

beforeEach(() => {
  sdk = new FakeSdk(["m5atom_lite", "esp32c3", "wt32_eth01"], "echo built");
  folder = mkdtempSync(path.join(tmpdir(), "commands-"));
});
afterEach(() => {
  sdk.remove();
  rmSync(folder, { recursive: true, force: true });
});

interface Result {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function runScript(
  script: string,
  parameters: readonly string[],
  environment: NodeJS.ProcessEnv = {},
  cwd = PROJECT,
): Result {
  const noDisplay = { DISPLAY: undefined, WAYLAND_DISPLAY: undefined };
  const env = {
    ...process.env,
    ...noDisplay,
    MODDABLE: sdk.folder,
    IDF_PATH: folder,
    CERTIFICATES: folder,
    ...environment,
  };
  const file = path.join(PROJECT, "scripts", `${script}.ts`);
  const command = ["--import", "tsx", file, ...parameters];
  return spawnSync(process.execPath, command, { cwd, encoding: "utf8", env });
}

const SAMPLES = "The samples are client, mqtt-sensor, rgb-server, server-client, signalr-rgb, template, voice-client.";

test.each<[script: string, parameters: readonly string[], text: string]>([
  ["esp32", [], SAMPLES],
  ["esp32", ["rgb-sever", ...WIFI], `There is no sample "rgb-sever". Did you mean "rgb-server"? ${SAMPLES}`],
  ["esp32", ["environment", ...WIFI], SAMPLES],
  ["esp32", ["rgb-server", "--chek", ...WIFI], 'There is no flag "--chek". Did you mean "--check"?'],
  ["esp32", ["rgb-server", "-check", ...WIFI], 'There is no flag "-check". Did you mean "--check"?'],
  [
    "esp32",
    ["rgb-server", "--relase", ...WIFI],
    'Did you mean "--release"? The flags are --check, --release, --verbose.',
  ],
  ["esp32", ["rgb-server", "--ssid=home"], "A setting has no hyphens: write ssid=home"],
  ["esp32", ["rgb-server", "sid=home"], 'There is no setting "sid". Did you mean "ssid"?'],
  ["esp32", ["rgb-server", "SSID=home"], 'There is no setting "SSID". Did you mean "ssid"?'],
  ["esp32", ["rgb-server", "ssid=home", "pasword=x"], 'There is no setting "pasword". Did you mean "password"?'],
  [
    "esp32",
    ["rgb-server", "m5atom-lite", ...WIFI],
    'The SDK knows no board "m5atom-lite". Did you mean "m5atom_lite"?',
  ],
  ["esp32", ["rgb-server", "esp8266", ...WIFI], "  esp32        esp32c3      m5atom_lite  wt32_eth01\n"],
  ["esp32", ["rgb-server", "esp32/esp32", ...WIFI], 'The SDK knows no board "esp32/esp32".'],
  ["esp32", ["rgb-server", "esp32c3", "m5atom_lite", ...WIFI], '"m5atom_lite" is too much.'],
  ["esp32", ["rgb-server"], 'Which Wi-Fi? Add ssid="your network" password="its password".'],
  ["esp32", ["rgb-server", "ssid="], "Which Wi-Fi?"],
  ["esp32", ["rgb-server", "ssid=home", "password=short"], "has 8 to 64 characters, this one 5."],
  ["esp32", ["rgb-server", `ssid=${"é".repeat(17)}`], "the name of a Wi-Fi has at most 32 bytes."],
  ["esp32", ["server-client", "ca=none.pem", ...WIFI], "ca=none.pem: there is no file"],
  ["esp32", ["rgb-server", "secure=1", ...WIFI], "secure=1: there is no certificate in "],
  ["simulator", [], SAMPLES],
  ["simulator", ["rgb-server", "--vebose"], 'Did you mean "--verbose"?'],
  ["simulator", ["rgb-server", "other"], '"other" is too much.'],
  ["simulator", ["rgb-server", "prot=1"], 'There is no setting "prot". Did you mean "port"?'],
  ["simulator", ["rgb-server", "hostnam=x"], 'There is no setting "hostnam". Did you mean "hostname"?'],
  ["simulator", ["rgb-server", "port=99999"], "port=99999: this is a whole number from 0 to 65535, such as port=8080."],
  ["simulator", ["rgb-server", "port=1"], "xvfb-run npm run simulator -- rgb-server port=1"],
  ["../tests/bench/soak", ["minuts=5"], '"minuts=5" is no option. Did you mean "minutes"?'],
  ["../tests/bench/soak", ["minutes=x"], "minutes=x: this is a number above 0, such as minutes=10."],
  ["../tests/bench/soak", ["host=esp"], "host=esp: this is node or xs."],
  ["../tests/conformance/main", ["sever"], 'There is no "sever". What can be run alone: server, client,'],
  ["manifests", ["--chek"], 'There is no flag "--chek". Did you mean "--check"?'],
])("%s %j: one text, no stack, nothing built", (script, parameters, text) => {
  const { status, stdout, stderr } = runScript(script, parameters);
  expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
  expect(stderr).toContain(text);
  expect(stderr).not.toMatch(/\n +at /);
  expect(sdk.parameters).toEqual([]);
});

test.each([
  ["check", "check"],
  ["chek", "chek"],
  ["relase", "relase"],
])("a flag that npm has kept for itself (--%s) is told, and nothing is written to a board", (variable, flag) => {
  const environment = { [`npm_config_${variable}`]: "true", npm_lifecycle_event: "esp32" };
  const { status, stderr } = runScript("esp32", ["rgb-server", ...WIFI], environment);
  expect(status).toBe(1);
  expect(stderr).toContain(`npm run esp32 -- APP --${flag}`);
  expect(sdk.parameters).toEqual([]);
});

describe("esp32 without --check", () => {
  const output = path.join(PROJECT, "build", "esp32");

  test.each([
    ["m5atom_lite unless told otherwise, with its debugger", [], "esp32/m5atom_lite", ["-d"]],
    ["esp32/esp32c3", ["esp32/esp32c3"], "esp32/esp32c3", ["-d"]],
    ["esp32c3 in capitals", ["ESP32C3"], "esp32/esp32c3", ["-d"]],
    ["a bare esp32", ["esp32"], "esp32", ["-d"]],
    ["--release: without debugger", ["--release"], "esp32/m5atom_lite", []],
  ])("builds, then writes to the board: %s", (_name, parameters, platform, kind) => {
    const { status, stdout } = runScript("esp32", ["rgb-server", ...parameters, ...WIFI]);
    expect(status).toBe(0);
    const common = [...kind, "-m", "-p", platform, "-o", output];
    expect(sdk.parameters).toEqual([...common, "-t", "build", ...WIFI, ...common, ...WIFI]);
    expect(stdout).toMatch(/^building rgb-server for .*: done in \d+\.\d s$/m);
  });

  test("a board with a cable needs no Wi-Fi", () => {
    expect(runScript("esp32", ["rgb-server", "wt32_eth01"]).status).toBe(0);
    expect(sdk.parameters).toContain("esp32/wt32_eth01");
  });

  test("without ESP-IDF nothing is built", () => {
    const { status, stderr } = runScript("esp32", ["rgb-server", ...WIFI], { IDF_PATH: undefined });
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: 'IDF_PATH is not set: get ESP-IDF with "npx xs-dev setup --device esp32".\n',
    });
    expect(sdk.parameters).toEqual([]);
  });
});

describe("what a tool writes", () => {
  test("is not shown where it succeeds, but with --verbose", () => {
    expect(runScript("esp32", ["rgb-server", ...WIFI]).stderr).toBe("");
    expect(runScript("esp32", ["rgb-server", "--verbose", ...WIFI]).stderr).toBe("built\n");
  });

  test("where it fails: the last lines, and the file with all of them; nothing is written to the board", () => {
    sdk.remove();
    sdk = new FakeSdk(["m5atom_lite"], "seq 1 100; echo what is wrong >&2; exit 3");
    const { status, stderr } = runScript("esp32", ["rgb-server", ...WIFI]);
    expect(status).toBe(1);
    expect(stderr).toMatch(/failed after \d+\.\d s\n {2}\(81 more lines\)\n {2}82\n/);
    expect(stderr).toContain("\n  100\n  what is wrong\n");
    const log = /All that was written: (.*)\n/.exec(stderr)?.[1] ?? "";
    expect(readFileSync(log, "utf8")).toMatch(/^1\n2\n(?:.*\n)*what is wrong\n$/);
    expect(sdk.parameters.filter((word) => word === "-m")).toHaveLength(1);
  });
});

test("simulator: an app with TLS needs the sources of mbedTLS, and nothing is built without them", () => {
  // The project without what `npm run mbedtls` brings.
  for (const name of ["apps", "hosts", "modules", "node_modules", "package.json"])
    symlinkSync(path.join(PROJECT, name), path.join(folder, name));
  const environment = { MBEDTLS: undefined, IDF_PATH: undefined, DISPLAY: ":0" };
  const { status, stderr } = runScript("simulator", ["client"], environment, folder);
  expect(status).toBe(1);
  expect(stderr).toContain("npm run mbedtls");
  expect(sdk.parameters).toEqual([]);
});

test("ca=: a file, PEM or DER, or base64 comes to the app as base64", async () => {
  const { authority } = await testCertificates();
  const base64 = Buffer.from(authority).toString("base64");
  const [der, pem] = [path.join(folder, "ca.der"), path.join(folder, "ca.pem")];
  writeFileSync(der, authority);
  writeFileSync(pem, `A text before it.\n-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----\n`);
  for (const ca of [der, pem, base64])
    expect(runScript("esp32", ["server-client", `ca=${ca}`, ...WIFI]).status).toBe(0);
  expect(sdk.parameters.filter((word) => word.startsWith("ca="))).toEqual(new Array(6).fill(`ca=${base64}`));
});
