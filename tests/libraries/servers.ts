/** The servers of suite.ts, on Node. */

import { useServer } from "graphql-ws/use/ws";
import { buildSchema } from "graphql";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { WebSocketServer, type WebSocket } from "ws";
import { startNodeHub, type NodeHub } from "../signalr/nodehub.js";
import { serveHomeAssistant } from "./homeassistantserver.js";

/** The servers that run. */
export interface LibraryServers {
  readonly graphqlUrl: string;
  readonly homeAssistantUrl: string;
  readonly reconnectingUrl: string;
  readonly hubUrl: string;
  stop(): Promise<void>;
}

const SCHEMA = buildSchema(`
  type Query { echo(text: String!): String!, subscriptions: Int! }
  type Mutation { lose: Boolean }
  type Subscription { count(limit: Int!): Int! }
`);

/** The server part of graphql-ws, over `ws`. */
function serveGraphql(server: WebSocketServer): void {
  let subscriptions = 0;
  async function* count({ limit }: { readonly limit: number }): AsyncGenerator<{ count: number }> {
    subscriptions++;
    try {
      for (let item = 0; item < limit; item++) {
        await new Promise((resolve) => setImmediate(resolve));
        yield { count: item };
      }
    } finally {
      subscriptions--;
    }
  }
  useServer(
    {
      schema: SCHEMA,
      roots: {
        query: { echo: ({ text }: { readonly text: string }) => text, subscriptions: () => subscriptions },
        mutation: {
          lose: () => {
            for (const client of server.clients) client.terminate();
            return true;
          },
        },
        subscription: { count },
      },
    },
    server,
  );
}

/** Echoes; "close" and "cut" end the connection, in the two ways there are. */
function serveEcho(client: WebSocket): void {
  client.on("message", (data: Buffer, isBinary) => {
    const word = isBinary ? "" : data.toString();
    if (word === "close") client.close(1_012, "again");
    else if (word === "cut") client.terminate();
    else client.send(data, { binary: isBinary });
  });
}

async function listen(serve: (server: WebSocketServer) => void): Promise<WebSocketServer> {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  serve(server);
  await once(server, "listening");
  return server;
}

function portOf(server: WebSocketServer): number {
  return (server.address() as AddressInfo).port;
}

/** Starts all servers. */
export async function startLibraryServers(): Promise<LibraryServers> {
  const graphql = await listen(serveGraphql);
  const homeAssistant = await listen((server) => void server.on("connection", serveHomeAssistant));
  const echo = await listen((server) => void server.on("connection", serveEcho));
  const hub: NodeHub = await startNodeHub();
  return {
    graphqlUrl: `ws://127.0.0.1:${portOf(graphql)}/`,
    homeAssistantUrl: `http://127.0.0.1:${portOf(homeAssistant)}`,
    reconnectingUrl: `ws://127.0.0.1:${portOf(echo)}/`,
    hubUrl: hub.url,
    async stop() {
      await hub.stop();
      for (const server of [graphql, homeAssistant, echo]) {
        for (const client of server.clients) client.terminate();
        await new Promise((resolve) => server.close(resolve));
      }
    },
  };
}
