/** The samples' pages for everybody: small screens, keyboard, dark mode, high contrast, a lost connection. */

import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { type App, findFreePort, startApp } from "../support/apps.js";
import { chromiumPath, launchChromium } from "../support/chromium.js";
import { describeIf } from "../support/describeif.js";

/** Web Content Accessibility Guidelines 2.2, 1.4.3 and 1.4.11: level AA. */
const LEAST_TEXT_CONTRAST = 4.5;
const LEAST_EDGE_CONTRAST = 3;

/** Run in the page. @returns what has too little contrast, as "what: how much" */
const FIND_PALE = `(() => {
  const parse = (color) => color.match(/[\\d.]+/g).map(Number);
  const luminance = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((c) => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const contrast = (one, other) => {
    const [[r, g, b, alpha = 1], ground] = [parse(one), parse(other)];
    const seen = [r, g, b].map((value, at) => alpha * value + (1 - alpha) * ground[at]);
    const [most, least] = [luminance(seen), luminance(ground)].sort((x, y) => y - x);
    return (most + 0.05) / (least + 0.05);
  };
  const groundOf = (element) => {
    for (; element; element = element.parentElement) {
      const color = getComputedStyle(element).backgroundColor;
      if ((parse(color)[3] ?? 1) === 1) return color;
    }
  };
  const pale = [];
  const look = (what, color, ground, least) => {
    const found = contrast(color, ground);
    if (found < least) pale.push(what + ": " + found.toFixed(2));
  };
  let texts = 0;
  for (const element of document.querySelectorAll("main *")) {
    const isText = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    if (!isText || !element.checkVisibility()) continue;
    texts++;
    look(element.textContent.trim(), getComputedStyle(element).color, groundOf(element), ${LEAST_TEXT_CONTRAST});
  }
  const edges = document.querySelectorAll("button, [type=color]");
  for (const element of edges)
    look("edge of " + (element.title || element.id), getComputedStyle(element).borderTopColor, groundOf(element.parentElement), ${LEAST_EDGE_CONTRAST});
  return { pale, texts, edges: edges.length };
})()`;

describeIf(chromiumPath !== undefined, "Chromium", "the samples' pages", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser.close());

  describe.each(["rgb-server", "signalr-rgb"])("that of %s", (name) => {
    let app: App;
    let port: number;
    beforeAll(async () => {
      port = await findFreePort();
      app = startApp(name, { PORT: String(port) });
      await app.printed(`http://localhost:${port}/`);
    });
    afterAll(() => app.stop("SIGKILL"));

    async function openPage(options: BrowserContextOptions = {}): Promise<Page> {
      const page = await (await browser.newContext(options)).newPage();
      await page.goto(`http://localhost:${port}/`);
      await page.locator("main.on").waitFor();
      return page;
    }

    test.each([
      [320, 568],
      [375, 667],
      [667, 375],
      [1_280, 800],
    ])("at %d by %d points nothing is cut off at the side, and a finger finds the controls", async (width, height) => {
      const page = await openPage({ viewport: { width, height }, isMobile: true, hasTouch: true });
      expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(width);
      for (const control of await page.locator("button, input").all()) {
        const box = await control.boundingBox();
        expect(Math.min(box?.width ?? 0, box?.height ?? 0)).toBeGreaterThanOrEqual(30);
      }
      await page.context().close();
    });

    test.each(["light", "dark"] as const)(
      "in %s mode texts and edges have contrast, also when the connection is lost",
      async (colorScheme) => {
        const page = await openPage({ colorScheme });
        expect(await page.evaluate(FIND_PALE)).toEqual({
          pale: [],
          texts: expect.any(Number) as number,
          edges: name === "rgb-server" ? 12 : 9,
        });
        await page.evaluate('document.querySelector("main").classList.remove("on")');
        expect(await page.evaluate(FIND_PALE)).toMatchObject({ pale: [] });
        await page.context().close();
      },
    );

    test("the keyboard reaches each control, and shows where it is, on a colour that is chosen, too", async () => {
      const page = await openPage();
      const count = await page.locator("button, input").count();
      const reached = new Set<unknown>();
      for (let step = 0; step < count; step++) {
        await page.keyboard.press("Tab");
        const isColor = await page.evaluate('document.activeElement.matches(".colors button")');
        if (isColor === true) {
          await page.keyboard.press("Enter");
          await page.locator(".colors :focus[aria-pressed=true]").waitFor();
        }
        const [outline, which] = await page.evaluate<[string, string]>(`(() => {
            const element = document.activeElement;
            const { outlineStyle, outlineWidth, outlineColor } = getComputedStyle(element);
            return [outlineStyle + " " + outlineWidth + " " + outlineColor, element.id || element.value];
          })()`);
        expect(outline).toBe("solid 3px rgb(37, 99, 235)");
        reached.add(which);
      }
      expect(reached.size).toBe(count);
      await page.context().close();
    });

    test("whoever wants less motion gets none, and in high contrast what is chosen can be told", async () => {
      const page = await openPage({ reducedMotion: "reduce", forcedColors: "active" });
      expect(await page.evaluate('getComputedStyle(document.querySelector("#led")).transitionDuration')).toBe("0s");
      await page.getByTitle("Violet").click();
      await page.locator("[title=Violet][aria-pressed=true]").waitFor();
      const looks = await page.evaluate(`["Violet", "Red"].map((name) => {
          const { boxShadow, backgroundColor } = getComputedStyle(document.querySelector("[title=" + name + "]"));
          return [boxShadow !== "none", backgroundColor];
        })`);
      expect(looks).toEqual([
        [true, "rgb(136, 34, 255)"],
        [false, "rgb(255, 0, 0)"],
      ]);
      if (name === "rgb-server") {
        const grounds = await page.evaluate(
          `[...document.querySelectorAll("#effects button")].map((button) => getComputedStyle(button).backgroundColor)`,
        );
        expect(new Set(grounds as string[]).size).toBe(2);
      }
      await page.context().close();
    });

    test("a colour that is chosen while the server is away is set when it is back", async () => {
      const page = await openPage();
      await app.stop("SIGKILL");
      await page.locator("main:not(.on)").waitFor();
      await page.getByTitle("Cyan").click();
      app = startApp(name, { PORT: String(port) });
      await page.locator("main.on").waitFor();
      await page.locator("#hex").filter({ hasText: "#00ddff" }).waitFor();
      await page.context().close();
    });
  });
});
