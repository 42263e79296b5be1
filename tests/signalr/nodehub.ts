/** A hub on Node.js for a test. */

import { HttpListener } from "../../modules/http.js";
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

/** Starts the hub of testhub.ts on a free port of the loopback. */
export async function startNodeHub(options: HubServerOptions = {}, port = 0): Promise<NodeHub> {
  const counters: HubCounters = { cancelledStreams: 0 };
  const listener = new HttpListener({ port, address: "127.0.0.1" });
  const { methods } = createTestHub(counters);
  const hub = new HubServer(listener, "/hub", { ...options, methods: { ...methods, ...options.methods } });
  await hub.start();
  await listener.start();
  return {
    hub,
    listener,
    counters,
    url: `http://127.0.0.1:${listener.port}/hub`,
    async stop() {
      await hub.stop();
      listener.stop();
    },
  };
}
