import { OptionError } from "../../modules/common/errors.js";
import {
  checkConnectionSettings,
  checkInteger,
  CONNECTION_DEFAULTS,
  withDefaults,
  type ConnectionSettings,
} from "../../modules/common/options.js";

test("the defaults are in their ranges", () => {
  expect(() => {
    checkConnectionSettings(CONNECTION_DEFAULTS);
  }).not.toThrow();
});

test("what is left out or undefined gets its default, and the options stay as they are", () => {
  const options = Object.freeze({ keepAliveInterval: 5, serverTimeout: undefined });
  expect(withDefaults(options, CONNECTION_DEFAULTS)).toEqual({ ...CONNECTION_DEFAULTS, keepAliveInterval: 5 });
  expect(withDefaults(undefined, CONNECTION_DEFAULTS)).toEqual(CONNECTION_DEFAULTS);
});

test.each([
  [{ keepAliveIntervall: 5 }, /keepAliveIntervall"; did you mean keepAliveInterval\?/],
  [{ keepaliveinterval: 5 }, /did you mean keepAliveInterval\?/],
  [{ maxMessage: 5 }, /did you mean maxMessageBytes\?/],
  [{ closeTimeout: 5 }, /did you mean closeTimeoutMs\?/],
  [{ severTimeout: 5 }, /did you mean serverTimeout\?/],
  [{ onMesageReceived: 5 }, /did you mean onMessageReceived\?/],
  [{ colour: 5 }, /no option "colour"; known are: keepAliveInterval,.* deliverFragments, onMessageReceived\.$/],
  [{ ["x".repeat(10_000)]: 5 }, /known are/],
  [{ toString: 5 }, /toString/],
  [{ constructor: 5 }, /constructor/],
  [{ keepAliveInterval: "5" }, /keepAliveInterval.*number.*string/],
  [{ keepAliveInterval: null }, /keepAliveInterval.*number.*null/],
  [{ keepAliveInterval: new Date() }, /keepAliveInterval.*number.*Date/],
  [{ deliverFragments: [] }, /deliverFragments.*boolean.*array/],
  [{ deliverFragments: 1 }, /deliverFragments.*boolean.*number/],
])("%j is refused", (options, message) => {
  const act = (): unknown => withDefaults(options as object, CONNECTION_DEFAULTS, ["onMessageReceived"]);
  expect(act).toThrow(OptionError);
  expect(act).toThrow(message);
});

test.each([[null], ["a"], [{}], [5]])("%j is refused where a list is wanted", (names) => {
  expect(() => withDefaults({ names }, { names: ["b"] })).toThrow(/names.*array/);
});

test.each([[[5]], [[undefined]], [["a", null]], [[["a"]]]])("%j is refused where texts are wanted", (names) => {
  expect(() => withDefaults({ names }, { names: ["b"] })).toThrow(/names is a list of strings; one of them is/);
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
      checkConnectionSettings({ ...CONNECTION_DEFAULTS, [name]: value });
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
  }).toThrow("maxClients is an integer from 1 to 10; it was given 0.");
});
