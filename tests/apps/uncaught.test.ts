/** The samples go on after exceptions that nobody catches, and log them: on Node.js and in the simulator. */

import { once } from "node:events";
import { WebSocket } from "ws";
import { WebSocketCloseStatus, WebSocketServer } from "../../modules/server.js";
import { type App, findFreePort, startApp } from "../support/apps.js";
import { describeIf } from "../support/describeif.js";
import { findTlsSimulatorSdk, Simulator, tlsSimulatorNeeds } from "../support/simulator.js";
import { LONG_MS } from "../support/building.js";
import { eventually } from "../support/waiting.js";

const PROVOKED = ["provoked in a timer", "provoked in a promise"];

/** What is beside a sample on Node.js, and throws when it is sent this signal. tests/apps/xs/throwing.ts is for XS. */
const SIGNAL = "SIGUSR2";
const REJECT = `Promise.reject(new Error('${PROVOKED[1]}'))`;
const ON_SIGNAL = `process.on('${SIGNAL}', () => { ${REJECT}; throw new Error('${PROVOKED[0]}') })`;
const THROWING = `--import=data:text/javascript,${encodeURIComponent(ON_SIGNAL)}`;

/** How often all of the provoked exceptions were logged. */
function countOf(lines: readonly string[]): number {
  return Math.min(...PROVOKED.map((text) => lines.filter((line) => line.includes(text)).length));
}

/** Opens a WebSocket of a server, sends something, and waits for an answer. */
async function talk(port: number, message: string | Buffer): Promise<void> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/`);
  await once(socket, "open");
  socket.send(message);
  await once(socket, "message");
  socket.close();
  await once(socket, "close");
}

async function fetchPage(port: number): Promise<void> {
  const page = await fetch(`http://127.0.0.1:${port}/`);
  expect(page.status).toBe(200);
  expect(await page.text()).toContain("</html>");
}

async function servesLight(port: number): Promise<void> {
  await fetchPage(port);
  await talk(port, Buffer.from([1, 2, 3]));
}

/** A server that closes each connection after the first text: its client is to come again. */
async function serveShortly(): Promise<{ readonly server: WebSocketServer; readonly texts: string[] }> {
  const texts: string[] = [];
  const server = new WebSocketServer({ address: "127.0.0.1", port: 0 });
  server.onMessageReceived = (_sender, { frame, webSocket }) => {
    texts.push(frame.text);
    // After 1000 it would not come back.
    webSocket.close(WebSocketCloseStatus.EndpointUnavailable);
  };
  await server.start();
  return { server, texts };
}

function saysHelloAgain(texts: readonly string[]): () => Promise<void> {
  return async () => {
    const before = texts.length;
    await eventually(() => texts.length > before, "another hello");
  };
}

describe("on Node.js", () => {
  const apps: App[] = [];

  afterEach(async () => {
    await Promise.all(apps.splice(0).map((app) => app.stop("SIGKILL")));
  });

  /** Starts a sample, waits for a line, and lets it throw twice: it does its work all the same. */
  async function check(
    name: string,
    settings: readonly string[],
    firstLine: RegExp,
    work: () => Promise<void>,
  ): Promise<void> {
    const app = startApp(name, { NODE_OPTIONS: THROWING }, settings);
    apps.push(app);
    const lines = (): readonly string[] => `${app.output.stdout}\n${app.output.stderr}`.split("\n");
    await eventually(() => lines().some((line) => firstLine.test(line)), String(firstLine));
    for (let turn = 1; turn <= 2; turn++) {
      // This signal ends nothing.
      void app.stop(SIGNAL);
      await eventually(() => countOf(lines()) === turn, "exceptions that are logged");
      await work();
    }
  }

  test("rgb-server serves its page and its WebSocket", async () => {
    const port = await findFreePort();
    await check("rgb-server", [`port=${port}`], /^http:/, () => servesLight(port));
  });

  test("server-client serves", async () => {
    const port = await findFreePort();
    const settings = [`port=${port}`, `url=ws://127.0.0.1:${await findFreePort()}/`];
    await check("server-client", settings, /^ws:/, () => talk(port, "to all"));
  });

  test("signalr-rgb serves its page", async () => {
    const port = await findFreePort();
    await check("signalr-rgb", [`port=${port}`], /^http:/, () => fetchPage(port));
  });

  test("client connects again and says hello", async () => {
    const { server, texts } = await serveShortly();
    await check("client", [`url=ws://127.0.0.1:${server.port}/`], /^Connected/, saysHelloAgain(texts));
    server.abort();
  });
});

const sdk = findTlsSimulatorSdk();

describeIf(sdk !== undefined, tlsSimulatorNeeds, "uncaught exceptions of samples in the simulator", () => {
  let simulator: Simulator | undefined;

  afterEach(() => simulator?.stop());

  /** Starts a sample that throws now and then: it does its work before and after. */
  async function check(
    name: string,
    settings: readonly string[],
    firstLine: RegExp,
    work: () => Promise<void>,
  ): Promise<void> {
    if (sdk === undefined) return;
    simulator = await Simulator.start(sdk, `tests/apps/xs/${name}`, settings);
    const { lines } = simulator;
    await simulator.waitForLine(firstLine);
    for (let turn = 0; turn < 2; turn++) {
      const before = countOf(lines);
      await eventually(() => countOf(lines) > before, "exceptions that are logged");
      await work();
    }
  }

  test(
    "rgb-server serves its page and its WebSocket",
    async () => {
      const port = await findFreePort();
      await check("rgb-server", [`port=${port}`], /^http:/, () => servesLight(port));
    },
    LONG_MS,
  );

  test(
    "client connects again and says hello",
    async () => {
      const { server, texts } = await serveShortly();
      await check("client", [`url=ws://127.0.0.1:${server.port}/`], /^Connected/, saysHelloAgain(texts));
      server.abort();
    },
    LONG_MS,
  );
});
