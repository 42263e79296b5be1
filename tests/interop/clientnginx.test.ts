/** Our client, by TLS, with nginx, which passes all on to the server of the npm package `ws`. */

import { ClientWebSocket, HandshakeError } from "xs-websockets/client";
import { findFreePort } from "../support/apps.js";
import { testCertificates } from "../support/certificates.js";
import { describeIf } from "../support/describeif.js";
import { nginx, type Proxy, startNginx } from "../support/proxies.js";
import { testServer } from "./clientsuite.js";
import { startWsEchoServer, type EchoServer } from "./wsechoserver.js";

/** What nginx serves. */
function configOf(port: number, upstreamPort: number): string {
  return `
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
      }`;
}

describeIf(nginx !== undefined, "nginx", "nginx as wss proxy in front of ws", () => {
  let echo: EchoServer;
  let proxy: Proxy;
  let port = 0;
  let certificate: Uint8Array;

  beforeAll(async () => {
    const certificates = await testCertificates();
    certificate = certificates.authority;
    echo = await startWsEchoServer();
    port = await findFreePort();
    const files = { "chain.pem": certificates.right.certificatesPem, "key.pem": certificates.right.privateKeyPem };
    proxy = await startNginx(configOf(port, echo.port), port, files);
  });
  afterAll(async () => {
    await proxy.stop();
    await echo.stop();
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
