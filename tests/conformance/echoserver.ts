/** The servers under test: one for each profile. Runs on XS too. */

import { WebSocketServer, type WebSocketServerOptions } from "xs-websockets/server";
import { answer } from "./echo.js";
import { ALLOWED_ORIGIN, handshakeTimeoutOf, PROFILE_NAMES, PROFILES, type Ports, type Profile } from "./profiles.js";

/** Servers on free ports. */
export interface EchoServers {
  /** The port of each profile. */
  readonly ports: Ports;
  /** Clients of all servers. */
  readonly clientsCount: number;
  abort(): void;
}

/** Starts them. The profile `names` also answers a client that asks for the number of clients. */
export async function startEchoServers(names = PROFILE_NAMES): Promise<EchoServers> {
  const servers: WebSocketServer[] = [];
  const countClients = (): number => servers.reduce((count, { clientsCount }) => count + clientsCount, 0);
  const ports: Partial<Record<Profile, number>> = {};
  for (const name of names) {
    const options: WebSocketServerOptions = {
      ...PROFILES[name],
      port: 0,
      maxClients: 64,
      handshakeTimeoutMs: handshakeTimeoutOf(name),
      allowedOrigins: name === "names" ? [ALLOWED_ORIGIN] : [],
    };
    const server = new WebSocketServer(options);
    server.onMessageReceived = (_sender, e) => {
      if (e.frame.text === "!count") e.webSocket.sendString(String(countClients()));
      else answer(e);
    };
    await server.start();
    servers.push(server);
    ports[name] = server.port;
  }
  return {
    ports,
    get clientsCount() {
      return countClients();
    },
    abort() {
      for (const server of servers) server.abort();
    },
  };
}
