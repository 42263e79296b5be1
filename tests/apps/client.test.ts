/** The client sample on Node, with our server. */

import { WebSocketCloseStatus, WebSocketServer, type WebSocketServerOptions } from "../../modules/server.js";
import { findFreePort, startApp, type App } from "../support/apps.js";
import { eventually } from "../support/waiting.js";

const apps: App[] = [];
const servers: WebSocketServer[] = [];

afterEach(async () => {
  await Promise.all(apps.splice(0).map((app) => app.stop("SIGKILL")));
  for (const server of servers.splice(0)) server.abort();
});

function start(url: string): App {
  const app = startApp("client", {}, [`url=${url}`]);
  apps.push(app);
  return app;
}

/** A server whose events are told. */
class Watched {
  readonly events: string[] = [];
  readonly server: WebSocketServer;
  private waiting: (() => void) | undefined = undefined;

  constructor(options: WebSocketServerOptions = {}) {
    this.server = new WebSocketServer({ port: 0, address: "127.0.0.1", ...options });
    servers.push(this.server);
    this.server.onWebSocketOpened = (_server, { request }) =>
      this.tell(`opened ${String(request.headers.get("userid"))}`);
    this.server.onMessageReceived = (_server, { frame }) => this.tell(`text ${frame.text}`);
    this.server.onWebSocketClosed = (_server, e) =>
      this.tell(`closed ${e.closeStatus} ${e.wasClean ? "clean" : "unclean"}`);
  }

  get url(): string {
    return `ws://127.0.0.1:${this.server.port}/`;
  }

  get endPoint(): string {
    return this.server.listClients()[0] ?? "";
  }

  async until(event: string): Promise<void> {
    while (!this.events.includes(event)) await new Promise<void>((resolve) => (this.waiting = resolve));
  }

  private tell(event: string): void {
    this.events.push(event);
    this.waiting?.();
  }
}

test("says hello with its header, sends texts back, tells of bytes, and leaves on SIGINT with 1001", async () => {
  const watched = new Watched();
  await watched.server.start();
  const app = start(watched.url);
  await watched.until("text Hello Websocket!");
  expect(watched.events).toEqual(["opened nano", "text Hello Websocket!"]);
  watched.server.sendString(watched.endPoint, "Hello Websocket!");
  watched.server.sendString(watched.endPoint, "back");
  watched.server.sendData(watched.endPoint, new Uint8Array(5));
  await watched.until("text back");
  await app.printed("Received 5 bytes.");
  expect(await app.stop("SIGINT")).toEqual({ code: 0, signal: null });
  await watched.until("closed 1001 clean");
  // Its own hello was not sent back.
  expect(watched.events.slice(2)).toEqual(["text back", "closed 1001 clean"]);
  expect(app.output.stderr).toBe("");
  expect(app.output.stdout.split("\n")).toEqual([
    expect.stringMatching(/^xs-websockets \d/),
    `Connecting to ${watched.url}`,
    "Connected.",
    "Received: Hello Websocket!",
    "Received: back",
    "Received 5 bytes.",
    expect.stringContaining("The connection is closed: 1001"),
    "",
  ]);
});

test("a server that sends all it is sent to all, with a name before it, is not answered for ever", async () => {
  const watched = new Watched();
  await watched.server.start();
  const app = start(watched.url);
  await watched.until("text Hello Websocket!");
  for (const text of ["A says Hello Websocket!", "one", "A says one", "two"]) {
    watched.server.sendString(watched.endPoint, text);
    if (!text.startsWith("A")) await watched.until(`text ${text}`);
  }
  const answers = watched.events.filter((event) => event.startsWith("text") && event !== "text Hello Websocket!");
  expect(answers).toEqual(["text one", "text two"]);
  await app.stop("SIGINT");
});

test("closes with PolicyViolation on a fragmented message, and does not come back", async () => {
  const watched = new Watched();
  await watched.server.start();
  const app = start(watched.url);
  await watched.until("text Hello Websocket!");
  watched.server.sendString(watched.endPoint, "in fragments", 4);
  await watched.until(`closed ${WebSocketCloseStatus.PolicyViolation} clean`);
  expect(await app.exited).toEqual({ code: 0, signal: null });
  expect(app.output.stdout).not.toContain("again");
});

test("says why it cannot connect, and connects once the server is there", async () => {
  const port = await findFreePort();
  const app = start(`ws://127.0.0.1:${port}/`);
  await app.printed("Connecting again in");
  expect(app.output.stdout).toContain(`NetworkError ECONNREFUSED: Cannot connect to 127.0.0.1, port ${port}.`);
  const watched = new Watched({ port });
  await watched.server.start();
  await watched.until("text Hello Websocket!");
  await app.printed("Connected.");
  expect(await app.stop("SIGTERM")).toEqual({ code: 0, signal: null });
});

test("waits longer after each failure, and leaves on SIGINT meanwhile", async () => {
  const app = start(`ws://127.0.0.1:${await findFreePort()}/`);
  const waits = (): number[] => [...app.output.stdout.matchAll(/again in (\d+) ms/g)].map(([, ms]) => Number(ms));
  await eventually(() => waits().length > 2);
  const [first = 0, second = 0, third = 0] = waits();
  expect(first).toBeGreaterThanOrEqual(350);
  expect(first).toBeLessThanOrEqual(500);
  expect(second).toBeGreaterThanOrEqual(700);
  expect(third).toBeGreaterThanOrEqual(1_400);
  const { length } = waits();
  expect(await app.stop("SIGINT")).toEqual({ code: 0, signal: null });
  // It may have tried once more before the signal came.
  expect(waits().length).toBeLessThanOrEqual(length + 1);
});

test("says what the server answered instead, and ends: it would answer the same again", async () => {
  const watched = new Watched({ prefix: "/other" });
  await watched.server.start();
  const app = start(watched.url);
  expect(await app.exited).toEqual({ code: 1, signal: null });
  // Once.
  expect(app.output.stdout).not.toContain("404");
  expect(app.output.stderr).toMatch(/^The server answered 404 Not Found instead of 101\.[^\n]*\n$/);
});

test("connects again when the server goes away", async () => {
  const watched = new Watched();
  await watched.server.start();
  const { url, server } = watched;
  const app = start(url);
  await watched.until("text Hello Websocket!");
  server.disconnectClient(watched.endPoint, 1000, true);
  await app.printed("NetworkError");
  await eventually(() => watched.events.filter((event) => event === "opened nano").length > 1);
  await app.printed("Connected again.");
});

test("ends with an error where the URL is none", async () => {
  const app = start("http://127.0.0.1/");
  expect(await app.exited).toEqual({ code: 1, signal: null });
  expect(app.output.stderr).toContain("its scheme must be ws or wss, not http");
});
