/** The sample in the Moddable simulator: its page, its script, and its light on the screen. */

import { readFileSync } from "node:fs";
import path from "node:path";
import { findFreePort } from "../support/apps.js";
import { describeIf } from "../support/describeif.js";
import { findSimulatorSdk, Simulator } from "../support/simulator.js";
import { officialClient } from "./officialsuite.js";

const sdk = findSimulatorSdk();
const SCRIPT = path.join(__dirname, "../../node_modules/@microsoft/signalr/dist/browser/signalr.min.js");

describeIf(sdk !== undefined, "Linux with the Moddable SDK", "apps/signalr-rgb in the simulator", () => {
  let simulator: Simulator | undefined;
  let port: number;

  beforeAll(async () => {
    if (sdk === undefined) return;
    port = await findFreePort();
    simulator = await Simulator.start(sdk, "apps/signalr-rgb", [`port=${port}`]);
    await simulator.waitForLine(/^http:/, 30_000);
  }, 200_000);
  afterAll(() => simulator?.stop());

  test("serves the page, and the official bundle from its resources", async () => {
    const page = await (await fetch(`http://127.0.0.1:${port}/`)).text();
    expect(page).toContain('<script src="/signalr.min.js">');
    const script = await fetch(`http://127.0.0.1:${port}/signalr.min.js`);
    expect(await script.text()).toBe(readFileSync(SCRIPT, "utf8"));
    expect(script.headers.get("content-type")).toContain("text/javascript");
  }, 20_000);

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
  }, 20_000);
});
