/** What a HubConnection does with tests/interop/dotnet/SignalRServer, beside the suite for every hub. Runs on XS too. */

import { HubConnection, HubConnectionState, type HubConnectionOptions } from "xs-websockets/signalr/client";
import { assertEqual, codeOf, type Tests } from "../support/assertions.js";
import { failureOf, type ClientSuite } from "./clientsuite.js";
import { eventually, letTimePass } from "../support/waiting.js";

/** What a connection told of its state. */
interface Story {
  readonly connection: HubConnection;
  readonly reconnecting: (Error | undefined)[];
  readonly reconnected: (string | undefined)[];
  readonly closed: (Error | undefined)[];
}

function tell(url: string, options: HubConnectionOptions): Story {
  const story = { reconnecting: [], reconnected: [], closed: [] } as Omit<Story, "connection">;
  const connection = new HubConnection(url, {
    ...options,
    onreconnecting: (error) => story.reconnecting.push(error),
    onreconnected: (id) => story.reconnected.push(id),
    onclose: (error) => story.closed.push(error),
  });
  return { connection, ...story };
}

function silence({ url, options }: ClientSuite): Tests {
  return {
    "the Pings of both sides hold a connection that is idle": async () => {
      const { connection, closed } = tell(url, { ...options, serverTimeout: 2_500, keepAliveInterval: 1_000 });
      await connection.start();
      await letTimePass(4_500);
      assertEqual(closed.length, 0, "how often it was closed");
      assertEqual(await connection.invoke("Add", 1, 1), 2, "the sum");
      await connection.stop();
    },
    "a client that is silent is closed by the server, and connects again": async () => {
      // The server expects Pings from the first on: it comes after 4 s, and the server waits for 3 s.
      const patient = { ...options, keepAliveInterval: 4_000, automaticReconnect: [0], negotiate: true };
      const { connection, reconnecting, reconnected, closed } = tell(url, patient);
      await connection.start();
      await eventually(() => reconnected.length === 1, "it is connected again");
      assertEqual(codeOf(reconnecting[0]), "ERR_HUB_CLOSED", "why it was lost");
      const { allowReconnect } = reconnecting[0] as { allowReconnect?: boolean };
      assertEqual(allowReconnect, true, "whether the server lets it connect again");
      assertEqual(await connection.invoke("MyId"), reconnected[0], "the new id");
      await connection.stop();
      assertEqual(closed.length, 1, "how often it was closed");
    },
    "a server that is silent is noticed": async () => {
      // It sends a Ping each second.
      const { connection, closed } = tell(url, { ...options, serverTimeout: 800 });
      await connection.start();
      await eventually(() => closed.length === 1, "it is closed");
      assertEqual(codeOf(closed[0]), "ERR_TIMEOUT", "why");
      assertEqual(connection.state, HubConnectionState.Disconnected, "the state");
    },
  };
}

function doors({ url, options }: ClientSuite): Tests {
  const other = (path: string): string => `${url.slice(0, url.lastIndexOf("/"))}/${path}`;
  return {
    "a negotiation that is passed on brings its token along": async () => {
      const connection = new HubConnection(other("redirect"), { ...options, negotiate: true });
      await connection.start();
      assertEqual(await connection.invoke("MyId"), connection.connectionId, "the id");
      await connection.stop();
    },
    "a token of one's own is sent, negotiated or not": async () => {
      for (const negotiate of [false, true]) {
        const refused = new HubConnection(other("guarded"), {
          ...options,
          negotiate,
          accessTokenFactory: () => "wrong",
        });
        const error = await failureOf(refused.start());
        assertEqual(codeOf(error), negotiate ? "ERR_NEGOTIATION" : "ERR_HANDSHAKE", "the error");
        assertEqual((error as { statusCode?: number }).statusCode, 401, "the status");
        const accessTokenFactory = (): Promise<string> => Promise.resolve("secret-token");
        const connection = new HubConnection(other("guarded"), { ...options, negotiate, accessTokenFactory });
        await connection.start();
        await connection.stop();
      }
    },
    "a path without a hub is told": async () => {
      const negotiated = await failureOf(new HubConnection(other("no"), { ...options, negotiate: true }).start());
      assertEqual(codeOf(negotiated), "ERR_NEGOTIATION", "the error of the negotiation");
      assertEqual((negotiated as { statusCode?: number }).statusCode, 404, "its status");
      const direct = await failureOf(new HubConnection(other("no"), options).start());
      assertEqual(codeOf(direct), "ERR_HANDSHAKE", "the error of the upgrade");
    },
  };
}

function bursts({ url, options }: ClientSuite): Tests {
  return {
    // It then sends messages of 64 KB, in fragments.
    "a stream that is faster than the network comes whole": async () => {
      const connection = new HubConnection(url, options);
      await connection.start();
      let sum = 0;
      for await (const item of connection.stream<number>("Count", 5_000, 0)) sum += item;
      assertEqual(sum, 12_497_500, "the sum of the items");
      await connection.stop();
    },
  };
}

/** The tests. */
export function aspNetCoreTests(suite: ClientSuite): Tests {
  return { ...doors(suite), ...bursts(suite), ...silence(suite) };
}
