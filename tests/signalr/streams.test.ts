/** Streams by themselves: those that come, and those that are sent. */

import { IncomingStreams } from "../../modules/signalr/incomingstreams.js";
import { HubStream, StreamPump } from "../../modules/signalr/streams.js";

describe("a stream that comes", () => {
  const events = { cancelled: jest.fn(), filled: jest.fn(), drained: jest.fn() };

  beforeEach(() => jest.clearAllMocks());

  test("gives what is buffered, then what comes, then its end", async () => {
    const stream = new HubStream<number>(100, events);
    stream.push(1, 10);
    stream.push(2, 10);
    expect([await stream.next(), await stream.next()].map(({ value }) => value)).toEqual([1, 2]);
    const third = stream.next();
    stream.push(3, 10);
    expect(await third).toEqual({ done: false, value: 3 });
    const last = stream.next();
    stream.end();
    expect(await last).toEqual({ done: true, value: undefined });
    expect((await stream.next()).done).toBe(true);
  });

  test("ends with an error behind its items, once", async () => {
    const stream = new HubStream(100, events);
    stream.push(1, 10);
    stream.end(new Error("broken"));
    expect((await stream.next()).value).toBe(1);
    await expect(stream.next()).rejects.toThrow("broken");
    expect((await stream.next()).done).toBe(true);
  });

  test("is cancelled once, by whoever leaves the loop", async () => {
    const stream = new HubStream(100, events);
    stream.push(1, 10);
    for await (const item of stream) if (item === 1) break;
    stream.cancel();
    stream.push(2, 10);
    expect(events.cancelled).toHaveBeenCalledTimes(1);
    expect((await stream.next()).done).toBe(true);
  });

  test("is full where more waits than may, until half is read", async () => {
    const stream = new HubStream<number>(25, events);
    const counts = (): number[] => [events.filled, events.drained].map(({ mock }) => mock.calls.length);
    stream.push(1, 10);
    stream.push(2, 10);
    expect(counts()).toEqual([0, 0]);
    for (const item of [3, 4]) stream.push(item, 10);
    expect(counts()).toEqual([1, 0]);
    const items = [await stream.next(), await stream.next()];
    expect(counts()).toEqual([1, 0]);
    items.push(await stream.next());
    expect(counts()).toEqual([1, 1]);
    items.push(await stream.next());
    expect([items.map(({ value }) => value), counts()]).toEqual([
      [1, 2, 3, 4],
      [1, 1],
    ]);
  });

  test("is full no more when it is cancelled, or has ended", () => {
    for (const end of ["cancel", "end"] as const) {
      const stream = new HubStream(5, events);
      stream.push(1, 10);
      stream[end]();
      expect(events.drained).toHaveBeenCalledTimes(1);
      jest.clearAllMocks();
    }
  });
});

describe("the streams that come", () => {
  const gate = { pause: jest.fn(), resume: jest.fn() };
  const settings = { maximumStreams: 2, streamBufferSize: 15, streamStallTimeout: 100 };

  beforeEach(() => {
    jest.clearAllMocks();
    jest.useFakeTimers();
  });
  afterEach(() => jest.useRealTimers());

  test("stop the connection while one of them is full", async () => {
    const streams = new IncomingStreams(settings, gate);
    const [one, two] = [streams.open("1", jest.fn()), streams.open("2", jest.fn())];
    expect(() => streams.open("3", jest.fn())).toThrow("maximumStreams");
    for (const id of ["1", "1", "2", "2"]) streams.receive(id, id, 10);
    expect([gate.pause.mock.calls.length, gate.resume.mock.calls.length]).toEqual([1, 0]);
    for (let read = 0; read < 2; read++) await one.next();
    expect(gate.resume).not.toHaveBeenCalled();
    two.cancel();
    expect(gate.resume).toHaveBeenCalledTimes(1);
    jest.advanceTimersByTime(100);
    expect(jest.getTimerCount()).toBe(0);
  });

  test("fail where nobody reads them, and let the others go on", async () => {
    const streams = new IncomingStreams(settings, gate);
    const cancelled = jest.fn();
    const [unread, slow] = [streams.open("1", cancelled), streams.open("2", jest.fn())];
    for (const id of ["1", "1", "2", "2", "2", "2"]) streams.receive(id, id, 10);
    jest.advanceTimersByTime(90);
    await slow.next();
    jest.advanceTimersByTime(15);
    expect([cancelled.mock.calls, gate.resume.mock.calls.length]).toEqual([[[false]], 0]);
    for (let read = 0; read < 2; read++) expect((await unread.next()).value).toBe("1");
    await expect(unread.next()).rejects.toMatchObject({
      code: "ERR_TIMEOUT",
      message: expect.stringContaining("streamStallTimeout") as string,
    });
    jest.advanceTimersByTime(90);
    expect(gate.resume).toHaveBeenCalledTimes(1);
    expect(jest.getTimerCount()).toBe(0);
    for (let read = 0; read < 3; read++) expect((await slow.next()).value).toBe("2");
    await expect(slow.next()).rejects.toThrow("100 ms");
  });

  test("wait for ever where there is no limit, and end with the connection", async () => {
    const streams = new IncomingStreams({ ...settings, streamStallTimeout: 0 }, gate);
    const stream = streams.open("1", jest.fn());
    for (let count = 0; count < 2; count++) streams.receive("1", 1, 10);
    expect(jest.getTimerCount()).toBe(0);
    streams.end(new Error("over"));
    expect(gate.resume).not.toHaveBeenCalled();
    for (let read = 0; read < 2; read++) await stream.next();
    await expect(stream.next()).rejects.toThrow("over");
  });
});

describe("a stream that is sent", () => {
  async function* items(): AsyncGenerator<number> {
    for (let item = 0; ; item++) {
      await Promise.resolve();
      yield item;
    }
  }

  test("waits for room for each item, and runs its clean-up when it is stopped", async () => {
    const source = items();
    const returned = jest.spyOn(source, "return");
    const sent: unknown[] = [];
    const done = jest.fn();
    let goOn = (): void => undefined;
    const item = (value: unknown): Promise<void> => {
      sent.push(value);
      return new Promise((resolve) => (goOn = resolve));
    };
    const pump = new StreamPump(source, { item, done });
    await new Promise(setImmediate);
    expect(sent).toEqual([0]);
    goOn();
    await new Promise(setImmediate);
    expect(sent).toEqual([0, 1]);
    pump.stop();
    pump.stop();
    goOn();
    await new Promise(setImmediate);
    expect([sent.length, returned.mock.calls.length, done.mock.calls.length]).toEqual([2, 1, 0]);
  });

  test("tells what it failed with, its own error or that of sending", async () => {
    const failed = async (item: () => Promise<void>, source: AsyncIterable<unknown>): Promise<unknown> =>
      new Promise((resolve) => new StreamPump(source, { item, done: resolve }));
    const refused = (): Promise<void> => Promise.reject(new Error("no room"));
    expect(await failed(refused, items())).toMatchObject({ message: "no room" });
    const broken: AsyncIterable<unknown> = {
      [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(new Error("broken")) }),
    };
    expect(await failed(() => Promise.resolve(), broken)).toMatchObject({ message: "broken" });
  });
});
