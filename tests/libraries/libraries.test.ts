/** Libraries from npm over the WHATWG WebSocket, on Node and on XS. */

import { startAspNetCore, type AspNetCore } from "../signalr/aspnetcore.js";
import { describeIf } from "../support/describeif.js";
import { buildDotnet } from "../support/dotnet.js";
import { findSimulatorSdk } from "../support/simulator.js";
import { runXsTests } from "../support/xstests.js";
import { bundleLibraries } from "./bundle.js";
import { startLibraryServers, type LibraryServers } from "./servers.js";
import { signalrTests } from "./signalr.js";
import { libraryTests, type LibrarySettings } from "./suite.js";
import { LONG_MS } from "../support/building.js";

const dotnet = buildDotnet("SignalRServer");
let servers: LibraryServers;
let aspNetCore: AspNetCore | undefined;

beforeAll(async () => {
  servers = await startLibraryServers();
  if (dotnet.isBuilt) aspNetCore = await startAspNetCore();
});
afterAll(async () => {
  await servers.stop();
  await aspNetCore?.stop();
});

function settings(): LibrarySettings {
  const { graphqlUrl, homeAssistantUrl, reconnectingUrl, hubUrl } = servers;
  const hubUrls = aspNetCore === undefined ? hubUrl : `${hubUrl},${aspNetCore.url}`;
  return { graphqlUrl, homeAssistantUrl, reconnectingUrl, hubUrls };
}

// The names are known before the servers are.
const none: LibrarySettings = { graphqlUrl: "", homeAssistantUrl: "", reconnectingUrl: "", hubUrls: "" };

describe("libraries over the WHATWG WebSocket on Node", () => {
  test.each(Object.keys(libraryTests(none)))("%s", async (name) => libraryTests(settings())[name]?.());
});

describeIf(dotnet.isBuilt, "the .NET 10 SDK (dotnet)", "@microsoft/signalr and ASP.NET Core on Node", () => {
  test.each(Object.keys(signalrTests("", 1)))("%s", async (name) => signalrTests(aspNetCore?.url ?? "", 1)[name]?.());
});

const sdk = findSimulatorSdk();

describeIf(sdk !== undefined, "the Moddable SDK", "libraries over the WHATWG WebSocket on XS, in the simulator", () => {
  test(
    "every test passes",
    async () => {
      if (sdk === undefined) return;
      await bundleLibraries();
      const given = Object.entries(settings()).map(([name, value]) => `${name}=${value as string}`);
      const { failures, summary } = await runXsTests(sdk, "tests/libraries/xs", given);
      expect(failures).toEqual([]);
      const count = Object.keys(libraryTests(settings())).length;
      expect(summary).toBe(`done ${count} passed, 0 failed`);
    },
    LONG_MS,
  );
});
