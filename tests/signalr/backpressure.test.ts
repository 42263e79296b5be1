/** Streams that are read slowly slow their sender down, through the queues of the network: on Node.js. */

import { HubConnection, type HubConnectionOptions } from "../../modules/signalr/client.js";
import type { HubServerOptions } from "../../modules/signalr/server.js";
import { startNodeHub, type NodeHub } from "./nodehub.js";
import { eventually, letTimePass } from "../support/waiting.js";

/** More than the network takes: 20 MB. */
const COUNT = 20_000;
const TEXT = "x".repeat(1_000);

/** A stream that counts what was taken of it. */
class Source {
  taken = 0;
  isEnded = false;

  async *read(): AsyncGenerator<string, void, undefined> {
    try {
      for (let item = 0; item < COUNT; item++) {
        await Promise.resolve();
        this.taken++;
        yield TEXT;
      }
    } finally {
      this.isEnded = true;
    }
  }

  /** Waits until nothing was taken for a while. */
  async stalled(): Promise<void> {
    let before = -1;
    while (before !== this.taken || this.taken === 0) {
      before = this.taken;
      await letTimePass(300);
    }
    expect(this.taken).toBeLessThan(COUNT);
  }
}

let nodes: NodeHub[] = [];
let connections: HubConnection[] = [];

beforeEach(() => jest.spyOn(console, "log").mockImplementation(() => undefined));
afterEach(async () => {
  for (const connection of connections) await connection.stop();
  for (const node of nodes) await node.stop();
  [connections, nodes] = [[], []];
  jest.restoreAllMocks();
});

async function connect(hubOptions: HubServerOptions, options: HubConnectionOptions = {}): Promise<HubConnection> {
  const node = await startNodeHub({ maximumParallelInvocationsPerClient: 2, streamBufferSize: 32_768, ...hubOptions });
  nodes.push(node);
  const connection = new HubConnection(node.url, { closeTimeoutMs: 1_000, ...options });
  connections.push(connection);
  await connection.start();
  return connection;
}

async function countOf(items: AsyncIterable<string>): Promise<number> {
  let count = 0;
  for await (const item of items) if (item === TEXT) count++;
  return count;
}

/** After so long a silent peer is given up: a busy machine may take a second for nothing. */
const PATIENCE_MS = 3_000;

/** Both sides say something long before. */
const impatient = { keepAliveInterval: 200 };

describe("a stream from the hub", () => {
  const source = (): [Source, HubServerOptions] => {
    const items = new Source();
    return [items, { ...impatient, clientTimeoutInterval: PATIENCE_MS, methods: { Texts: () => items.read() } }];
  };

  test("waits for its reader, and nothing is lost", async () => {
    const [items, hubOptions] = source();
    const connection = await connect(hubOptions, { ...impatient, serverTimeout: PATIENCE_MS });
    const stream = connection.stream<string>("Texts");
    await items.stalled();
    await letTimePass(PATIENCE_MS + 500);
    expect(connection.state).toBe("Connected");
    expect(await countOf(stream)).toBe(COUNT);
    expect(await connection.invoke("Add", 1, 2)).toBe(3);
  });

  test("that is cancelled lets the others go on", async () => {
    const [items, hubOptions] = source();
    const connection = await connect(hubOptions, impatient);
    const stream = connection.stream<string>("Texts");
    await items.stalled();
    const sum = connection.invoke("Add", 1, 2);
    await letTimePass(100);
    stream.cancel();
    expect(await sum).toBe(3);
    expect(items.isEnded).toBe(true);
  });

  test("does not keep stop from its end, and its reader is told", async () => {
    const [items, hubOptions] = source();
    const connection = await connect(hubOptions, impatient);
    const stream = connection.stream<string>("Texts");
    await items.stalled();
    await connection.stop();
    await expect(countOf(stream)).rejects.toMatchObject({ code: "ERR_HUB_CLOSED" });
    await eventually(() => nodes[0]?.hub.clientsCount === 0 && items.isEnded);
  });

  test("fails where nobody reads it, and calls are answered then", async () => {
    const [items, hubOptions] = source();
    const connection = await connect(hubOptions, { ...impatient, streamStallTimeout: 1_000 });
    const stream = connection.stream<string>("Texts");
    await items.stalled();
    expect(await connection.invoke("Add", 1, 2)).toBe(3);
    await eventually(() => items.isEnded);
    await expect(countOf(stream)).rejects.toThrow("streamStallTimeout");
  });

  test("whose server is gone meanwhile ends when it is read", async () => {
    const [items, hubOptions] = source();
    const connection = await connect(hubOptions, impatient);
    const stream = connection.stream<string>("Texts");
    await items.stalled();
    const closed = new Promise((resolve) => (connection.onclose = resolve));
    await nodes[0]?.hub.stop({ error: "out of order" });
    await expect(countOf(stream)).rejects.toMatchObject({ code: "ERR_HUB_CLOSED" });
    expect(await closed).toBeInstanceOf(Error);
  });
});

describe("a stream to the hub", () => {
  test("waits for its method, and nothing is lost", async () => {
    const items = new Source();
    let goOn = (): void => undefined;
    const turn = new Promise<void>((resolve) => (goOn = resolve));
    const connection = await connect(
      {
        ...impatient,
        clientTimeoutInterval: PATIENCE_MS,
        methods: { Read: (_context, sent: AsyncIterable<string>) => turn.then(() => countOf(sent)) },
      },
      { ...impatient, serverTimeout: PATIENCE_MS },
    );
    const count = connection.invoke("Read", items.read());
    await items.stalled();
    await letTimePass(PATIENCE_MS + 500);
    expect(connection.state).toBe("Connected");
    goOn();
    expect(await count).toBe(COUNT);
  });

  test("fails where its method does not read it, and other calls are run then", async () => {
    const items = new Source();
    const failures: unknown[] = [];
    const ignore = async (_context: unknown, sent: AsyncIterable<string>): Promise<number> => {
      await letTimePass(2_500);
      return countOf(sent).catch((error: unknown) => failures.push(error));
    };
    const connection = await connect({ streamStallTimeout: 1_000, methods: { Ignore: ignore } });
    const result = connection.invoke("Ignore", items.read());
    await items.stalled();
    expect(await connection.invoke("Add", 1, 2)).toBe(3);
    expect(await result).toBe(1);
    expect(failures).toMatchObject([{ code: "ERR_TIMEOUT" }]);
  });

  test("whose client is gone does not keep its place", async () => {
    const items = new Source();
    const connection = await connect({
      streamStallTimeout: 800,
      clientTimeoutInterval: 500,
      methods: { Ignore: () => new Promise(() => undefined) },
    });
    connection.invoke("Ignore", items.read()).catch(() => undefined);
    await items.stalled();
    await connection.stop();
    await eventually(() => nodes[0]?.hub.clientsCount === 0);
  });

  test("counts until its call is over, even when it has come whole", async () => {
    const connection = await connect({ maximumStreams: 2, maximumParallelInvocationsPerClient: 1 });
    async function* none(): AsyncGenerator<number, void, undefined> {}
    const first = connection.invoke("Wait", 300);
    const sums = [1, 2, 3].map(() => connection.invoke("Sum", none()));
    await expect(sums[2]).rejects.toThrow("maximumStreams");
    await first;
    expect(await Promise.all(sums.slice(0, 2))).toEqual([0, 0]);
    expect(await connection.invoke("Sum", none())).toBe(0);
  });
});
