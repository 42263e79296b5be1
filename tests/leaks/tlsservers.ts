/** Servers of wss on Node.js: one to be trusted, one that is not, and a network that cuts handshakes off. */

import { tlsIdentity } from "../../modules/pem.js";
import { WebSocketServer } from "../../modules/server.js";
import { TcpProxy, type Harms } from "../faults/proxy.js";
import { testCertificates } from "../support/certificates.js";
import type { Issued } from "../../apps/tls-echo/certificates.js";

/** In the middle of what either side says, by RST and by FIN, and right at the start. */
const CUTS: readonly Harms[] = [
  { toClient: { resetAt: 60 } },
  { toClient: { resetAt: 700 } },
  { toClient: { halfCloseAt: 5 } },
  { toClient: { halfCloseAt: 400 } },
  { toServer: { resetAt: 1 } },
  { toServer: { resetAt: 250 } },
];

export interface LeakTlsServers {
  /** The certificate that the right server's leads to. */
  readonly authority: Uint8Array;
  readonly right: string;
  readonly untrusted: string;
  /** Each cuts the handshake with the right server off at another place. */
  readonly cut: readonly string[];
  stop(): void;
}

async function serve({ certificatesPem, privateKeyPem }: Issued): Promise<WebSocketServer> {
  const server = new WebSocketServer({
    ...{ address: "127.0.0.1", port: 0, maxClients: 100 },
    identity: tlsIdentity(certificatesPem, privateKeyPem),
    onMessageReceived: (_sender, { webSocket }) => void webSocket.sendString("hello"),
  });
  await server.start();
  return server;
}

export async function startLeakTlsServers(): Promise<LeakTlsServers> {
  const { right, untrusted, authority } = await testCertificates();
  const servers = [await serve(right), await serve(untrusted)] as const;
  const proxies = CUTS.map((harms) => {
    const proxy = new TcpProxy(servers[0].port);
    proxy.harms = harms;
    return proxy;
  });
  for (const proxy of proxies) await proxy.listen();
  const uriOf = ({ port }: { readonly port: number }): string => `wss://127.0.0.1:${port}/`;
  return {
    authority,
    right: uriOf(servers[0]),
    untrusted: uriOf(servers[1]),
    cut: proxies.map(uriOf),
    stop() {
      for (const proxy of proxies) proxy.close();
      for (const server of servers) server.abort();
    },
  };
}
