/** On XS: a hub with its defaults on the heap of an M5Atom Lite outlives clients that take all they can get. */

import { connect as connectTcp } from "node:net";
import { HUB_SERVER_DEFAULTS, resolveHubServerOptions } from "../../modules/signalr/server/options.js";
import { HTTP_LISTENER_DEFAULTS } from "../../modules/http.js";
import { ControlledApp } from "../support/controlledapp.js";
import { describeIf } from "../support/describeif.js";
import type { Memory } from "../support/memory.js";
import { findSimulatorSdk } from "../support/simulator.js";
import { asciiOf, frame } from "../support/vectors.js";
import { eventually, letTimePass } from "../support/waiting.js";
import { RawPeer } from "../support/rawpeer.js";
import { upgradeRequest } from "../support/upgrades.js";
import { LONG_MS } from "../support/building.js";

const sdk = findSimulatorSdk();
const { maxClients = 0, maxMessageBytes = 0, maxQueueBytes = 0 } = resolveHubServerOptions({}).webSocket;
const { maximumReceiveMessageSize, maximumReceiveValues, maximumStreams, streamBufferSize } = HUB_SERVER_DEFAULTS;
/** The sockets of an ESP32 that no client of the hub has. */
const REQUESTS = 8 - maxClients;

interface Levels extends Memory {
  readonly clients: number;
  readonly itemsSent: number;
}

/** A client that says what it likes. */
class HostileClient extends RawPeer {
  constructor(port: number) {
    super(connectTcp({ port, host: "127.0.0.1" }), "client");
  }

  /** Sends a text in one frame. */
  text(payload: string): this {
    return this.sendFrame(0x81, Buffer.from(payload));
  }

  /** Sends records, so many in a frame as may be. */
  records(...records: readonly string[]): this {
    let message = "";
    for (const record of records) {
      if (message.length + record.length + 1 > maxMessageBytes) message = this.flush(message);
      message += `${record}\x1e`;
    }
    this.flush(message);
    return this;
  }

  private flush(message: string): string {
    if (message !== "") this.text(message);
    return "";
  }
}

function call(target: string, values: string, more = "", type = 1): string {
  return `{"type":${type},"target":"${target}","arguments":[${values}]${more}}`;
}

function times(count: number, text: string): string {
  return Array.from({ length: count }, () => text).join();
}

const item = (id: string, value: string): string => `{"type":2,"invocationId":"${id}","item":${value}}`;
const longText = `"${"x".repeat(maximumReceiveMessageSize - 100)}"`;
/** Arrays take most for their length. */
const arrays = times(maximumReceiveValues - 8, "[]");

describeIf(sdk !== undefined, "the Moddable SDK", "a hub on the heap of an ESP32, in the simulator", () => {
  let app: ControlledApp;
  const clients: HostileClient[] = [];

  beforeAll(async () => {
    if (sdk !== undefined) app = await ControlledApp.start(sdk, "tests/signalr/xs/small", ["-i"]);
  }, LONG_MS);
  afterEach(async () => {
    const { slots, chunks } = await levels();
    console.info(`${slots} bytes of slots, ${chunks} of chunks: ${expect.getState().currentTestName ?? ""}`);
    await endAll();
    await expectAlive();
    await endAll();
    expect(app.problems).toEqual([]);
  });
  afterAll(() => {
    // Those of a test that has failed: a socket that is paused is never told that the app is gone.
    for (const client of clients) client.destroy();
    return app.stop();
  });

  const levels = (): Promise<Levels> => app.ask("memory") as Promise<Levels>;

  function connect(): HostileClient {
    const client = new HostileClient(app.ports[0] ?? 0);
    clients.push(client);
    return client;
  }

  /** What a hub keeps of a client's request, as long as the client is there, is all that may be kept. */
  const fullRequest = upgradeRequest({ "X-Kept": "x".repeat(HTTP_LISTENER_DEFAULTS.maxKeptHeadBytes - 400) }, "/hub");

  async function open(): Promise<HostileClient> {
    const client = connect().send(fullRequest);
    await client.head();
    client.text('{"protocol":"json","version":1}\x1e');
    await client.until("{}\x1e");
    return client;
  }

  /** On all places of the hub. */
  async function openAll(): Promise<HostileClient[]> {
    return Promise.all(Array.from({ length: maxClients }, () => open()));
  }

  /** Heads that do not end, on all places that are left: of one long line, or of as many fields as are kept. */
  function fillRequests(): void {
    const most = HTTP_LISTENER_DEFAULTS.maxKeptHeadBytes;
    const long = `GET / HTTP/1.1\r\nX: ${"x".repeat(most - 60)}`;
    const many = `GET / HTTP/1.1\r\n${Array.from({ length: 200 }, (_, at) => `${at}:\r\n`).join("")}`;
    // One may be twice as long as the others.
    connect().send(`GET /${"x".repeat(2 * most - 60)}`);
    for (let count = 1; count < REQUESTS; count++) connect().send(count % 2 === 0 ? long : many);
  }

  /** Asks for streams and does not read them, until nothing more of them leaves. */
  async function readNothing(all: readonly HostileClient[]): Promise<void> {
    for (const client of all) {
      client.socket.pause();
      const length = maximumReceiveMessageSize - 100;
      for (let id = 0; id < maximumStreams; id++)
        client.records(call("Repeat", String(length), `,"invocationId":"${id}"`, 4));
    }
    let before = -1;
    for (let { itemsSent } = await levels(); itemsSent !== before; { itemsSent } = await levels()) {
      before = itemsSent;
      // They are not silent meanwhile.
      for (const client of all) client.records('{"type":6}');
      await letTimePass(1_000);
    }
  }

  /** A record that has no end, in the largest frames, the last of which does not come whole. */
  function beginEndlessRecord(client: RawPeer): void {
    client.sendFrame(0x01, asciiOf(`"${"x".repeat(maximumReceiveMessageSize - 2)}`));
    client.send(frame(0x00, asciiOf("x".repeat(maxMessageBytes)), true).subarray(0, -1));
  }

  /** What clients send comes to the app at once, on all connections. */
  async function burst(send: () => void): Promise<void> {
    app.simulator.freeze(true);
    try {
      send();
      await letTimePass(500);
    } finally {
      app.simulator.freeze(false);
    }
  }

  async function expectAlive(): Promise<void> {
    const client = await open();
    client.records(call("Echo", '"alive"', ',"invocationId":"1"'));
    await client.until('{"type":3,"invocationId":"1","result":"alive"}');
  }

  /** Nobody is refused: all of it is kept, at least so many bytes for each client, or waits in the network. */
  async function expectHeld(leastBytes = 0): Promise<void> {
    await letTimePass(3_000);
    const { clients: count, chunks } = await levels();
    expect(count).toBe(maxClients);
    expect(chunks).toBeGreaterThan(maxClients * leastBytes);
  }

  async function endAll(): Promise<void> {
    for (const client of clients.splice(0)) client.destroy();
    await eventually(async () => (await levels()).clients === 0, "all are gone", 60_000);
  }

  test.each<[name: string, text: string]>([
    ["is a record that has no end", "x".repeat(maxMessageBytes)],
    ["has nothing but separators", "\x1e".repeat(maxMessageBytes)],
    ["has nothing but quotes and brackets", `${"[".repeat(30)}${'"'.repeat(maximumReceiveMessageSize - 40)}\x1e`],
    ["has nothing but empty arrays", `{"type":1,"a":[${times(600, "[]")}]}\x1e`],
    ["has nothing but numbers", `{"type":1,"a":[${times(900, "0")}]}\x1e`],
    ["has the shortest records", '{"type":6}\x1e'.repeat(370)],
  ])("a frame that %s", async (_name, text) => {
    for (const client of await openAll()) client.text(text);
    await letTimePass(500);
  });

  test("access tokens of 2,200 characters, in the query and as a bearer's", async () => {
    const token = "t".repeat(2_200);
    const bearer = `POST /hub/negotiate HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${token}\r\n\r\n`;
    for (let turn = 0; turn < 20; turn++) {
      for (let client = 0; client < maxClients; client++) {
        expect(await connect().send(bearer).all()).toMatch(/^HTTP\/1\.1 200 /);
        const head = await connect()
          .send(upgradeRequest({}, `/hub?access_token=${token}`))
          .head();
        expect(head).toMatch(/^HTTP\/1\.1 101 /);
      }
      await endAll();
    }
  });

  test("requests with lists of nothing but commas, and with cookies of 6 KB", async () => {
    for (let turn = 0; turn < 10; turn++) {
      const commas = upgradeRequest({ Connection: ",".repeat(1_800), Upgrade: ",".repeat(600) }, "/hub");
      expect(await connect().send(commas).all()).toMatch(/^HTTP\/1\.1 400 /);
      const fields = { Connection: `${",".repeat(1_800)}Upgrade`, Cookie: "c".repeat(6_000) };
      expect(await connect().send(upgradeRequest(fields, "/hub")).head()).toMatch(/^HTTP\/1\.1 101 /);
      await endAll();
    }
  });

  test("names of header fields without end", async () => {
    for (let name = 0; name < 20_000;) {
      const fields = Array.from({ length: 180 }, () => `N${name++}:\r\n`).join("");
      const answer = await connect().send(`GET /hub HTTP/1.1\r\nHost: a\r\n${fields}\r\n`).all();
      expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    }
  });

  test("names of fields without end", async () => {
    for (let name = 0; name < 3_600;) {
      const all = await openAll();
      for (const client of all) {
        // Two records, since one may have fewer values than there may be names.
        for (let record = 0; record < 2; record++) {
          const fields = Array.from({ length: 40 }, () => `"name${name++}":0`);
          client.text(`${call("Echo", `{${fields.join()}}`)}\x1e`);
        }
      }
      await Promise.all(all.map(({ closed }) => closed));
    }
  });

  test("names of fields without end in the handshake", async () => {
    for (let name = 0; name < 3_600;) {
      const all = Array.from({ length: maxClients }, () => connect().send(upgradeRequest({}, "/hub")));
      await Promise.all(all.map((client) => client.head()));
      for (const client of all) {
        const fields = Array.from({ length: 100 }, () => `"${name++}n":0`);
        client.text(`{${fields.join()}}\x1e`);
      }
      await Promise.all(all.map(({ closed }) => closed));
    }
  });

  test("calls that wait, with arguments and streams that nobody reads", async () => {
    for (const client of await openAll()) {
      client.records(call("Hold", arrays, ',"streamIds":["a"]'));
      client.records(...Array.from({ length: 300 }, () => call("Hold", times(8, "[]"))));
    }
    await expectHeld();
  });

  test("uploads that nobody reads", async () => {
    for (const client of await openAll()) {
      client.records(call("Hold", arrays, ',"streamIds":["a"]'));
      client.records(...Array.from({ length: 300 }, () => item("a", "[[],[]]")));
    }
    await expectHeld();
  });

  test("answers that nobody reads, of calls that are refused", async () => {
    const all = await openAll();
    await readNothing(all);
    for (let count = 0; count < 12; count++) {
      const id = String(count).padEnd(maximumReceiveMessageSize - 100, "x");
      for (const client of all) client.records(call("Hold", "", `,"streamIds":["a","b"],"invocationId":"${id}"`));
    }
    await expectHeld();
  });

  test("all at once, where all that is received is one record too little to stop the connection", async () => {
    const all = await openAll();
    await readNothing(all);
    await burst(() => {
      for (const client of all) {
        client.records(call("Hold", arrays, ',"streamIds":["a"]'));
        const small = item("a", "[]");
        // Its three fields count 16 each.
        const count = Math.floor(streamBufferSize / (small.length + 48));
        client.records(...Array.from({ length: count }, () => small));
        client.records(...Array.from({ length: 4 }, () => call("Hold", "[],[],[]")));
        beginEndlessRecord(client);
      }
      fillRequests();
    });
    await expectHeld(2 * maxMessageBytes + maximumReceiveMessageSize + maxQueueBytes);
  });

  test("all at once, where connections are stopped", async () => {
    const all = await openAll();
    await readNothing(all);
    await burst(() => {
      for (const client of all) {
        client.records(call("Echo", longText, ',"invocationId":"e"'));
        client.records(call("Hold", times(6, "[]"), ',"streamIds":["a"]'));
        client.records(...Array.from({ length: 3 }, () => call("Hold", times(6, "[]"))));
        // One frame: its first record stops the connection, and all others are kept as they are.
        client.records(call("Hold", arrays), ...Array.from({ length: 300 }, () => call("Hold", times(8, "[]"))));
      }
      fillRequests();
    });
    await expectHeld(maxMessageBytes + 2 * maximumReceiveMessageSize + maxQueueBytes);
  });
});
