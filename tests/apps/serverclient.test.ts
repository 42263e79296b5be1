/** The server-client sample on Node, with the TLS echo server, and with a server of ours. */

import { readFileSync } from "node:fs";
import path from "node:path";
import { ClientWebSocket } from "../../modules/client.js";
import { tlsIdentity } from "../../modules/pem.js";
import { WebSocketServer } from "../../modules/server.js";
import { findFreePort, startApp, type App } from "../support/apps.js";
import { testCertificates } from "../support/certificates.js";
import { eventually } from "../support/waiting.js";

const apps: App[] = [];

afterEach(async () => {
  await Promise.all(apps.splice(0).map((app) => app.stop("SIGKILL")));
});

function start(name: string, ...settings: readonly string[]): App {
  const app = startApp(name, {}, settings);
  apps.push(app);
  return app;
}

/** The authority of the TLS echo server, as the setting `ca`. */
function ca(): string {
  const file = path.join(__dirname, "..", "..", "build", "tls-echo", "ca.der");
  return `ca=${readFileSync(file).toString("base64")}`;
}

test("says hello to tls-echo, whose certificate it verifies, and leaves on SIGINT", async () => {
  const [echoPort, port] = [await findFreePort(), await findFreePort()];
  const echo = start("tls-echo", `port=${echoPort}`);
  await echo.printed(`wss://localhost:${echoPort}/`);
  const app = start("server-client", `port=${port}`, `url=wss://localhost:${echoPort}/`, ca());
  await app.printed(`Received from wss://localhost:${echoPort}/: Hello Secure Websocket! 2`);
  expect(await app.stop("SIGINT")).toEqual({ code: 0, signal: null });
  expect(app.output.stdout).not.toContain("Error");
  expect(app.output.stderr).toBe("");
  expect(await echo.stop("SIGINT")).toEqual({ code: 0, signal: null });
});

test("refuses tls-echo without its authority, and goes on serving", async () => {
  const [echoPort, port] = [await findFreePort(), await findFreePort()];
  const echo = start("tls-echo", `port=${echoPort}`);
  await echo.printed(`wss://localhost:${echoPort}/`);
  const app = start("server-client", `port=${port}`, `url=wss://localhost:${echoPort}/`);
  await app.printed("TlsError ETLSUNTRUSTED");
  expect(app.output.stdout).not.toContain("Received");

  const clients = [new ClientWebSocket(), new ClientWebSocket()];
  const received = clients.map(
    (client) =>
      new Promise<string>((resolve) => (client.onMessageReceived = (_sender, { frame }) => resolve(frame.text))),
  );
  for (const client of clients) await client.connect(`ws://127.0.0.1:${port}/`);
  clients[0]?.sendString("to all, the sender included");
  expect(await Promise.all(received)).toEqual(new Array(2).fill("to all, the sender included"));
  const closed = clients.map(
    (client) => new Promise((resolve) => (client.onConnectionClosed = (_sender, e) => resolve(e.closeStatus))),
  );
  expect(await app.stop("SIGINT")).toEqual({ code: 0, signal: null });
  expect(await Promise.all(closed)).toEqual([1001, 1001]);
});

test("leaves on SIGINT with a closing handshake of its client", async () => {
  const { right, authority } = await testCertificates();
  const messages: string[] = [];
  const closed: string[] = [];
  const server = new WebSocketServer({
    port: 0,
    address: "127.0.0.1",
    identity: tlsIdentity(right.certificatesPem, right.privateKeyPem),
    onMessageReceived: (_server, { frame }) => messages.push(frame.text),
    onWebSocketClosed: (_server, e) => closed.push(`${e.closeStatus} ${e.wasClean ? "clean" : "unclean"}`),
  });
  await server.start();
  const caSetting = `ca=${Buffer.from(authority).toString("base64")}`;
  const app = start("server-client", `port=${await findFreePort()}`, `url=wss://localhost:${server.port}/`, caSetting);
  await eventually(() => messages.length > 0);
  expect(await app.stop("SIGINT")).toEqual({ code: 0, signal: null });
  await eventually(() => closed.length > 0);
  expect(closed).toEqual(["1001 clean"]);
  expect(messages[0]).toBe("Hello Secure Websocket! 1");
  server.abort();
});

test("ends with an error where its port is taken, or the URL is none", async () => {
  const taken = new WebSocketServer({ port: 0 });
  await taken.start();
  const app = start("server-client", `port=${taken.port}`);
  expect(await app.exited).toEqual({ code: 1, signal: null });
  taken.abort();
  const other = start("server-client", `port=${await findFreePort()}`, "url=https://localhost/");
  expect(await other.exited).toEqual({ code: 1, signal: null });
  expect(other.output.stderr).toContain("write wss:// for https://");
});
