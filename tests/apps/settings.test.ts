/** The settings of the samples on Node.js: a mistake is one line, not a stack. */

import { rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { tmpdir } from "node:os";
import { tlsIdentity } from "../../modules/pem.js";
import { WebSocketServer } from "../../modules/server.js";
import { type App, findFreePort, startApp } from "../support/apps.js";
import { testCertificates } from "../support/certificates.js";

const apps: App[] = [];

afterEach(async () => {
  await Promise.all(apps.splice(0).map((app) => app.stop("SIGKILL")));
});

function start(name: string, settings: readonly string[], environment: Readonly<Record<string, string>> = {}): App {
  const app = startApp(name, environment, settings);
  apps.push(app);
  return app;
}

const NO_PORT = "this is a whole number from 0 to 65535, such as port=8";

test.each<[app: string, settings: readonly string[], environment: Readonly<Record<string, string>>, line: string]>([
  ["rgb-server", [], { PORT: "abc" }, `port=abc: ${NO_PORT}`],
  ["rgb-server", ["port=abc"], {}, `port=abc: ${NO_PORT}`],
  ["rgb-server", ["port=65536"], {}, `port=65536: ${NO_PORT}`],
  ["rgb-server", ["port=80.5"], {}, `port=80.5: ${NO_PORT}`],
  ["rgb-server", ["port=-1"], {}, `port=-1: ${NO_PORT}`],
  ["rgb-server", ["port= "], {}, `port= : ${NO_PORT}`],
  ["signalr-rgb", ["port=abc"], {}, `port=abc: ${NO_PORT}`],
  ["server-client", ["port=abc"], {}, `port=abc: ${NO_PORT}`],
  ["tls-echo", ["port=abc"], {}, `port=abc: ${NO_PORT}`],
  ["rgb-server", ["prot=80"], {}, 'There is no setting "prot". Did you mean "port"?'],
  [
    "rgb-server",
    ["80"],
    {},
    '"80" is no setting. The settings of this sample are port, clients, secure, hostname: write port=value.',
  ],
  ["rgb-server", ["clients=many"], {}, "clients=many: this is a whole number from 0 to 65535, such as clients=10."],
  ["client", ["port=80"], {}, "The settings of this sample are url: write url=value."],
  ["server-client", ["ca=nowhere.pem"], {}, "ca=nowhere.pem: there is no file "],
  ["server-client", ["ca=package.json"], {}, "ca=package.json: there is no certificate in "],
  ["server-client", ["ca=MIIB"], {}, "it is no certificate in base64 (DER) either."],
])("%s %j %j", async (name, settings, environment, line) => {
  const app = start(name, settings, environment);
  expect(await app.exited).toEqual({ code: 1, signal: null });
  expect(app.output.stdout).toBe("");
  expect(app.output.stderr).toMatch(/^[^\n]+\n$/);
  expect(app.output.stderr).toContain(line);
});

test("port= goes before PORT, and an app without a port does not mind PORT", async () => {
  const port = await findFreePort();
  await start("rgb-server", [`port=${port}`], { PORT: "1" }).printed(`http://localhost:${port}/`);
  const client = start("client", ["url=ws://127.0.0.1:1/"], { PORT: "abc" });
  await client.printed("Connecting to ws://127.0.0.1:1/");
});

test("ca= takes the path of a PEM file", async () => {
  const { right, authority } = await testCertificates();
  const file = path.join(tmpdir(), `ca-${process.pid}.pem`);
  const base64 = Buffer.from(authority).toString("base64");
  writeFileSync(file, `-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----\n`);
  const server = new WebSocketServer({
    port: 0,
    address: "127.0.0.1",
    identity: tlsIdentity(right.certificatesPem, right.privateKeyPem),
    onMessageReceived: (_server, { frame, webSocket }) => webSocket.sendString(frame.text),
  });
  await server.start();
  const url = `wss://localhost:${server.port}/`;
  const app = start("server-client", [`port=${await findFreePort()}`, `url=${url}`, `ca=${file}`]);
  await app.printed(`Received from ${url}: Hello Secure Websocket! 1`);
  server.abort();
  rmSync(file);
});
