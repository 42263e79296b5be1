/** A hub on Node.js for a test. */

import { HttpListener } from "../../modules/http.js";
import type { TlsIdentity } from "../../modules/pem.js";
import { HubServer, type HubServerOptions } from "../../modules/signalr/server.js";
import { createTestHub, type HubCounters } from "./testhub.js";

/** A hub that listens. */
export interface NodeHub {
  readonly hub: HubServer;
  readonly listener: HttpListener;
  readonly url: string;
  readonly counters: HubCounters;
  stop(): Promise<void>;
}

/** Starts the hub of testhub.ts on the loopback. @param port a free one unless given @param identity for TLS */
export async function startNodeHub(options: HubServerOptions = {}, port = 0, identity?: TlsIdentity): Promise<NodeHub> {
  const counters: HubCounters = { cancelledStreams: 0 };
  const listener = new HttpListener({ port, address: "127.0.0.1", ...(identity === undefined ? {} : { identity }) });
  const defaults = createTestHub(counters, (id) => void hub.disconnect(id, { allowReconnect: true }));
  const hub: HubServer = new HubServer(listener, "/hub", {
    ...defaults,
    ...options,
    methods: { ...defaults.methods, ...options.methods },
  });
  await hub.start();
  await listener.start();
  return {
    hub,
    listener,
    counters,
    url: `${identity === undefined ? "http" : "https"}://127.0.0.1:${listener.port}/hub`,
    async stop() {
      await hub.stop();
      listener.stop();
    },
  };
}
