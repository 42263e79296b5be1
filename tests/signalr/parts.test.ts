/** The parts of a link by themselves, with a clock that is turned by hand. */

import { ConnectionTokens } from "../../modules/signalr/server/tokens.js";
import { HubProtocolError } from "../../modules/signalr/errors.js";
import { ClientMethods } from "../../modules/signalr/client/methods.js";
import { HandshakeReader } from "../../modules/signalr/wire/handshake.js";
import { Heartbeat } from "../../modules/signalr/link/heartbeat.js";
import { PendingInvocations } from "../../modules/signalr/link/pending.js";
import { negotiateUrl, toWebSocketUrl } from "../../modules/signalr/client/negotiation.js";
import { createRetryPolicy, Retries, type Wait } from "../../modules/signalr/client/retries.js";
import { accessTokenOf } from "../../modules/signalr/server.js";
import { WritableHeaders } from "../../modules/common/headers.js";

describe("the handshake", () => {
  const read = (...pieces: readonly string[]): unknown => {
    const reader = new HandshakeReader();
    return pieces.map((piece) => reader.read(piece)).at(-1);
  };

  test("is the first record, whatever is behind it", () => {
    expect(read('{"protocol":"json","version":1}\x1e{"type":6}\x1e')).toEqual({
      fields: { protocol: "json", version: 1 },
      rest: '{"type":6}\x1e',
    });
    expect(read("{", "}", "\x1e")).toEqual({ fields: {}, rest: "" });
    expect(read("{")).toBeUndefined();
    expect(() => read("x".repeat(1_025))).toThrow(HubProtocolError);
    expect(() => read("[]\x1e")).toThrow(HubProtocolError);
  });

  test("is bytes for a binary protocol", () => {
    const bytes = new TextEncoder().encode('{"protocol":"a"}\x1eAB');
    expect(new HandshakeReader().read(bytes)).toEqual({ fields: { protocol: "a" }, rest: bytes.subarray(-2) });
    expect(() => new HandshakeReader().read(Uint8Array.of(0xff, 0x1e))).toThrow("not UTF-8");
  });
});

describe("with a clock", () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  test("a heartbeat pings when nothing is sent, and notices silence, with one timer", () => {
    const pingDue = jest.fn();
    const peerSilent = jest.fn();
    const heartbeat = new Heartbeat({ keepAliveInterval: 100, timeout: 350 }, { pingDue, peerSilent });
    heartbeat.start();
    jest.advanceTimersByTime(60);
    heartbeat.sent();
    jest.advanceTimersByTime(60);
    expect(pingDue).not.toHaveBeenCalled();
    jest.advanceTimersByTime(45);
    expect(pingDue).toHaveBeenCalledTimes(1);
    heartbeat.received();
    expect(jest.getTimerCount()).toBe(1);
    jest.advanceTimersByTime(340);
    expect(peerSilent).not.toHaveBeenCalled();
    jest.advanceTimersByTime(20);
    expect(peerSilent).toHaveBeenCalledTimes(1);
    expect(pingDue).toHaveBeenCalledTimes(4);
    expect(jest.getTimerCount()).toBe(0);
  });

  test("a heartbeat that does not listen notices no silence, and pings all the same", () => {
    const [pingDue, peerSilent] = [jest.fn(), jest.fn()];
    const heartbeat = new Heartbeat({ keepAliveInterval: 100, timeout: 150 }, { pingDue, peerSilent });
    heartbeat.start();
    heartbeat.stopListening();
    jest.advanceTimersByTime(1_050);
    expect([pingDue.mock.calls.length, peerSilent.mock.calls.length]).toEqual([10, 0]);
    heartbeat.listen();
    jest.advanceTimersByTime(140);
    expect(peerSilent).not.toHaveBeenCalled();
    jest.advanceTimersByTime(20);
    expect(peerSilent).toHaveBeenCalledTimes(1);
    expect(jest.getTimerCount()).toBe(0);
  });

  test("a heartbeat that often listens anew pings all the same, and notices silence in time", () => {
    const [pingDue, peerSilent] = [jest.fn(), jest.fn()];
    const heartbeat = new Heartbeat({ keepAliveInterval: 100, timeout: 50 }, { pingDue, peerSilent });
    heartbeat.start();
    for (let at = 0; at < 2_000; at++) {
      heartbeat.stopListening();
      jest.advanceTimersByTime(0.5);
      heartbeat.listen();
    }
    expect([pingDue.mock.calls.length, peerSilent.mock.calls.length]).toEqual([10, 0]);
    jest.advanceTimersByTime(60);
    expect(peerSilent).toHaveBeenCalledTimes(1);
  });

  test("a heartbeat of zeros has no timer", () => {
    new Heartbeat({ keepAliveInterval: 0, timeout: 0 }, { pingDue: jest.fn(), peerSilent: jest.fn() }).start();
    expect(jest.getTimerCount()).toBe(0);
  });

  test("invocations end by their answer, an error, their time or all together", async () => {
    const calls = new PendingInvocations(3);
    const [one, two, three] = ["1", "2", "3"].map((id) => calls.wait(id, "Do", id === "3" ? 50 : 0));
    expect(() => calls.wait("4", "Do", 0)).toThrow("maximumPendingInvocations");
    expect(calls.complete("1", 7)).toBe(true);
    expect(calls.complete("1", 8)).toBe(false);
    expect(await one).toBe(7);
    const late = expect(three).rejects.toMatchObject({
      code: "ERR_TIMEOUT",
      message: '"Do" was not answered within 50 ms.',
    });
    jest.advanceTimersByTime(50);
    await late;
    const lost = expect(two).rejects.toThrow("lost");
    calls.failAll(new HubProtocolError("lost"));
    await lost;
    expect([calls.count, jest.getTimerCount()]).toEqual([0, 0]);
  });
});

describe("handlers", () => {
  beforeEach(() => jest.spyOn(console, "log").mockImplementation(() => undefined));
  afterEach(() => jest.restoreAllMocks());

  test("are called each, whatever the others throw", async () => {
    const handlers = new ClientMethods();
    const heard: unknown[] = [];
    const first = (value: string): void => void heard.push(value);
    handlers.add("Tell", first);
    handlers.add("tell", first);
    handlers.add("TELL", () => {
      throw new Error("bad");
    });
    handlers.add("tell", () => Promise.reject(new Error("later")));
    handlers.add("tell", (value: string) => heard.push(`${value}!`));
    handlers.call("Tell", ["a"]);
    await new Promise(setImmediate);
    expect(heard).toEqual(["a", "a!"]);
    handlers.remove("Tell", first);
    handlers.call("Tell", ["b"]);
    expect(heard).toEqual(["a", "a!", "b!"]);
    handlers.remove("tell");
    handlers.call("Tell", ["c"]);
    handlers.call("hasOwnProperty", []);
    expect(heard.length).toBe(3);
  });

  test("give one result", async () => {
    const handlers = new ClientMethods();
    await expect(handlers.callForResult("Name", [])).rejects.toThrow("Client didn't provide a result.");
    handlers.add("Name", () => undefined);
    await expect(handlers.callForResult("Name", [])).rejects.toThrow("Client didn't provide a result.");
    handlers.add("Name", () => Promise.resolve("x"));
    expect(await handlers.callForResult("Name", [])).toBe("x");
    handlers.add("Name", () => {
      throw new Error("bad");
    });
    await expect(handlers.callForResult("Name", [])).rejects.toThrow("bad");
    handlers.add("Name", () => "y");
    await expect(handlers.callForResult("Name", [])).rejects.toThrow("Client provided multiple results.");
  });
});

describe("retries", () => {
  const delays = async (policy: Parameters<typeof createRetryPolicy>[0], jitter = 0): Promise<number[]> => {
    const waited: number[] = [];
    const wait: Wait = (delayMs, elapsed) => {
      waited.push(delayMs);
      setImmediate(elapsed);
      return () => undefined;
    };
    const made = createRetryPolicy(policy, jitter);
    if (made === undefined) return [-1];
    const retries = new Retries(made, wait);
    while (await retries.next(new Error("lost")));
    return waited;
  };

  test("come after 0, 2, 10 and 30 s, after own delays, or as a policy says", async () => {
    expect(await delays(true)).toEqual([0, 2_000, 10_000, 30_000]);
    expect(await delays([5, 6])).toEqual([5, 6]);
    expect(await delays(false)).toEqual([-1]);
    const policy = {
      nextRetryDelayInMilliseconds: ({ previousRetryCount: count }: { previousRetryCount: number }) =>
        count < 3 ? count : null,
    };
    expect(await delays(policy)).toEqual([0, 1, 2]);
  });

  test("leave a part to chance", async () => {
    const waited = await delays(
      Array.from({ length: 50 }, () => 1_000),
      0.5,
    );
    expect(Math.min(...waited)).toBeGreaterThanOrEqual(500);
    expect(Math.max(...waited)).toBeLessThanOrEqual(1_000);
    expect(new Set(waited).size).toBeGreaterThan(5);
  });

  test("are no shorter than a timer takes", async () => {
    const delays: number[] = [];
    const wait: Wait = (delayMs, elapsed) => {
      delays.push(delayMs);
      elapsed();
      return () => undefined;
    };
    const policy = createRetryPolicy({ nextRetryDelayInMilliseconds: () => Infinity }, 0);
    if (policy !== undefined) expect(await new Retries(policy, wait).next(new Error())).toBe(true);
    expect(delays).toEqual([2_147_483_647]);
  });

  test("end with a policy that throws, and mistakes are told at once", async () => {
    jest.spyOn(console, "log").mockImplementation(() => undefined);
    const policy = {
      nextRetryDelayInMilliseconds: () => {
        throw new Error("bad");
      },
    };
    expect(await delays(policy)).toEqual([]);
    jest.restoreAllMocks();
    expect(() => createRetryPolicy([-1], 0)).toThrow("automaticReconnect");
    expect(() => createRetryPolicy(true, 2)).toThrow("reconnectJitter");
    expect(() => createRetryPolicy({} as never, 0)).toThrow("automaticReconnect");
  });
});

test("a token is known again, and no other", () => {
  const tokens = new ConnectionTokens();
  const id = tokens.createId();
  const token = tokens.tokenFor(id);
  expect(token).toMatch(/^[\w-]{22}\.[\w-]{27}$/);
  expect(tokens.idOf(token)).toBe(id);
  for (const other of [`${token}x`, id, "", `x${token}`, `${id}.`, new ConnectionTokens().tokenFor(id)])
    expect(tokens.idOf(other)).toBeUndefined();
});

test("the URL of a negotiation keeps path and query", () => {
  expect(toWebSocketUrl("https://a/hub")).toBe("wss://a/hub");
  expect(toWebSocketUrl("HTTP://a/http://")).toBe("ws://a/http://");
  expect(negotiateUrl("ws://a/hub")).toBe("ws://a/hub/negotiate?negotiateVersion=1");
  expect(negotiateUrl("ws://a/hub/?b=1")).toBe("ws://a/hub/negotiate?b=1&negotiateVersion=1");
  expect(negotiateUrl("ws://a/hub?negotiateVersion=0")).toBe("ws://a/hub/negotiate?negotiateVersion=0");
});

test("an access token is found where clients put it", () => {
  const request = (rawUrl: string, authorization?: string): Parameters<typeof accessTokenOf>[0] => {
    const headers = new WritableHeaders();
    if (authorization !== undefined) headers.append("Authorization", authorization);
    return {
      httpMethod: "GET",
      rawUrl,
      path: "/hub",
      headers,
      isWebSocketRequest: true,
      httpVersion: "1.1",
      remoteEndPoint: "a:1",
      clientCertificate: undefined,
    };
  };
  expect(accessTokenOf(request("/hub?id=1&access_token=a%2Bb"))).toBe("a+b");
  expect(accessTokenOf(request("/hub?access_token=YWJjZA==&id=1"))).toBe("YWJjZA==");
  expect(accessTokenOf(request("/hub", "bearer abc"))).toBe("abc");
  expect(accessTokenOf(request("/hub?access_token=%zz"))).toBeUndefined();
  expect(accessTokenOf(request("/hub", "Basic abc"))).toBeUndefined();
});
