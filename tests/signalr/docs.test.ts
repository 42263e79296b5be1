/** What docs/signalr.md says of memory, and its samples, hold. */

import { resolveHubServerOptions } from "../../modules/signalr/server/options.js";
import { readText } from "../project/sources.js";
import { compileSamples } from "../support/documentation.js";

const TEXT = readText("docs/signalr.md");

test("what HubServer decides of the WebSockets, and what a client may hold", () => {
  const { limits, webSocket } = resolveHubServerOptions({});
  const { maxClients = 0, maxMessageBytes = 0, maxQueueBytes = 0 } = webSocket;
  const record = limits.maximumReceiveMessageSize;
  expect([maxClients, maxMessageBytes, maxQueueBytes]).toEqual([3, 2 * record, record + 512]);
  const sizes = [
    2 * maxMessageBytes,
    record,
    record / 2,
    limits.maximumStreams * limits.streamBufferSize,
    maxQueueBytes,
    record,
    record / 4,
  ];
  const [, section = ""] = TEXT.split("### Memory");
  const written = [...section.matchAll(/\| ([\d,]+) +\|$/gm)].map(([, size = ""]) => Number(size.replaceAll(",", "")));
  expect(written).toEqual(sizes);
  // Two thirds of the chunks of an M5Atom Lite.
  expect(maxClients * sizes.reduce((sum, size) => sum + size)).toBeLessThan((2 / 3) * 78_848);
});

/** What the samples have from elsewhere. */
const GLOBALS = `
declare const token: string;
declare const secret: string;
declare const light: { color: number[]; show(red: number, green: number, blue: number): void };
declare const id: string;
declare function readSensor(): AsyncGenerator<number>;
declare function delay(delayMs: number): Promise<void>;
declare function servePage(context: import("xs-websockets/http").HttpListenerContext): void;
`;

test("the code samples compile", () => {
  const { count, mistakes } = compileSamples(TEXT, GLOBALS);
  expect(count).toBeGreaterThan(2);
  expect(mistakes).toEqual([]);
});
