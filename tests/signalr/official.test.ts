/** HubServer on Node.js with the official client, @microsoft/signalr. */

import * as signalR from "@microsoft/signalr";
import type { HubCallerContext } from "../../modules/signalr/server.js";
import { WebSocket as WsClient } from "ws";
import { HUB_SERVER_DEFAULTS } from "../../modules/signalr/server/options.js";
import { startNodeHub, type NodeHub } from "./nodehub.js";
import { itemsOf, officialClient, officialTests } from "./officialsuite.js";
import { eventually, letTimePass } from "../support/waiting.js";

const suite = { url: "" };
let node: NodeHub;
const hubs: NodeHub[] = [];

/** A hub that is stopped after its test. */
async function startHub(...parameters: Parameters<typeof startNodeHub>): Promise<NodeHub> {
  const hub = await startNodeHub(...parameters);
  hubs.push(hub);
  return hub;
}

beforeAll(async () => {
  node = await startNodeHub();
  suite.url = node.url;
});
afterAll(() => node.stop());
beforeEach(() => jest.spyOn(console, "log").mockImplementation(() => undefined));
afterEach(async () => {
  for (const hub of hubs.splice(0)) await hub.stop();
  jest.restoreAllMocks();
});

const tests = officialTests(suite);

test.each(Object.keys(tests))("%s", async (name) => {
  await tests[name]?.();
});

describe("a hub with its defaults", () => {
  async function connect(): Promise<signalR.HubConnection> {
    const names = Object.keys(HUB_SERVER_DEFAULTS);
    const defaults = Object.fromEntries([...names, "maxClients"].map((name) => [name, undefined]));
    const { url } = await startHub(defaults);
    const client = officialClient(url).build();
    await client.start();
    return client;
  }

  test("serves calls, of which the client puts many into one frame", async () => {
    const client = await connect();
    const text = "x".repeat(1_900);
    expect(await client.invoke("Echo", text)).toBe(text);
    expect(await client.invoke("Echo", { red: 1, green: [2, 3] })).toEqual({ red: 1, green: [2, 3] });
    const sums = await Promise.all(Array.from({ length: 60 }, (_, at) => client.invoke<number>("Add", at, 1)));
    expect(sums).toEqual(Array.from({ length: 60 }, (_, at) => at + 1));
    await client.stop();
  });

  test("streams both ways", async () => {
    const client = await connect();
    expect(await itemsOf(client.stream("Count", 500, 0))).toHaveLength(500);
    const subject = new signalR.Subject<number>();
    const sum = client.invoke<number>("Sum", subject);
    for (let item = 0; item < 500; item++) {
      // As fast as the network takes them.
      if (item % 20 === 0) await new Promise((resolve) => setImmediate(resolve));
      subject.next(item);
    }
    subject.complete();
    expect(await sum).toBe(124_750);
    await client.stop();
  });
});

describe("a hub that stops", () => {
  test("asks clients to reconnect, and they do", async () => {
    const first = await startHub();
    const { port } = first.listener;
    const client = officialClient(first.url)
      .withAutomaticReconnect([0, ...Array.from({ length: 100 }, () => 100)])
      .build();
    await client.start();
    const reconnected = new Promise((resolve) => client.onreconnected(resolve));
    await first.hub.stop({ allowReconnect: true });
    first.listener.stop();
    const second = await startHub({}, port);
    expect(await reconnected).toBe(second.hub.connectionIds[0]);
    expect(await client.invoke("Add", 1, 2)).toBe(3);
    await client.stop();
  });

  test("ends clients for good, with its reason", async () => {
    const { hub, url } = await startHub();
    const client = officialClient(url).withAutomaticReconnect([0]).build();
    const reconnecting = jest.fn();
    client.onreconnecting(reconnecting);
    await client.start();
    const closed = new Promise((resolve) => client.onclose(resolve));
    await hub.stop({ error: "out of order" });
    expect(await closed).toMatchObject({ message: "Server returned an error on close: out of order" });
    expect(reconnecting).not.toHaveBeenCalled();
  });

  test("refuses while it is stopped", async () => {
    const { hub, url } = await startHub();
    await hub.stop();
    await expect(officialClient(url).build().start()).rejects.toThrow("503");
    await expect(officialClient(url, true).build().start()).rejects.toThrow();
  });
});

describe("silence", () => {
  test("a client that is silent is closed, and may reconnect", async () => {
    const errors: unknown[] = [];
    const onDisconnected = (_context: HubCallerContext, error?: Error): void => void errors.push(error);
    const { hub, url } = await startHub({ clientTimeoutInterval: 1_000, onDisconnected });
    const client = officialClient(url).build();
    client.keepAliveIntervalInMilliseconds = 10_000;
    await client.start();
    const closed = new Promise((resolve) => client.onclose(resolve));
    expect(await closed).toMatchObject({
      message: expect.stringContaining("Connection closed with an error.") as string,
    });
    await hub.stop();
    expect(errors).toMatchObject([{ code: "ERR_TIMEOUT" }]);
  });

  test("a hub that is silent is noticed by the client", async () => {
    const { url } = await startHub({ keepAliveInterval: 0 });
    const client = officialClient(url).build();
    await client.start();
    const closed = new Promise((resolve) => client.onclose(resolve));
    client.serverTimeoutInMilliseconds = 300;
    // What comes next starts the new time.
    client.invoke("Nothing").catch(() => undefined);
    expect(await closed).toMatchObject({ message: expect.stringContaining("Server timeout elapsed") as string });
  });

  test("the Pings of both hold an idle connection", async () => {
    const { hub, url } = await startHub({ clientTimeoutInterval: 2_000, keepAliveInterval: 150 });
    const client = officialClient(url).build();
    client.serverTimeoutInMilliseconds = 2_000;
    client.keepAliveIntervalInMilliseconds = 150;
    await client.start();
    await letTimePass(3_000);
    expect(client.state).toBe(signalR.HubConnectionState.Connected);
    expect(hub.clientsCount).toBe(1);
    await client.stop();
  });
});

describe("limits", () => {
  test("a record that is too long closes the connection with an error", async () => {
    const { url } = await startHub({ maximumReceiveMessageSize: 1_024 });
    const client = officialClient(url).build();
    await client.start();
    const closed = new Promise((resolve) => client.onclose(resolve));
    client.send("Echo", "x".repeat(1_500)).catch(() => undefined);
    expect(await closed).toMatchObject({
      message: expect.stringContaining("Connection closed with an error.") as string,
    });
  });

  test("whose client may come back", async () => {
    const { url } = await startHub({ maximumReceiveMessageSize: 1_024 });
    const client = officialClient(url).withAutomaticReconnect([0]).build();
    await client.start();
    const reconnected = new Promise((resolve) => client.onreconnected(resolve));
    client.send("Echo", "x".repeat(1_500)).catch(() => undefined);
    await reconnected;
    expect(await client.invoke("Add", 1, 2)).toBe(3);
    await client.stop();
  });

  test("more clients than maxClients are refused", async () => {
    const { url } = await startHub({ maxClients: 1 });
    const first = officialClient(url).build();
    await first.start();
    await expect(officialClient(url).build().start()).rejects.toThrow();
    await first.stop();
  });

  test("a stream beyond maximumStreams fails, the others go on", async () => {
    const { url } = await startHub({ maximumStreams: 1 });
    const client = officialClient(url).build();
    await client.start();
    const subscription = client.stream("Count", 1_000, 10).subscribe({ next() {}, complete() {}, error() {} });
    await expect(itemsOf(client.stream("Count", 1, 0))).rejects.toThrow("Too many streams");
    subscription.dispose();
    await client.invoke("Nothing");
    expect(await itemsOf(client.stream("Count", 1, 0))).toEqual([0]);
    await client.stop();
  });

  test("a stream whose call waits for its turn is kept for it", async () => {
    const { url } = await startHub();
    const client = officialClient(url).build();
    await client.start();
    const subject = new signalR.Subject<number>();
    const first = client.invoke("Wait", 100);
    const sum = client.invoke("Sum", subject);
    for (let item = 0; item < 10; item++) subject.next(item);
    subject.complete();
    await first;
    expect(await sum).toBe(45);
    await client.stop();
  });

  test("calls run one after another unless more are allowed", async () => {
    const running = { now: 0, most: 0 };
    const work = async (): Promise<void> => {
      running.most = Math.max(running.most, ++running.now);
      await letTimePass(10);
      running.now--;
    };
    for (const maximumParallelInvocationsPerClient of [1, 3]) {
      running.most = 0;
      const { url } = await startHub({ maximumParallelInvocationsPerClient, methods: { Work: work } });
      const client = officialClient(url).build();
      await client.start();
      await Promise.all(Array.from({ length: 6 }, () => client.invoke("Work")));
      expect(running.most).toBe(maximumParallelInvocationsPerClient);
      await client.stop();
    }
  });
});

describe("the door", () => {
  test("authorize is asked at the negotiation and at the upgrade, and may take its time", async () => {
    const authorize = jest.fn(async (request: { headers: { get(name: string): string | undefined } }) => {
      await letTimePass(5);
      return request.headers.get("authorization") === "Bearer right" || { statusCode: 401 };
    });
    const { url } = await startHub({ authorize });
    const build = (token: string): signalR.HubConnection =>
      new signalR.HubConnectionBuilder()
        .withUrl(url, { accessTokenFactory: () => token })
        .configureLogging(signalR.LogLevel.None)
        .build();
    await expect(build("wrong").start()).rejects.toThrow("401");
    authorize.mockClear();
    const client = build("right");
    await client.start();
    expect(authorize).toHaveBeenCalledTimes(2);
    await client.stop();
  });

  test("the hooks know who comes and goes", async () => {
    const events: string[] = [];
    const { url } = await startHub({
      onConnected: async (context: HubCallerContext) => {
        await letTimePass(20);
        context.items.set("name", "x");
        events.push(`connected ${context.connectionId}`);
      },
      onDisconnected: (context, error) => void events.push(`disconnected ${context.connectionId} ${String(error)}`),
      methods: { Name: ({ items }: HubCallerContext) => items.get("name") },
    });
    const client = officialClient(url).build();
    await client.start();
    const id = client.connectionId ?? "";
    expect(await client.invoke("Name")).toBe("x");
    await client.stop();
    await eventually(() => events.length > 1);
    expect(events).toEqual([`connected ${id}`, `disconnected ${id} undefined`]);
  });

  test("an id that was not issued, or is in use, is refused", async () => {
    const { url } = await startHub();
    const { connectionToken } = (await (
      await fetch(`${url}/negotiate?negotiateVersion=1`, { method: "POST" })
    ).json()) as {
      connectionToken: string;
    };
    const open = (token: string): Promise<string> =>
      new Promise((resolve) => {
        const client = new WsClient(`${url.replace("http", "ws")}?id=${token}`);
        client.on("open", () => client.send('{"protocol":"json","version":1}\x1e'));
        client.on("message", () => resolve("open"));
        client.on("error", (error) => resolve(error.message));
      });
    expect(await open("invented")).toContain("404");
    expect(await open(connectionToken)).toBe("open");
    expect(await open(connectionToken)).toContain("409");
  });

  test("the negotiation's answer, and what is refused", async () => {
    const { url } = await startHub({ allowedOrigins: ["https://example.org"] });
    const ask = (init: RequestInit, query = "?negotiateVersion=1"): Promise<Response> =>
      fetch(`${url}/negotiate${query}`, { method: "POST", ...init });
    const answer = (await (await ask({})).json()) as Record<string, unknown>;
    expect(answer).toEqual({
      negotiateVersion: 1,
      connectionId: expect.stringMatching(/^[\w-]{22}$/) as string,
      connectionToken: expect.stringMatching(/^[\w-]{22}\.[\w-]{27}$/) as string,
      availableTransports: [{ transport: "WebSockets", transferFormats: ["Text", "Binary"] }],
    });
    expect(await (await ask({}, "")).text()).toMatch(/^\{"negotiateVersion":0,"connectionId":"[\w-]{22}\.[\w-]{27}"/);
    expect((await ask({ method: "GET" })).status).toBe(405);
    expect((await ask({ headers: { Origin: "https://example.com" } })).status).toBe(403);
    const allowed = await ask({ headers: { Origin: "https://example.org" } });
    expect(allowed.headers.get("access-control-allow-origin")).toBe("https://example.org");
    const preflight = { Origin: "https://example.org", "Access-Control-Request-Headers": "x-requested-with" };
    const { status, headers } = await ask({ method: "OPTIONS", headers: preflight });
    expect([status, headers.get("access-control-allow-headers")]).toEqual([204, "x-requested-with"]);
    expect((await fetch(url.replace("/hub", "/other"))).status).toBe(404);
  });
});
