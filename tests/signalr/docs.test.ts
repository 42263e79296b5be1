/** The tables of options and the samples in docs/signalr.md say what the code does. */

import { HUB_CONNECTION_DEFAULTS } from "../../modules/signalr/client/options.js";
import { HUB_SERVER_DEFAULTS, resolveHubServerOptions } from "../../modules/signalr/server/options.js";
import { readText } from "../project/sources.js";
import { compileSamples, membersOf, readTable } from "../support/documentation.js";

const TEXT = readText("docs/signalr.md");

const LINK = membersOf("modules/signalr/link/limits.ts", "HubLimits");
const CONNECTION = [
  ...LINK,
  ...membersOf("modules/signalr/client/options.ts", "HubConnectionLimits", "HubConnectionOptions"),
];
const SERVER = [...LINK, ...membersOf("modules/signalr/server/options.ts", "HubServerLimits", "HubServerOptions")];

/** What the tables write for defaults that are no plain values. */
const WORDS: Readonly<Record<string, string>> = {
  automaticReconnect: "`false`",
  wait: "timers",
  protocol: "JSON",
  protocols: "JSON",
};

describe.each<[heading: string, members: readonly string[], defaults: Readonly<Record<string, unknown>>]>([
  ["Options of HubConnection", CONNECTION, { ...HUB_CONNECTION_DEFAULTS }],
  ["Options of HubServer", SERVER, { ...HUB_SERVER_DEFAULTS }],
])("the table below %s", (heading, members, defaults) => {
  const table = readTable(TEXT, heading);

  test("has every option of the code and no other", () => {
    expect(members.length).toBeGreaterThan(5);
    expect([...table.keys()].sort()).toEqual([...members].sort());
  });

  test("has the defaults of the code", () => {
    const expected = members.map((name) => {
      const value = defaults[name];
      return [name, value === undefined ? (WORDS[name] ?? "none") : `\`${JSON.stringify(value)}\``];
    });
    const found = [...table].map(([name, cells]) => [name, cells[1]]);
    expect(Object.fromEntries(found)).toEqual(Object.fromEntries(expected));
  });
});

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
}, 60_000);
