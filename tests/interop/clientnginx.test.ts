/** Our client, by TLS, with nginx, which passes all on to the server of the npm package `ws`. */

import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { ClientWebSocket, HandshakeError } from "xs-websockets/client";
import { findFreePort } from "../support/apps.js";
import { testCertificates } from "../support/certificates.js";
import { describeIf } from "../support/describeif.js";
import { testServer } from "./clientsuite.js";
import { startWsEchoServer, type EchoServer } from "./wsechoserver.js";

/** Debian puts it where only root looks. */
const nginx = ["/usr/sbin/nginx", "/usr/local/sbin/nginx", "/usr/bin/nginx", "/opt/homebrew/bin/nginx"].find((file) =>
  existsSync(file),
);

/** A proxy of one process, whose files are all in its prefix. */
function configOf(port: number, upstreamPort: number): string {
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) => `${name}_temp_path ${name};`);
  return `
    daemon off;
    master_process off;
    pid nginx.pid;
    error_log stderr crit;
    events { worker_connections 64; }
    http {
      access_log off;
      ${temporary.join("\n      ")}
      server {
        listen 127.0.0.1:${port} ssl;
        ssl_certificate chain.pem;
        ssl_certificate_key key.pem;
        location /echo {
          proxy_pass http://127.0.0.1:${upstreamPort};
          proxy_http_version 1.1;
          proxy_set_header Upgrade $http_upgrade;
          proxy_set_header Connection "upgrade";
          proxy_set_header Host $host;
        }
        location /gone { proxy_pass http://127.0.0.1:1; }
        location /forbidden { return 403 "go away"; }
      }
    }`;
}

async function waitForPort(port: number): Promise<void> {
  for (let turn = 0; turn < 100; turn++) {
    const isOpen = await new Promise<boolean>((resolve) => {
      const socket = connect({ port, host: "127.0.0.1" }, () => {
        socket.destroy();
        resolve(true);
      });
      socket.on("error", () => resolve(false));
    });
    if (isOpen) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("nginx has not started");
}

describeIf(nginx !== undefined, "nginx", "nginx as wss proxy in front of ws", () => {
  let echo: EchoServer;
  let proxy: ChildProcess;
  let prefix = "";
  let port = 0;
  let certificate: Uint8Array;

  beforeAll(async () => {
    const certificates = await testCertificates();
    certificate = certificates.authority;
    prefix = mkdtempSync(path.join(tmpdir(), "nginx-"));
    echo = await startWsEchoServer();
    port = await findFreePort();
    writeFileSync(path.join(prefix, "chain.pem"), certificates.right.certificatesPem);
    writeFileSync(path.join(prefix, "key.pem"), certificates.right.privateKeyPem, { mode: 0o600 });
    writeFileSync(path.join(prefix, "nginx.conf"), configOf(port, echo.port));
    proxy = spawn(nginx ?? "", ["-p", prefix, "-c", "nginx.conf", "-e", "stderr"], { stdio: "ignore" });
    await waitForPort(port);
  });
  afterAll(async () => {
    const ended = new Promise((resolve) => proxy.once("close", resolve));
    proxy.kill("SIGTERM");
    await ended;
    await echo.stop();
    rmSync(prefix, { recursive: true, force: true });
  });

  testServer(() => `wss://localhost:${port}/echo`, { pings: true, options: () => ({ certificate }) });

  test.each([
    ["/forbidden", 403, "go away"],
    ["/gone", 502, "Bad Gateway"],
    ["/nothing", 404, "Not Found"],
  ])("%s is answered with %d", async (location, statusCode, body) => {
    const client = new ClientWebSocket({ certificate });
    const error = await client.connect(`wss://localhost:${port}${location}`).catch((thrown: unknown) => thrown);
    if (!(error instanceof HandshakeError)) throw error;
    expect(error).toMatchObject({ statusCode, answer: { body: expect.stringContaining(body) as string } });
    expect(error.answer?.headers.get("server")).toContain("nginx");
  });

  test("its certificate is not trusted of itself", async () => {
    await expect(new ClientWebSocket().connect(`wss://localhost:${port}/echo`)).rejects.toMatchObject({
      code: "ETLSUNTRUSTED",
    });
  });
});
