import { KeepAlive, KeepAliveAction } from "../../modules/protocol/keepalive.js";
import { CONNECTION_DEFAULTS } from "../../modules/common/options.js";

/** A keep-alive with its settings, which looks at the clock when it is asked to check. */
class TestedKeepAlive {
  private readonly keepAlive: KeepAlive;
  private now: number;
  private readonly settings;

  constructor(keepAliveInterval: number, serverTimeout: number, now: number) {
    this.settings = { ...CONNECTION_DEFAULTS, keepAliveInterval, serverTimeout };
    this.keepAlive = new KeepAlive(now);
    this.now = now;
  }

  set lastSignAt(time: number) {
    this.keepAlive.lastSignAt = time;
  }

  get deadline(): number {
    return this.keepAlive.deadline(this.now, this.settings);
  }

  check(now: number): KeepAliveAction {
    this.now = now;
    return this.keepAlive.check(now, this.settings);
  }
}

function keepAliveOf(keepAliveInterval: number, serverTimeout: number, now = 0): TestedKeepAlive {
  return new TestedKeepAlive(keepAliveInterval, serverTimeout, now);
}

const { None, Ping, GiveUp } = KeepAliveAction;

test("a Ping is due after the interval, not before", () => {
  const keepAlive = keepAliveOf(30, 60, 1_000);
  expect(keepAlive.deadline).toBe(1_030);
  expect(keepAlive.check(1_029)).toBe(None);
  expect(keepAlive.check(1_030)).toBe(Ping);
});

test("any byte puts the Ping off", () => {
  const keepAlive = keepAliveOf(30, 60);
  keepAlive.lastSignAt = 25;
  expect(keepAlive.check(30)).toBe(None);
  expect(keepAlive.deadline).toBe(55);
  expect(keepAlive.check(55)).toBe(Ping);
});

test("a silent peer is given up at interval and timeout after its last byte", () => {
  const keepAlive = keepAliveOf(30, 60);
  expect(keepAlive.check(30)).toBe(Ping);
  // It looks again in between: an answer moves no timer, but makes the next Ping due.
  expect(keepAlive.deadline).toBe(60);
  expect(keepAlive.check(60)).toBe(None);
  expect(keepAlive.deadline).toBe(90);
  expect(keepAlive.check(89)).toBe(None);
  expect(keepAlive.check(90)).toBe(GiveUp);
});

test("any byte answers the Ping", () => {
  const keepAlive = keepAliveOf(30, 60);
  keepAlive.check(30);
  keepAlive.lastSignAt = 89;
  expect(keepAlive.deadline).toBe(119);
  expect(keepAlive.check(119)).toBe(Ping);
  expect(keepAlive.check(179)).toBe(GiveUp);
});

test("only one Ping is sent while its answer is waited for", () => {
  const keepAlive = keepAliveOf(10, 60);
  expect(keepAlive.check(10)).toBe(Ping);
  for (const time of [20, 30, 69]) expect(keepAlive.check(time)).toBe(None);
});

test("serverTimeout 0: a Ping at every interval, and no one is given up", () => {
  const keepAlive = keepAliveOf(30, 0);
  for (const time of [30, 60, 90, 1_000_000]) expect(keepAlive.check(time)).toBe(Ping);
  expect(keepAlive.deadline).toBe(1_000_030);
});

test("interval 0: never", () => {
  const keepAlive = keepAliveOf(0, 60);
  expect(keepAlive.deadline).toBe(Infinity);
  expect(keepAlive.check(Number.MAX_SAFE_INTEGER)).toBe(None);
});

test("a clock that stood still for long asks before it gives up", () => {
  const keepAlive = keepAliveOf(30, 60);
  expect(keepAlive.check(100_000)).toBe(Ping);
  expect(keepAlive.check(100_001)).toBe(None);
});

test("an answer in the same millisecond counts: a coarse clock does not tell it from the Ping", () => {
  const keepAlive = keepAliveOf(30, 60);
  expect(keepAlive.check(30)).toBe(Ping);
  keepAlive.lastSignAt = 30;
  expect(keepAlive.deadline).toBe(60);
  expect(keepAlive.check(60)).toBe(Ping);
});

test("a Ping that is answered is followed by the next at the interval, not at the timeout", () => {
  const keepAlive = keepAliveOf(30, 60);
  expect(keepAlive.check(30)).toBe(Ping);
  keepAlive.lastSignAt = 31;
  expect(keepAlive.check(60)).toBe(None);
  expect(keepAlive.deadline).toBe(61);
  expect(keepAlive.check(61)).toBe(Ping);
});
