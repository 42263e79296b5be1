/** HubConnection: lost connections, and the negotiation, with a server that follows a script. */

import { HubConnectionState } from "../../modules/signalr/client.js";
import { ManualWait, setUpScript } from "./scripttest.js";
import { eventually } from "../support/waiting.js";

const script = setUpScript();

describe("reconnecting", () => {
  test("the delays, the events, and a new id", async () => {
    const manual = new ManualWait();
    const events: unknown[] = [];
    script.server.negotiate = () => ({ connectionId: `id${script.server.requests.length}`, negotiateVersion: 0 });
    const [connection, client] = await script.start({
      negotiate: true,
      automaticReconnect: [10, 20, 30],
      wait: manual.wait,
      onreconnecting: (error) => events.push(["reconnecting", error?.name]),
      onreconnected: (id) => events.push(["reconnected", id, connection.state]),
      onclose: (error) => events.push(["close", error]),
    });
    expect(connection.connectionId).toBe("id1");
    const waiting = connection.invoke("a");
    client.terminate();
    await expect(waiting).rejects.toMatchObject({ code: "ERR_HUB_CLOSED" });
    expect(connection.state).toBe(HubConnectionState.Reconnecting);
    await expect(connection.send("a")).rejects.toMatchObject({ code: "ERR_INVALID_STATE" });
    manual.elapse();
    (await script.server.accept()).terminate();
    await eventually(() => manual.delays.length === 2);
    manual.elapse();
    await (await script.server.accept()).shakeHands();
    await eventually(() => connection.state === HubConnectionState.Connected);
    expect(manual.delays).toEqual([10, 20]);
    expect(events).toEqual([
      ["reconnecting", "NetworkError"],
      ["reconnected", "id5", "Connected"],
    ]);
    await connection.stop();
    expect(events.at(-1)).toEqual(["close", undefined]);
  });

  test("ends with the last delay", async () => {
    const errors: unknown[] = [];
    const [connection, client] = await script.start({
      automaticReconnect: [0, 1],
      onclose: (error) => errors.push(error),
    });
    client.terminate();
    for (let attempt = 0; attempt < 2; attempt++) (await script.server.accept()).close(1_011);
    await eventually(() => connection.state === HubConnectionState.Disconnected);
    expect(errors).toMatchObject([{ code: "ERR_HUB_CLOSED" }]);
  });

  test("only where the server's Close allows it", async () => {
    const manual = new ManualWait();
    for (const [close, state] of [
      ['{"type":7}', HubConnectionState.Disconnected],
      ['{"type":7,"allowReconnect":false}', HubConnectionState.Disconnected],
      ['{"type":7,"allowReconnect":true}', HubConnectionState.Reconnecting],
    ] as const) {
      const [connection, client] = await script.start({ automaticReconnect: true, wait: manual.wait });
      client.send(close);
      await eventually(() => connection.state !== HubConnectionState.Connected);
      expect(connection.state).toBe(state);
    }
  });

  test("is given up by stop: in a pause, in an attempt, and from the event", async () => {
    const closed = jest.fn();
    const manual = new ManualWait();
    const options = { automaticReconnect: true, wait: manual.wait, onclose: closed };
    const [pausing, first] = await script.start(options);
    first.terminate();
    await eventually(() => manual.delays.length === 1);
    await pausing.stop();
    expect([pausing.state, manual.cancelled]).toEqual([HubConnectionState.Disconnected, 1]);

    const [trying, second] = await script.start(options);
    second.terminate();
    await eventually(() => manual.delays.length === 2);
    manual.elapse();
    await (await script.server.accept()).take();
    await trying.stop();
    expect(trying.state).toBe(HubConnectionState.Disconnected);

    const [leaving, third] = await script.start({ ...options, onreconnecting: () => void leaving.stop() });
    third.terminate();
    await eventually(() => leaving.state === HubConnectionState.Disconnected);
    expect(closed.mock.calls).toEqual([[undefined], [undefined], [undefined]]);
    expect(manual.delays).toEqual([0, 0]);
  });

  test("covers the first attempt when asked", async () => {
    const manual = new ManualWait();
    const connection = script.create({ automaticReconnect: [5, 6], reconnectOnStart: true, wait: manual.wait });
    const started = connection.start();
    (await script.server.accept()).terminate();
    await eventually(() => manual.delays.length === 1);
    expect(connection.state).toBe(HubConnectionState.Connecting);
    manual.elapse();
    await (await script.server.accept()).shakeHands();
    await started;
    expect(manual.delays).toEqual([5]);

    const other = script.create({ automaticReconnect: true, reconnectOnStart: true, wait: manual.wait });
    const stopped = expect(other.start()).rejects.toMatchObject({ code: "ERR_ABORTED" });
    (await script.server.accept()).terminate();
    await eventually(() => manual.delays.length === 2);
    await other.stop();
    await stopped;
    expect(other.state).toBe(HubConnectionState.Disconnected);
  });
});

describe("negotiation", () => {
  const target = { connectionId: "i", connectionToken: "t+", negotiateVersion: 1 };
  const transports = [{ transport: "WebSockets", transferFormats: ["Text"] }];

  test("names the token, and keeps the id", async () => {
    script.server.negotiate = () => ({ ...target, availableTransports: transports });
    const [connection] = await script.start({ negotiate: true, headers: { "X-Light": "red" } });
    expect(connection.connectionId).toBe("i");
    expect(script.server.requests).toMatchObject([
      { url: "POST /hub/negotiate?negotiateVersion=1", headers: { "x-light": "red", "content-length": "0" } },
      { url: "/hub?id=t%2B" },
    ]);
  });

  test("is passed on, with another token", async () => {
    script.server.negotiate = (url) =>
      url.startsWith("/hub") ? { url: script.server.url.replace("/hub", "/other?x=1"), accessToken: "new" } : target;
    await script.start({ negotiate: true, accessTokenFactory: () => "old" });
    expect(script.server.requests.map(({ url, headers }) => [url, headers["authorization"]])).toEqual([
      ["POST /hub/negotiate?negotiateVersion=1", "Bearer old"],
      ["POST /other/negotiate?x=1&negotiateVersion=1", "Bearer new"],
      ["/other?x=1&id=t%2B", "Bearer new"],
    ]);
  });

  test.each<[string, object | string, string]>([
    ["an error", { error: "no seat" }, "no seat"],
    ["no JSON", "<html>", "not that of a SignalR server"],
    ["an endless circle", { url: "SELF" }, "more than 5 times"],
    ["another place that is none", { url: "ftp://example.org/hub" }, "which is no URL"],
    ["no id", { negotiateVersion: 1 }, "no connectionId"],
    ["no token", { negotiateVersion: 1, connectionId: "i" }, "no connectionToken"],
    ["other transports", { ...target, availableTransports: [{ transport: "LongPolling" }] }, "WebSockets"],
    ["too much", "x".repeat(9_000), "more than 8192 bytes"],
  ])("that fails: %s", async (_name, answer, message) => {
    script.server.negotiate = () => (JSON.stringify(answer).includes("SELF") ? { url: script.server.url } : answer);
    const failed = { code: "ERR_NEGOTIATION", message: expect.stringContaining(message) as string };
    await expect(script.create({ negotiate: true }).start()).rejects.toMatchObject(failed);
  });
});
