/** On Node.js: nothing is left of connections, however they end. */

import { createServer, type AddressInfo, type Server } from "node:net";
import { ClientWebSocket } from "../../modules/client.js";
import { WebSocketServer } from "../../modules/server.js";
import { eventually } from "../support/waiting.js";
import { expectNoGrowth, usedMemory } from "./nodememory.js";
import { type LeakTlsServers, startLeakTlsServers } from "./tlsservers.js";
import { findFreePort } from "../support/apps.js";
import { withRawServer } from "../support/rawserver.js";
import { bytesOf, frame, joined } from "../support/vectors.js";

const CYCLES = 1_000;
/** Connects, and ends in one way. */
type Cycle = (port: number) => Promise<void>;

const echo: Cycle = async (port) => {
  const client = new ClientWebSocket();
  const closed = new Promise<void>((resolve) => (client.onConnectionClosed = () => resolve()));
  client.onMessageReceived = () => {
    client.close();
  };
  await client.connect(`ws://127.0.0.1:${port}/`);
  client.sendString("hello");
  await closed;
};

const abort: Cycle = async (port) => {
  const client = new ClientWebSocket();
  await client.connect(`ws://127.0.0.1:${port}/`);
  client.abort();
};

const abortWhileConnecting: Cycle = async (port) => {
  const client = new ClientWebSocket();
  const connecting = client.connect(`ws://127.0.0.1:${port}/`).catch(() => undefined);
  await Promise.resolve();
  client.abort();
  await connecting;
};

const fails = async (uri: string): Promise<void> => {
  await expect(new ClientWebSocket().connect(uri)).rejects.toThrow();
};

const CASES: readonly (readonly [string, Cycle])[] = [
  ["connect, echo, close", echo],
  ["connect, abort", abort],
  ["abort while connecting", abortWhileConnecting],
  ["a path that is refused", (port) => fails(`ws://127.0.0.1:${port}/nowhere`)],
];

test.each(CASES)("%s, a thousand times", async (_name, cycle) => {
  const server = new WebSocketServer({
    address: "127.0.0.1",
    port: 0,
    maxClients: 100,
    onMessageReceived: (_s, { webSocket }) => void webSocket.sendString("hello"),
  });
  await server.start();
  const repeat = async (count: number): Promise<void> => {
    for (let turn = 0; turn < count; turn++) await cycle(server.port);
    await eventually(() => server.clientsCount === 0);
  };
  await expectNoGrowth(CYCLES, repeat);
  await server.stop();
});

/** Runs attempts to warm up, and many more. */
async function expectNothingLeft(attempt: (turn: number) => Promise<void>): Promise<void> {
  await expectNoGrowth(CYCLES, async (count) => {
    for (let turn = 0; turn < count; turn++) await attempt(turn);
  });
}

const failMany = (uri: string): Promise<void> => expectNothingLeft(() => fails(uri));

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

test("a port where nobody listens, a thousand times", async () => {
  await failMany(`ws://127.0.0.1:${await findFreePort()}/`);
});

test("TLS that fails, a thousand times", async () => {
  const server = createServer((socket) =>
    socket
      .end("This is no TLS.\r\n")
      .resume()
      .on("error", () => undefined),
  );
  await failMany(`wss://127.0.0.1:${await listening(server)}/`);
  await new Promise((resolve) => server.close(resolve));
});

test.each(["lost", "aborted"] as const)(
  "a connection that is %s within a message, and still referred to, keeps nothing of it",
  async (how) => {
    await withRawServer(async (server) => {
      const kept: ClientWebSocket[] = [];
      const before = await usedMemory();
      for (let count = 0; count < 20; count++) {
        const client = new ClientWebSocket({ maxMessageBytes: 1_000_000 });
        const pong = new Promise<void>((resolve) => (client.onPongReceived = () => resolve()));
        const closed = new Promise<void>((resolve) => (client.onConnectionClosed = () => resolve()));
        const connected = client.connect(server.url);
        // The frame announces 999,936 bytes, for which there is room at once; the Pong before it shows that it came.
        const peer = await (
          await server.next()
        ).accept(joined([frame(0x8a, bytesOf(""), false), bytesOf("827f00000000000f420001")]));
        await connected;
        await pong;
        if (how === "lost") peer.socket.destroy();
        else client.abort();
        await closed;
        kept.push(client);
      }
      const { external } = await usedMemory();
      expect(kept).toHaveLength(20);
      // The messages would be 20,000,000.
      expect(external - before.external).toBeLessThan(8_000_000);
    });
  },
);

describe("wss", () => {
  let servers: LeakTlsServers;

  beforeAll(async () => {
    servers = await startLeakTlsServers();
  });

  afterAll(() => {
    servers.stop();
  });

  test("a certificate that is not to be trusted, a thousand times", async () => {
    const { untrusted, authority } = servers;
    await expectNothingLeft(async () => {
      const connecting = new ClientWebSocket({ certificate: authority }).connect(untrusted);
      await expect(connecting).rejects.toMatchObject({ code: "ETLSUNTRUSTED" });
    });
  });

  test("a handshake that is cut off in its middle, a thousand times", async () => {
    const { cut, authority } = servers;
    await expectNothingLeft(async (turn) => {
      const connecting = new ClientWebSocket({ certificate: authority }).connect(cut[turn % cut.length] ?? "");
      await expect(connecting).rejects.toMatchObject({ name: "NetworkError" });
    });
  });

  test("connect, echo, close, a thousand times", async () => {
    const { right, authority } = servers;
    await expectNothingLeft(async () => {
      const client = new ClientWebSocket({ certificate: authority });
      const closed = new Promise<void>((resolve) => (client.onConnectionClosed = () => resolve()));
      client.onMessageReceived = () => {
        client.close();
      };
      await client.connect(right);
      client.sendString("hello");
      await closed;
    });
  });
});
