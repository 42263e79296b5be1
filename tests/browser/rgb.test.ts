/** The RGB sample as a person has it: `npm start` and a browser. */

import type { Browser, BrowserContext, Page } from "playwright-core";
import { WebSocket as WsClient } from "ws";
import { type App, findFreePort, startApp } from "../support/apps.js";
import { chromiumPath, launchChromium } from "../support/chromium.js";
import { describeIf } from "../support/describeif.js";

let port: number;
let app: App | undefined;

async function startServer(...settings: readonly string[]): Promise<App> {
  app = startApp("rgb-server", { PORT: String(port) }, settings);
  await app.printed(`http://localhost:${port}/`);
  return app;
}

function openClient(): Promise<WsClient> {
  const client = new WsClient(`ws://localhost:${port}/`);
  return new Promise((resolve, reject) => {
    client.once("open", () => resolve(client));
    client.once("error", reject);
  });
}

beforeEach(async () => {
  port = await findFreePort();
});
afterEach(() => app?.stop("SIGKILL"));

describe("the RGB server's process", () => {
  test("Ctrl-C closes every client with 1001 and ends with exit code 0", async () => {
    const server = await startServer();
    const clients = [await openClient(), await openClient()];
    const codes = clients.map((client) => new Promise((resolve) => client.once("close", resolve)));
    expect(await server.stop("SIGINT")).toEqual({ code: 0, signal: null });
    expect(await Promise.all(codes)).toEqual([1_001, 1_001]);
  });

  test("a port in use gives one line and exit code 1", async () => {
    await startServer();
    const second = startApp("rgb-server", { PORT: String(port) });
    expect(await second.exited).toEqual({ code: 1, signal: null });
    expect(second.output.stderr).toMatch(/^[^\n]*\bport\b[^\n]*\n$/);
    expect(second.output.stderr).toContain(String(port));
  });
});

describeIf(chromiumPath !== undefined, "Chromium", "the RGB page in Chromium", () => {
  let browser: Browser;
  let context: BrowserContext;
  const requests: string[] = [];
  const mistakes: string[] = [];

  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser.close());
  beforeEach(async () => {
    requests.length = mistakes.length = 0;
    context = await browser.newContext();
    context.on("request", (request) => requests.push(request.url()));
    context.on("weberror", (error) => mistakes.push(error.error().message));
    await startServer();
  });
  afterEach(() => context.close());

  /** Opens the page and waits until it has its connection. */
  async function openPage(): Promise<Page> {
    const page = await context.newPage();
    await page.goto(`http://localhost:${port}/`);
    await waitForText(page, "#state", "Connected");
    return page;
  }

  test("a colour chosen in one window appears in the other", async () => {
    const [page, other] = [await openPage(), await openPage()];
    await waitForText(page, "#clients", "2");
    await waitForText(other, "#clients", "2");
    await page.fill("#color", "#123456");
    for (const window of [page, other]) {
      await waitForText(window, "#hex", "#123456");
      expect(await ledColor(window)).toBe("rgb(18, 52, 86)");
    }
    await other.close();
    await waitForText(page, "#clients", "1");
    expect(mistakes).toEqual([]);
  });

  test("the keyboard changes the colour, and a drag ends with the last colour everywhere", async () => {
    const [page, other] = [await openPage(), await openPage()];
    await page.getByTitle("Violet").focus();
    await page.keyboard.press("Enter");
    await waitForText(other, "#hex", "#8822ff");
    for (let step = 0; step <= 100; step++) await page.fill("#h", String(step * 3));
    const last = await page.inputValue("#color");
    await waitForText(other, "#hex", last);
    await waitForText(page, "#hex", last);
  });

  test("an effect chosen in one window is shown in the other, and ends with the next colour", async () => {
    const [page, other] = [await openPage(), await openPage()];
    for (const name of ["Breathing", "Rainbow"]) {
      await page.getByRole("button", { name }).click();
      await other.getByRole("button", { name, pressed: true }).waitFor();
      expect(await animationOf(other)).toBe(name.toLowerCase());
    }
    await other.emulateMedia({ reducedMotion: "reduce" });
    expect(await animationOf(other)).toBe("none");
    await page.fill("#color", "#102030");
    await other.getByRole("button", { name: "Steady", pressed: true }).waitFor();
    await waitForText(other, "#hex", "#102030");
    expect(mistakes).toEqual([]);
  });

  test("a page that comes while an effect plays is in step with the device", async () => {
    const page = await context.newPage();
    await page.routeWebSocket(/^ws:/, (socket) => {
      socket.send(Buffer.from([255, 0, 0]));
      socket.send('{"clients":1,"effect":"rainbow","seconds":1000000.5}');
    });
    await page.goto(`http://localhost:${port}/`);
    await page.getByRole("button", { name: "Rainbow", pressed: true }).waitFor();
    const now = await page.evaluate<number>(
      `document.querySelector("#led").getAnimations().find(({ animationName }) => animationName === "rainbow").currentTime`,
    );
    expect(now).toBeGreaterThanOrEqual(1_000_000_500);
    expect(mistakes).toEqual([]);
  });

  test("the pages connect again when the server was gone", async () => {
    const pages = [await openPage(), await openPage()];
    await app?.stop("SIGKILL");
    for (const page of pages) await waitForText(page, "#state", "Reconnecting…");
    await startServer();
    for (const page of pages) {
      await waitForText(page, "#state", "Connected");
      await waitForText(page, "#clients", "2");
      await waitForText(page, "#hex", "#00ff00");
    }
  });

  test("a page for which there is no place says so, and is served when somebody has left", async () => {
    await app?.stop("SIGKILL");
    await startServer("clients=2");
    const [page] = [await openPage(), await openPage()];
    const late = await context.newPage();
    await late.goto(`http://localhost:${port}/`);
    await waitForText(late, "#state", "All places are taken. Trying again");
    await waitForText(late, "#retry", "in ");
    expect(await late.getAttribute("#state", "title")).toBe("The server has its 2 clients (maxClients).");
    await waitForText(page, "#clients", "2");
    await page.close();
    await waitForText(late, "#state", "Connected");
    await waitForText(late, "#clients", "2");
    expect(mistakes).toEqual([]);
  });

  test("the page asks only its own server", async () => {
    const page = await openPage();
    await page.fill("#color", "#ff8800");
    await waitForText(page, "#hex", "#ff8800");
    expect(requests).toEqual([`http://localhost:${port}/`, `http://localhost:${port}/style.css`]);
  });
});

async function waitForText(page: Page, selector: string, text: string): Promise<void> {
  await page.locator(selector).filter({ hasText: text }).waitFor({ state: "attached" });
}

function animationOf(page: Page): Promise<string> {
  return page.evaluate('getComputedStyle(document.querySelector("#led")).animationName');
}

function ledColor(page: Page): Promise<string> {
  return page.evaluate('getComputedStyle(document.querySelector("#led")).color');
}
