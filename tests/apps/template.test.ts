/** The sample to begin with, copied out of its folder as docs/samples.md says, on Node.js, in a browser and on XS. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { createServer } from "node:net";
import path from "node:path";
import { WebSocket } from "ws";
import { findFreePort } from "../support/apps.js";
import { chromiumPath, launchChromium } from "../support/chromium.js";
import { describeIf } from "../support/describeif.js";
import { findSimulatorSdk, Simulator } from "../support/simulator.js";
import { LONG_MS, writeWhole } from "../support/building.js";
import { eventually } from "../support/waiting.js";

const sdk = findSimulatorSdk();
const PROJECT = path.join(__dirname, "..", "..");

let port: number;
/** What the template has written on Node.js. */
let output = "";
beforeEach(async () => {
  port = await findFreePort();
});

/** Copies the template, with a port that is free. @returns its folder */
function copy(name: string): string {
  const folder = path.join(PROJECT, "build", "tests", name);
  mkdirSync(folder, { recursive: true });
  const read = (file: string): string => readFileSync(path.join(PROJECT, "apps", "template", file), "utf8");
  writeWhole(path.join(folder, "main.ts"), read("main.ts").replace("8080", String(port)));
  const library = path.relative(folder, PROJECT).replaceAll(path.sep, "/");
  writeWhole(path.join(folder, "manifest.json"), read("manifest.json").replace("../..", library));
  return folder;
}

/** What the page is, once it is served. */
async function fetchPage(): Promise<string> {
  let page = "";
  await eventually(async () => {
    const answer = await fetch(`http://127.0.0.1:${port}/`).catch(() => undefined);
    page = (await answer?.text()) ?? "";
    return answer !== undefined;
  }, "the page");
  return page;
}

/** One of two clients says something. @returns what both hear */
async function talk(): Promise<string[]> {
  const clients = [1, 2].map(() => new WebSocket(`ws://127.0.0.1:${port}/`));
  await Promise.all(clients.map((client) => once(client, "open")));
  const heard = clients.map(async (client) => {
    const [data] = (await once(client, "message")) as [Buffer];
    client.terminate();
    return data.toString();
  });
  clients[0]?.send("aé€😀");
  return Promise.all(heard);
}

async function check(): Promise<void> {
  expect(await fetchPage()).toContain("<button>Say hello</button>");
  expect(await talk()).toEqual(new Array(2).fill(expect.stringMatching(/^127\.0\.0\.1:\d+ says aé€😀$/)));
}

/** Runs the copy on Node.js, with the package where npm puts it. */
async function runOnNode(test: () => Promise<void>): Promise<void> {
  const folder = copy("template-node");
  rmSync(path.join(folder, "node_modules"), { recursive: true, force: true });
  mkdirSync(path.join(folder, "node_modules"));
  symlinkSync(PROJECT, path.join(folder, "node_modules", "xs-websockets"), "junction");
  writeWhole(path.join(folder, "package.json"), '{ "type": "module" }');
  const app = spawn(process.execPath, ["--import", "tsx", "main.ts"], {
    cwd: folder,
    stdio: ["ignore", "pipe", "inherit"],
  });
  output = "";
  app.stdout.on("data", (data: Buffer) => (output += data.toString()));
  try {
    await test();
  } finally {
    app.kill("SIGKILL");
    await once(app, "close");
  }
}

test("the template runs on Node.js, and says where its page is", () =>
  runOnNode(async () => {
    await check();
    await eventually(() => output.includes(`Open http://localhost:${port}/ in two windows`), "the address");
  }));

test("the template says in one line that its port is in use", async () => {
  const other = createServer();
  await once(other.listen(port), "listening");
  await runOnNode(() => eventually(() => output.includes("\n"), "what is wrong"));
  expect(output).toBe(
    `NetworkError: Cannot listen on port ${port}. Another program uses it; end that program, or take another port.\n`,
  );
  await once(other.close(), "close");
});

describeIf(chromiumPath !== undefined, "Chromium", "the template's page", () => {
  test("says and hears", () =>
    runOnNode(async () => {
      await fetchPage();
      const browser = await launchChromium();
      try {
        const pages = [await browser.newPage(), await browser.newPage()];
        for (const page of pages) await page.goto(`http://127.0.0.1:${port}/`);
        for (const page of pages) await page.waitForFunction("socket.readyState === WebSocket.OPEN");
        await pages[0]?.getByRole("button").click();
        for (const page of pages) await page.getByText("says hello").waitFor();
      } finally {
        await browser.close();
      }
    }));
});

describeIf(sdk !== undefined, "the Moddable SDK", "the template in the simulator", () => {
  test(
    "serves its page, and passes on what is said",
    async () => {
      if (sdk === undefined) return;
      const simulator = await Simulator.start(sdk, copy("template-xs"));
      try {
        await check();
        await simulator.waitForLine(new RegExp(`^Open http://localhost:${port}/ in two windows`));
      } finally {
        await simulator.stop();
      }
    },
    LONG_MS,
  );
});
