import { BACKOFF_OPTIONS } from "../../modules/backoff.js";
import { CLIENT_OPTIONS } from "../../modules/client/options.js";
import { OptionError } from "../../modules/common/errors.js";
import {
  checkInteger,
  CONNECTION_DEFAULTS,
  CONNECTION_OPTIONS,
  resolveOptions,
  type ConnectionSettings,
  type OptionTable,
} from "../../modules/common/options.js";
import { HTTP_LISTENER_OPTIONS } from "../../modules/http.js";
import { RECONNECTING_OPTIONS } from "../../modules/reconnecting.js";
import { SERVER_OPTIONS } from "../../modules/server/options.js";
import { HUB_CONNECTION_OPTIONS } from "../../modules/signalr/client/options.js";
import { HUB_SERVER_OPTIONS } from "../../modules/signalr/server/options.js";

/** Every table of the library. */
const TABLES: readonly (readonly [name: string, table: OptionTable<object>])[] = [
  ["a connection", CONNECTION_OPTIONS],
  ["WebSocketServer", SERVER_OPTIONS],
  ["ClientWebSocket", CLIENT_OPTIONS],
  ["HttpListener", HTTP_LISTENER_OPTIONS],
  ["ReconnectingWebSocket", RECONNECTING_OPTIONS],
  ["Backoff", BACKOFF_OPTIONS],
  ["HubConnection", HUB_CONNECTION_OPTIONS],
  ["HubServer", HUB_SERVER_OPTIONS],
];

test.each(TABLES)("the defaults of %s are in their ranges, and ranges are of numbers", (_name, table) => {
  const defaults: Readonly<Record<string, unknown>> = { ...table.defaults };
  const { least, most, special = [] } = table as OptionTable<Record<string, unknown>>;
  expect(() => resolveOptions(defaults, table)).not.toThrow();
  for (const name of [...Object.keys(least), ...Object.keys(most), ...special])
    expect([name, typeof defaults[name]]).toEqual([name, "number"]);
});

test("what is left out or undefined gets its default, and the options stay as they are", () => {
  const options = Object.freeze({ keepAliveInterval: 5, serverTimeout: undefined });
  expect(resolveOptions(options, CONNECTION_OPTIONS)).toEqual({ ...CONNECTION_DEFAULTS, keepAliveInterval: 5 });
  expect(resolveOptions(undefined, CONNECTION_OPTIONS)).toEqual(CONNECTION_DEFAULTS);
});

test.each([
  [{ keepAliveIntervall: 5 }, /keepAliveIntervall"\. Did you mean keepAliveInterval\?/],
  [{ keepaliveinterval: 5 }, /Did you mean keepAliveInterval\?/],
  [{ maxMessage: 5 }, /Did you mean maxMessageBytes\?/],
  [{ closeTimeout: 5 }, /Did you mean closeTimeoutMs\?/],
  [{ severTimeout: 5 }, /Did you mean serverTimeout\?/],
  [{ onMesageReceived: 5 }, /Did you mean onMessageReceived\?/],
  [{ colour: 5 }, /no option "colour"\. The options are: keepAliveInterval,.* deliverFragments, onMessageReceived\.$/],
  [{ ["x".repeat(10_000)]: 5 }, /The options are/],
  [{ toString: 5 }, /toString/],
  [{ constructor: 5 }, /constructor/],
  [{ keepAliveInterval: "5" }, /keepAliveInterval.*number.*string/],
  [{ keepAliveInterval: null }, /keepAliveInterval.*number.*null/],
  [{ keepAliveInterval: new Date() }, /keepAliveInterval.*number.*Date/],
  [{ deliverFragments: [] }, /deliverFragments.*boolean.*list/],
  [{ deliverFragments: 1 }, /deliverFragments.*boolean.*number/],
])("%j is refused", (options, message) => {
  const act = (): unknown => resolveOptions(options as object, CONNECTION_OPTIONS, ["onMessageReceived"]);
  expect(act).toThrow(OptionError);
  expect(act).toThrow(message);
});

test.each([[null], ["a"], [{}], [5]])("%j is refused where a list is wanted", (names) => {
  expect(() => resolveOptions({ names }, { defaults: { names: ["b"] }, least: {}, most: {} })).toThrow(/names.*list/);
});

test.each([[[5]], [[undefined]], [["a", null]], [[["a"]]]])("%j is refused where texts are wanted", (names) => {
  expect(() => resolveOptions({ names }, { defaults: { names: ["b"] }, least: {}, most: {} })).toThrow(
    /names takes a list of strings; one of them is/,
  );
});

describe("ranges of a connection's settings", () => {
  const most = 2_147_483_647;
  const ranges: readonly (readonly [keyof ConnectionSettings, number])[] = [
    ["keepAliveInterval", 0],
    ["serverTimeout", 0],
    ["maxReceiveFrameSize", 0],
    ["maxFragmentSize", 0],
    ["maxMessageBytes", 1],
    ["maxFragments", 0],
    ["maxQueueBytes", 256],
    ["closeTimeoutMs", 1],
  ];

  test.each(ranges)(`%s is from %d to ${most}`, (name, least) => {
    const check = (value: number) => (): void => {
      resolveOptions({ [name]: value }, CONNECTION_OPTIONS);
    };
    expect(check(least)).not.toThrow();
    expect(check(most)).not.toThrow();
    for (const wrong of [least - 1, most + 1, least + 0.5, NaN, Infinity, -Infinity]) {
      expect(check(wrong)).toThrow(OptionError);
      expect(check(wrong)).toThrow(name);
    }
  });
});

test("the message says what is allowed and what was given", () => {
  expect(() => {
    checkInteger("maxClients", 0, 1, 10);
  }).toThrow("maxClients must be a whole number from 1 to 10; it is 0.");
});
