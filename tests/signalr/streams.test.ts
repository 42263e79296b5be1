/** Streams by themselves: those that come, and those that are sent. */

import { IncomingStreams, type HubStream } from "../../modules/signalr/link/incoming.js";
import { OutgoingStreams, Pump, type Sender } from "../../modules/signalr/link/outgoing.js";
import type { HubMessage, StreamItemMessage } from "../../modules/signalr/wire/messages.js";

const gate = { hold: jest.fn(), release: jest.fn() };

beforeEach(() => jest.clearAllMocks());

describe("a stream that comes", () => {
  interface Bench {
    readonly stream: HubStream;
    readonly over: jest.Mock;
    readonly push: (item: unknown) => void;
    readonly end: (error?: Error) => void;
  }

  /** A stream of items of 10 characters. */
  function open(streamBufferSize: number): Bench {
    const streams = new IncomingStreams({ maximumStreams: 1, streamBufferSize, streamStallTimeout: 0 }, gate);
    const over = jest.fn();
    return {
      stream: streams.open("1", over),
      over,
      push: (item) => streams.receive("1", item, 10),
      end: (error) => void streams.complete("1", error),
    };
  }

  const counts = (): number[] => [gate.hold, gate.release].map(({ mock }) => mock.calls.length);

  test("gives what is buffered, then what comes, then its end", async () => {
    const { stream, push, end } = open(100);
    push(1);
    push(2);
    expect([await stream.next(), await stream.next()].map(({ value }) => value)).toEqual([1, 2]);
    const third = stream.next();
    push(3);
    expect(await third).toEqual({ done: false, value: 3 });
    const last = stream.next();
    end();
    expect(await last).toEqual({ done: true, value: undefined });
    expect((await stream.next()).done).toBe(true);
  });

  test("ends with an error behind its items, once", async () => {
    const { stream, over, push, end } = open(100);
    push(1);
    end(new Error("broken"));
    expect((await stream.next()).value).toBe(1);
    await expect(stream.next()).rejects.toThrow("broken");
    expect((await stream.next()).done).toBe(true);
    expect(over.mock.calls).toEqual([[true]]);
  });

  test("is cancelled once, by whoever leaves the loop", async () => {
    const { stream, over, push } = open(100);
    push(1);
    for await (const item of stream) if (item === 1) break;
    stream.cancel();
    push(2);
    expect(over.mock.calls).toEqual([[false]]);
    expect((await stream.next()).done).toBe(true);
  });

  test("is full where more waits than may, until half is read", async () => {
    const { stream, push } = open(25);
    push(1);
    push(2);
    expect(counts()).toEqual([0, 0]);
    for (const item of [3, 4]) push(item);
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
      const { stream, push, end: complete } = open(5);
      push(1);
      if (end === "cancel") stream.cancel();
      else complete();
      expect(counts()).toEqual([1, 1]);
      jest.clearAllMocks();
    }
  });
});

describe("the streams that come", () => {
  const settings = { maximumStreams: 2, streamBufferSize: 15, streamStallTimeout: 100 };

  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  test("stop the connection while one of them is full", async () => {
    const streams = new IncomingStreams(settings, gate);
    const [one, two] = [streams.open("1", jest.fn()), streams.open("2", jest.fn())];
    expect(() => streams.open("3", jest.fn())).toThrow("maximumStreams");
    for (const id of ["1", "1", "2", "2"]) streams.receive(id, id, 10);
    expect([gate.hold.mock.calls.length, gate.release.mock.calls.length]).toEqual([1, 0]);
    for (let read = 0; read < 2; read++) await one.next();
    expect(gate.release).not.toHaveBeenCalled();
    two.cancel();
    expect(gate.release).toHaveBeenCalledTimes(1);
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
    expect([cancelled.mock.calls, gate.release.mock.calls.length]).toEqual([[[false]], 0]);
    for (let read = 0; read < 2; read++) expect((await unread.next()).value).toBe("1");
    await expect(unread.next()).rejects.toMatchObject({
      code: "ERR_TIMEOUT",
      message: expect.stringContaining("streamStallTimeout") as string,
    });
    jest.advanceTimersByTime(90);
    expect(gate.release).toHaveBeenCalledTimes(1);
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
    expect(gate.release).not.toHaveBeenCalled();
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

  /** Sends one item, and then has room again when it is told to. */
  class Way implements Sender {
    isBusy = false;
    readonly sent: unknown[] = [];
    goOn = (): void => undefined;

    idle(): Promise<void> {
      return new Promise((resolve) => {
        this.goOn = () => {
          this.isBusy = false;
          resolve();
        };
      });
    }

    offer(message: HubMessage): boolean {
      if (this.isBusy) return false;
      this.sent.push((message as StreamItemMessage).item);
      return (this.isBusy = true);
    }
  }

  test("asks for an item when there is room, and runs its clean-up when it is stopped", async () => {
    const source = items();
    const returned = jest.spyOn(source, "return");
    const next = jest.spyOn(source, "next");
    const done = jest.fn();
    const way = new Way();
    const streams = new OutgoingStreams(way, 1);
    const pump = new Pump(streams, { id: "1", items: source }, done);
    expect(streams.hasRoomFor(1)).toBe(false);
    await new Promise(setImmediate);
    expect([way.sent, next.mock.calls.length]).toEqual([[0], 1]);
    way.goOn();
    await new Promise(setImmediate);
    expect([way.sent, next.mock.calls.length]).toEqual([[0, 1], 2]);
    pump.stop();
    pump.stop();
    way.goOn();
    await new Promise(setImmediate);
    expect([way.sent.length, returned.mock.calls.length, done.mock.calls.length]).toEqual([2, 1, 0]);
    expect(streams.hasRoomFor(1)).toBe(true);
  });

  test("offers an item again whose room another message took", async () => {
    const way = new Way();
    const late: AsyncIterable<unknown> = {
      [Symbol.asyncIterator]: () => ({
        next: async () => {
          await Promise.resolve();
          way.isBusy = way.sent.length === 0;
          return { done: way.sent.length > 0, value: "late" };
        },
      }),
    };
    const done = new Promise((resolve) => new Pump(new OutgoingStreams(way, 1), { id: "1", items: late }, resolve));
    await new Promise(setImmediate);
    expect(way.sent).toEqual([]);
    way.goOn();
    await new Promise(setImmediate);
    expect(way.sent).toEqual(["late"]);
    way.goOn();
    expect(await done).toBeUndefined();
  });

  test("tells what it failed with, its own error or that of sending", async () => {
    const failed = (offer: () => boolean, source: AsyncIterable<unknown>): Promise<unknown> => {
      const way = { isBusy: false, idle: () => Promise.resolve(), offer };
      return new Promise((resolve) => new Pump(new OutgoingStreams(way, 1), { id: "1", items: source }, resolve));
    };
    const refused = (): never => {
      throw new Error("no room");
    };
    const sent = (): boolean => true;
    expect(await failed(refused, items())).toMatchObject({ message: "no room" });
    const broken = (next: () => never): AsyncIterable<unknown> => ({ [Symbol.asyncIterator]: () => ({ next }) });
    expect(
      await failed(
        sent,
        broken(() => Promise.reject(new Error("broken")) as never),
      ),
    ).toMatchObject({
      message: "broken",
    });
    const bad = (): never => {
      throw new Error("bad");
    };
    expect(await failed(sent, broken(bad))).toMatchObject({ message: "bad" });
    expect(await failed(sent, { [Symbol.asyncIterator]: bad })).toMatchObject({ message: "bad" });
  });
});
