/** The SignalR sample as a person has it: npm run signalr-rgb, and Chromium with the official bundle. */

import { spawn } from "node:child_process";
import type { Browser, Page } from "playwright-core";
import { HubServer } from "../../modules/signalr/server.js";
import { HttpListener } from "../../modules/http.js";
import { type App, findFreePort, startApp } from "../support/apps.js";
import { chromiumPath, launchChromium } from "../support/chromium.js";
import { describeIf } from "../support/describeif.js";
import { expectedFindings, PageServer, staySilent, visit } from "./browsersuite.js";
import { startNodeHub, type NodeHub } from "./nodehub.js";
import { officialClient } from "./officialsuite.js";
import { eventually } from "../support/waiting.js";

let port: number;
let app: App | undefined;

async function start(): Promise<void> {
  app = startApp("signalr-rgb", { PORT: String(port) });
  await app.printed(`http://localhost:${port}/`);
}

beforeEach(async () => {
  port = await findFreePort();
});
afterEach(() => app?.stop("SIGKILL"));

describe("the sample's process", () => {
  test("has the light as a hub, says good-bye, and ends with exit code 0", async () => {
    await start();
    const client = officialClient(`http://localhost:${port}/hub`).withAutomaticReconnect([60_000]).build();
    const colors: number[][] = [];
    client.on("ColorChanged", (...color: number[]) => colors.push(color));
    await client.start();
    await client.invoke("SetColor", 1, 2, 3);
    expect(await client.invoke("GetColor")).toEqual([1, 2, 3]);
    expect(colors).toEqual([
      [0, 255, 0],
      [1, 2, 3],
    ]);
    await expect(client.invoke("SetColor", 1, 2, 256)).rejects.toThrow("A colour is three integers from 0 to 255.");
    const reconnecting = new Promise((resolve) => client.onreconnecting(resolve));
    expect(await app?.stop("SIGINT")).toEqual({ code: 0, signal: null });
    await reconnecting;
    await client.stop();
  });

  test("joins a hub elsewhere", async () => {
    const listener = new HttpListener({ port, address: "127.0.0.1" });
    const told: unknown[] = [];
    const hub = new HubServer(listener, "/lights", {
      methods: { ColorChanged: (_context, ...color: unknown[]) => void told.push(color) },
    });
    await hub.start();
    await listener.start();
    const main = ["--import", "tsx", "apps/signalr-rgb/main.ts"];
    const member = spawn(process.execPath, [...main, `hub=http://127.0.0.1:${port}/lights`], { stdio: "ignore" });
    await eventually(() => hub.clientsCount !== 0 && told.length !== 0);
    const [id = ""] = hub.connectionIds;
    hub.clients.client(id).send("SetColor", 9, 8, 7);
    expect(await hub.clients.client(id).invoke("GetColor")).toEqual([9, 8, 7]);
    expect(told.at(-1)).toEqual([9, 8, 7]);
    const exited = new Promise((resolve) => member.once("exit", resolve));
    member.kill("SIGINT");
    expect(await exited).toBe(0);
    await hub.stop();
    listener.stop();
  });
});

describeIf(chromiumPath !== undefined, "Chromium", "the sample's page in Chromium", () => {
  let browser: Browser;

  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser.close());

  async function openPage(): Promise<Page> {
    const page = await browser.newPage();
    await page.goto(`http://localhost:${port}/`);
    await waitForText(page, "#state", "Connected");
    return page;
  }

  async function waitForText(page: Page, selector: string, text: string): Promise<void> {
    // As a text it would be looked for in any letter case, and found in "Disconnected".
    const whole = new RegExp(`^${text}$`);
    await page.locator(selector).filter({ hasText: whole }).waitFor({ state: "attached" });
  }

  test("a colour chosen in one window appears in the other, and the samples follow", async () => {
    await start();
    const [page, other] = [await openPage(), await openPage()];
    await waitForText(page, "#clients", "2");
    await page.fill("#color", "#ffffff");
    await waitForText(other, "#hex", "#ffffff");
    await waitForText(other, "#sample", "100 %");
    await other.close();
    await waitForText(page, "#clients", "1");
    await page.close();
  });

  test("the page connects again when the device was gone", async () => {
    await start();
    const page = await openPage();
    await app?.stop("SIGKILL");
    await waitForText(page, "#state", "Reconnecting…");
    await start();
    await waitForText(page, "#state", "Connected");
    await waitForText(page, "#hex", "#00ff00");
    await page.close();
  });
});

describeIf(chromiumPath !== undefined, "Chromium", "HubServer on Node.js with the official client in Chromium", () => {
  let browser: Browser;
  let pages: PageServer;
  let node: NodeHub;
  let impatient: NodeHub;

  beforeAll(async () => {
    jest.spyOn(console, "log").mockImplementation(() => undefined);
    [browser, pages] = [await launchChromium(), await PageServer.start()];
    const origin = pages.url.slice(0, -1);
    node = await startNodeHub({ allowedOrigins: [origin] });
    impatient = await startNodeHub({ allowedOrigins: [origin], clientTimeoutInterval: 2_000 });
  });
  afterAll(async () => {
    await browser.close();
    await pages.stop();
    await node.stop();
    await impatient.stop();
    jest.restoreAllMocks();
  });

  test.each([false, true])("skips the negotiation: %s", async (skips) => {
    const page = await pages.open(browser);
    expect(await visit(page, node.url, skips)).toEqual(expectedFindings(skips));
    await page.close();
  });

  test("is closed where it is silent", async () => {
    const page = await pages.open(browser);
    expect(await staySilent(page, impatient.url)).toContain("Connection closed with an error.");
    await page.close();
  });

  test("is refused from another origin", async () => {
    const stranger = await PageServer.start();
    const page = await stranger.open(browser);
    for (const skips of [false, true]) await expect(visit(page, node.url, skips)).rejects.toThrow();
    await eventually(() => node.hub.clientsCount === 0);
    await page.close();
    await stranger.stop();
  });
});
