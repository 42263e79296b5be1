/** Clients of wss on XS in the simulator, to servers of others. ASP.NET Core is met in tests/signalr/tls.test.ts. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { connect } from "node:net";
import { findFreePort } from "../support/apps.js";
import { describeIf } from "../support/describeif.js";
import { findTlsSimulatorSdk, tlsSimulatorNeeds } from "../support/simulator.js";
import { startWsEchoServer } from "../interop/wsechoserver.js";
import { TlsServers } from "./xsservers.js";
import { LONG_MS } from "../support/building.js";
import { eventually } from "../support/waiting.js";

const sdk = findTlsSimulatorSdk();
/** Debian puts it where only root looks. */
const nginx = ["/usr/sbin/nginx", "/usr/bin/nginx"].find((file) => existsSync(file));

describeIf(sdk !== undefined, tlsSimulatorNeeds, "wss clients on XS, in the simulator", () => {
  let servers: TlsServers;
  let certificate: string;
  let key: string;
  const running: ChildProcess[] = [];

  beforeAll(async () => {
    if (sdk === undefined) return;
    servers = await TlsServers.start(sdk);
    certificate = servers.write("right.pem", servers.certificates.right.certificatesPem);
    key = servers.write("right.key", servers.certificates.right.privateKeyPem);
  }, LONG_MS);
  afterEach(async () => {
    for (const child of running.splice(0))
      if (child.exitCode === null && child.kill("SIGKILL")) await once(child, "close");
  });
  afterAll(async () => {
    // Undefined where the app did not start.
    await (servers as TlsServers | undefined)?.stop();
  });

  async function start(program: string, parameters: readonly string[], port: number): Promise<void> {
    running.push(spawn(program, parameters, { stdio: ["pipe", "ignore", "inherit"] }));
    await eventually(async () => {
      const socket = connect({ port, host: "127.0.0.1" });
      const isOpen = await once(socket, "connect").then(
        () => true,
        () => false,
      );
      socket.destroy();
      return isOpen;
    }, `${program} listens`);
  }

  /** Connects three times, so that a session is resumed where the server lets it. */
  function connectTo(port: number, resource: string): Promise<unknown> {
    const authority = Buffer.from(servers.certificates.authority).toString("base64");
    return servers.app.ask("connect", { uri: `wss://localhost:${port}${resource}`, authority, count: 3 });
  }

  test.each([
    "-tls1_2",
    "-tls1_3",
    "-tls1_2 -max_send_frag 512",
    "-tls1_3 -max_send_frag 512",
    "-tls1_2 -cipher ECDHE-ECDSA-CHACHA20-POLY1305",
    "-tls1_3 -ciphersuites TLS_CHACHA20_POLY1305_SHA256",
    "-tls1_3 -groups P-521",
    "-tls1_2 -no_ticket",
  ])("OpenSSL s_server %s", async (options) => {
    const port = await findFreePort();
    // With "-www" it answers by a page: no WebSocket, but TLS is there.
    const identity = ["-www", "-cert", certificate, "-cert_chain", certificate, "-key", key];
    await start("openssl", ["s_server", "-quiet", "-accept", `${port}`, ...identity, ...options.split(" ")], port);
    expect(await connectTo(port, "/")).toEqual({ ERR_HANDSHAKE: 3 });
  });

  describeIf(nginx !== undefined, "nginx", "nginx", () => {
    test("as a proxy in front of ws", async () => {
      const echo = await startWsEchoServer();
      const prefix = mkdtempSync(path.join(tmpdir(), "nginx-"));
      const port = await findFreePort();
      const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
        (name) => `${name}_temp_path ${name};`,
      );
      const file = servers.write(
        "nginx.conf",
        `daemon off; master_process off; pid nginx.pid; error_log stderr crit; events { worker_connections 64; }
         http { access_log off; ${temporary.join(" ")} server { listen 127.0.0.1:${port} ssl;
           ssl_certificate ${certificate}; ssl_certificate_key ${key};
           location / { proxy_pass http://127.0.0.1:${echo.port}; proxy_http_version 1.1;
             proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection "upgrade"; } } }`,
      );
      try {
        await start(nginx ?? "", ["-p", prefix, "-c", file], port);
        expect(await connectTo(port, "/")).toEqual({ "": 3 });
      } finally {
        await echo.stop();
        rmSync(prefix, { recursive: true });
      }
    });
  });
});
