/** The system's Chromium: nothing is downloaded. */

import { existsSync } from "node:fs";
import { type Browser, chromium } from "playwright-core";

/** Where it is: CHROMIUM of the environment, or where distributions put it. Undefined where there is none. */
export const chromiumPath: string | undefined = [
  process.env["CHROMIUM"] ?? "",
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
].find((path) => path !== "" && existsSync(path));

/**
 * Starts it without a window, and without what it does on the network of its own accord.
 *
 * @param parameters more of its command line
 */
export function launchChromium(parameters: readonly string[] = []): Promise<Browser> {
  return chromium.launch({
    ...(chromiumPath === undefined ? {} : { executablePath: chromiumPath }),
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      ...parameters,
    ],
  });
}
