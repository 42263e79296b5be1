/** The sample in the Moddable simulator: its page, its script, and its light on the screen. */

import { readFileSync } from "node:fs";
import path from "node:path";
import type { Browser, Page } from "playwright-core";
import { findFreePort } from "../support/apps.js";
import { chromiumPath, launchChromium } from "../support/chromium.js";
import { describeIf } from "../support/describeif.js";
import { findTlsSimulatorSdk, Simulator, tlsSimulatorNeeds } from "../support/simulator.js";
import { officialClient } from "./officialsuite.js";
import { LONG_MS } from "../support/building.js";

const sdk = findTlsSimulatorSdk();
const SCRIPT = path.join(__dirname, "../../node_modules/@microsoft/signalr/dist/browser/signalr.min.js");

describeIf(sdk !== undefined, tlsSimulatorNeeds, "apps/signalr-rgb in the simulator", () => {
  let simulator: Simulator | undefined;
  let port: number;

  beforeAll(async () => {
    if (sdk === undefined) return;
    port = await findFreePort();
    simulator = await Simulator.start(sdk, "apps/signalr-rgb", [`port=${port}`]);
    await simulator.waitForLine(/^http:/);
  }, LONG_MS);
  afterAll(() => simulator?.stop());

  test("serves the page, and the official bundle from its resources", async () => {
    const page = await (await fetch(`http://127.0.0.1:${port}/`)).text();
    expect(page).toContain('<script src="/signalr.min.js">');
    const script = await fetch(`http://127.0.0.1:${port}/signalr.min.js`);
    expect(await script.text()).toBe(readFileSync(SCRIPT, "utf8"));
    expect(script.headers.get("content-type")).toContain("text/javascript");
  });

  test("shows the colour that the official client sets, and streams samples", async () => {
    const client = officialClient(`http://127.0.0.1:${port}/hub`).build();
    await client.start();
    await client.invoke("SetColor", 255, 0, 255);
    const sample = await new Promise((resolve, reject) => {
      const subscription = client.stream("Samples", 100).subscribe({
        next: (item) => {
          subscription.dispose();
          resolve(item);
        },
        complete: () => reject(new Error("it was complete")),
        error: reject,
      });
    });
    expect(sample).toEqual({ seconds: 0, brightness: 0.285 });
    // The simulator draws in its own time, with 5 bits for red and blue.
    let pixels = 0;
    while (pixels < 10_000) pixels = (await simulator?.screenshot())?.count(248, 0, 248) ?? 0;
    await client.stop();
  });

  describeIf(chromiumPath !== undefined, "Chromium", "with its page in Chromium", () => {
    let browser: Browser;

    beforeAll(async () => {
      browser = await launchChromium();
    });
    afterAll(() => browser.close());

    async function openPage(): Promise<Page> {
      const page = await browser.newPage({ viewport: { width: 480, height: 640 } });
      await page.goto(`http://127.0.0.1:${port}/`);
      await page
        .locator("#state")
        .filter({ hasText: /^Connected$/ })
        .waitFor();
      return page;
    }

    test("a click changes the light, and what another window shows", async () => {
      const [page, other] = [await openPage(), await openPage()];
      await page.locator("#clients").filter({ hasText: /^2$/ }).waitFor();
      for (const [name, hex, red, green, blue] of [
        ["Violet", "#8822ff", 136, 32, 248],
        ["Orange", "#ff7700", 248, 116, 0],
      ] as const) {
        await page.getByTitle(name).click();
        await other.locator("#hex").filter({ hasText: hex }).waitFor();
        let pixels = 0;
        while (pixels < 10_000) pixels = (await simulator?.screenshot())?.count(red, green, blue) ?? 0;
      }
      // Rec. 709: the brightness of orange.
      await other
        .locator("#sample")
        .filter({ hasText: /^55 %$/ })
        .waitFor();
      await page.close();
      await other.locator("#clients").filter({ hasText: /^1$/ }).waitFor();
      await other.close();
    });
  });
});
