import { describeIf } from "../support/describeif.js";
import { startSuiteServers, type SuiteServers } from "../client/suiteservers.js";
import type { SuiteSettings } from "../client/suitesession.js";
import { findSimulatorSdk } from "../support/simulator.js";
import { runXsTests } from "../support/xstests.js";
import { WebSocket, type DomMessageEvent } from "../../modules/whatwg.js";
import { asciiOf, hexOf } from "../support/vectors.js";
import { whatwgTests } from "./suite.js";
import { withRawServer } from "../support/rawserver.js";
import { LONG_MS } from "../support/building.js";

let servers: SuiteServers;

beforeAll(async () => (servers = await startSuiteServers()));
afterAll(async () => servers.stop());

describe("the WHATWG WebSocket on Node", () => {
  // The names are known before the servers are.
  const none = { ports: {}, authority: "", identity: {} } as unknown as SuiteSettings;
  for (const name of Object.keys(whatwgTests(none, true)))
    test(name, async () => whatwgTests(servers.settings, true)[name]?.());
});

test.each([
  [5, "5"],
  [null, "null"],
  [{ toString: () => "an object" }, "an object"],
])("close(3000, %j): the reason is made a text, as in a browser", async (reason, text) => {
  await withRawServer(async (server) => {
    const webSocket = new WebSocket(server.url, [], { closeTimeoutMs: 50 });
    webSocket.onopen = () => webSocket.close(3_000, reason as never);
    const peer = await (await server.next()).accept();
    const [{ payload } = { payload: new Uint8Array(0) }] = await peer.wireFrames(1);
    expect(Buffer.from(payload.subarray(2)).toString()).toBe(text);
    await peer.closed;
  });
});

describe("Blobs on Node", () => {
  test("a Blob is sent in its turn, and before the Close frame", async () => {
    await withRawServer(async (server) => {
      const webSocket = new WebSocket(server.url, [], { closeTimeoutMs: 50 });
      const bytes = Uint8Array.of(49, 49);
      webSocket.onopen = () => {
        webSocket.send(new Blob(["a ", "blob"]));
        webSocket.send("a text");
        webSocket.send(bytes);
        bytes.fill(0);
        expect(webSocket.bufferedAmount).toBe(14);
        webSocket.close(3_000);
      };
      const peer = await (await server.next()).accept();
      const hex = (text: string): string => hexOf(asciiOf(text));
      const frames = [`binary:${hex("a blob")}`, `text:${hex("a text")}`, `binary:${hex("11")}`, "close:3000"];
      expect(await peer.frames(4)).toEqual(frames);
      await peer.closed;
    });
  });

  test("binary messages are Blobs unless ArrayBuffers are asked for", async () => {
    const webSocket = new WebSocket(`ws://127.0.0.1:${servers.settings.ports.echo}/`);
    const message = new Promise<DomMessageEvent>((resolve) => (webSocket.onmessage = resolve));
    webSocket.onopen = () => webSocket.send(Uint8Array.of(1, 2));
    const { data } = await message;
    expect(data).toBeInstanceOf(Blob);
    expect([...new Uint8Array(await (data as Blob).arrayBuffer())]).toEqual([1, 2]);
    webSocket.close();
  });
});

const sdk = findSimulatorSdk();

describeIf(sdk !== undefined, "the Moddable SDK", "the WHATWG WebSocket on XS, in the simulator", () => {
  test(
    "every test passes",
    async () => {
      if (sdk === undefined) return;
      const { failures, summary } = await runXsTests(sdk, "tests/xs/whatwg", [`settingsPort=${servers.settingsPort}`]);
      expect(failures).toEqual([]);
      const count = Object.keys(whatwgTests(servers.settings, false)).length;
      expect(summary).toBe(`done ${count} passed, 0 failed`);
    },
    LONG_MS,
  );
});
