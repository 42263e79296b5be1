/** HubConnection and HubServer on XS, in the Moddable simulator. */

import type { Browser } from "playwright-core";
import { findFreePort } from "../support/apps.js";
import { chromiumPath, launchChromium } from "../support/chromium.js";
import { describeIf } from "../support/describeif.js";
import { buildDotnet, runDotnet } from "../support/dotnet.js";
import { findSimulatorSdk, Simulator } from "../support/simulator.js";
import { type AspNetCore, startAspNetCore } from "./aspnetcore.js";
import { aspNetCoreTests } from "./aspnetcoresuite.js";
import { expectedFindings, PageServer, staySilent, visit } from "./browsersuite.js";
import { clientTests } from "./clientsuite.js";
import { negotiationTests } from "./negotiationsuite.js";
import { startNegotiationServer, type NegotiationServer } from "./negotiationserver.js";
import { startNodeHub, type NodeHub } from "./nodehub.js";
import { ScriptedServer } from "./script.js";
import { officialClient, officialTests } from "./officialsuite.js";
import { LONG_MS } from "../support/building.js";

const sdk = findSimulatorSdk();
const dotnet = buildDotnet("SignalRServer");
const dotnetClient = buildDotnet("SignalRClient");

/** A server whose every answer has 40 names of fields that were never seen. */
async function serveNewNames(): Promise<ScriptedServer> {
  const scripted = await ScriptedServer.start();
  let count = 0;
  const newNames = (): object => Object.fromEntries(Array.from({ length: 40 }, () => [`new${count++}`, 0]));
  scripted.negotiate = () => ({ ...newNames(), negotiateVersion: 1, connectionId: "a", connectionToken: "b" });
  const shakeHands = async (): Promise<void> => {
    for (;;) {
      const client = await scripted.accept();
      void client.take().then(() => client.send(JSON.stringify(newNames())));
    }
  };
  void shakeHands();
  return scripted;
}

describeIf(sdk !== undefined, "Linux with the Moddable SDK", "SignalR on XS, in the simulator", () => {
  let node: NodeHub;
  let scripted: ScriptedServer;
  let negotiations: NegotiationServer;
  let simulator: Simulator | undefined;
  const suite = { url: "" };

  beforeAll(async () => {
    if (sdk === undefined) return;
    jest.spyOn(console, "log").mockImplementation(() => undefined);
    node = await startNodeHub();
    negotiations = await startNegotiationServer();
    const port = await findFreePort();
    suite.url = `http://127.0.0.1:${port}/hub`;
    scripted = await serveNewNames();
    const settings = [`url=${node.url}`, `negotiationUrl=${negotiations.url}`, `names=${scripted.url}`, `port=${port}`];
    simulator = await Simulator.start(sdk, "tests/signalr/xs", settings);
    await simulator.waitForLine(/^(serving|failed)/);
  }, LONG_MS);
  afterAll(async () => {
    await simulator?.stop();
    await node.stop();
    await scripted.stop();
    await negotiations.stop();
    jest.restoreAllMocks();
  });

  function numberIn(pattern: RegExp): number {
    const line = simulator?.lines.find((text) => pattern.test(text)) ?? "";
    return Number(pattern.exec(line)?.[1]);
  }

  test("HubConnection passes its tests", () => {
    const lines = simulator?.lines ?? [];
    expect(lines.filter((line) => /^(not ok|uncaught|failed)/.test(line))).toEqual([]);
    const count = Object.keys({ ...clientTests(suite), ...negotiationTests("") }).length;
    expect(lines.find((line) => line.startsWith("done"))).toBe(`done ${count} passed, 0 failed`);
  });

  test("1,000 calls and 100 reconnects leave nothing behind", () => {
    expect(numberIn(/^1000 calls left (-?\d+) bytes/)).toBeLessThan(2_000);
    expect(numberIn(/^100 reconnects left (-?\d+) bytes/)).toBeLessThan(4_000);
    expect(numberIn(/^4 KiB kept: (-?\d+) bytes/)).toBeLessThan(10_000);
  });

  test("names of fields, which stay for ever, are bounded: in records, handshakes and negotiations", () => {
    const lines = simulator?.lines ?? [];
    const refused =
      "HubProtocolError: A record has a field with one name too many, or too long (maximumPropertyNames).";
    expect(lines).toContain(`round 1: 256 names, ${refused}`);
    expect(lines).toContain(`round 2: 256 names, ${refused}`);
    expect(lines).toContain("names refused with negotiation: ERR_NEGOTIATION");
    expect(lines).toContain("names refused without negotiation: ERR_HUB_PROTOCOL");
  });

  test("a stream that is not read takes little, and loses nothing", () => {
    expect(numberIn(/^an unread stream: (-?\d+) bytes/)).toBeLessThan(30_000);
    expect(numberIn(/^the stream had (\d+) characters/)).toBe(100_000);
  });

  const tests = officialTests(suite);

  test.each(Object.keys(tests))("HubServer with the official client: %s", async (name) => {
    await tests[name]?.();
  });

  describeIf(
    dotnetClient.isBuilt,
    "the .NET 10 SDK, or NuGet's Microsoft.AspNetCore.SignalR.Client",
    "HubServer with the .NET client",
    () => {
      test("passes its tests", async () => {
        const program = runDotnet("SignalRClient", [suite.url]);
        await program.waitForLine(/^done$/);
        await program.stop();
        expect(program.lines.filter((line) => !line.startsWith("ok "))).toEqual(["done"]);
      });
    },
  );

  describeIf(chromiumPath !== undefined, "Chromium", "HubServer with the official client in Chromium", () => {
    let browser: Browser;
    let pages: PageServer;

    beforeAll(async () => {
      [browser, pages] = [await launchChromium(), await PageServer.start()];
    });
    afterAll(async () => {
      await browser.close();
      await pages.stop();
    });

    test.each([false, true])("skips the negotiation: %s", async (skips) => {
      const page = await pages.open(browser);
      expect(await visit(page, suite.url, skips)).toEqual(expectedFindings(skips));
      await page.close();
    });

    test("is closed where it is silent", async () => {
      const page = await pages.open(browser);
      expect(await staySilent(page, suite.url)).toContain("Connection closed with an error.");
      await page.close();
    });
  });

  test("a hub notices that a client is silent", async () => {
    const client = officialClient(suite.url).build();
    client.keepAliveIntervalInMilliseconds = 60_000;
    client.serverTimeoutInMilliseconds = 60_000;
    const closed = new Promise<unknown>((resolve) => client.onclose(resolve));
    await client.start();
    expect(String(await closed)).toContain("Connection closed with an error.");
  });

  test("50 clients one after another leave nothing behind in the hub", async () => {
    const used: number[] = [];
    for (let at = 0; at < 60; at++) {
      const client = officialClient(suite.url).build();
      await client.start();
      used.push(await client.invoke<number>("Used"));
      await client.stop();
    }
    expect((used.at(-1) ?? 0) - (used[9] ?? 0)).toBeLessThan(6_000);
  });
});

describeIf(
  sdk !== undefined && dotnet.isBuilt,
  "Linux with the Moddable SDK, and the .NET 10 SDK (dotnet)",
  "HubConnection on XS with ASP.NET Core",
  () => {
    let aspNetCore: AspNetCore;

    beforeAll(async () => {
      aspNetCore = await startAspNetCore();
    });
    afterAll(() => aspNetCore.stop());

    test(
      "passes its tests",
      async () => {
        if (sdk === undefined) return;
        const { url } = aspNetCore;
        const simulator = await Simulator.start(sdk, "tests/signalr/xs", [`url=${url}`, "server=aspnetcore"]);
        try {
          await simulator.waitForLine(/^(done|failed|XS abort)/);
        } finally {
          await simulator.stop();
        }
        const count = Object.keys({ ...clientTests({ url }), ...aspNetCoreTests({ url }) }).length;
        expect(simulator.lines.filter((line) => /^(not ok|uncaught|failed)/.test(line))).toEqual([]);
        expect(simulator.lines.at(-1)).toBe(`done ${count} passed, 0 failed`);
      },
      LONG_MS,
    );
  },
);
