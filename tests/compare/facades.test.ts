/** Programs for the SDK's WebSockets go on, unchanged, with the classes of `xs-websockets/sdk`. */

import type { AddressInfo } from "node:net";
import { WebSocket, WebSocketServer } from "ws";
import { Client } from "xs-websockets/sdk/client";
import { WebSocketClient } from "xs-websockets/sdk/ecma419";
import { Server } from "xs-websockets/sdk/server";
import { silenceLog } from "../server/servertest.js";
import { findFreePort } from "../support/apps.js";
import { LONG_MS } from "../support/building.js";
import { ControlledApp } from "../support/controlledapp.js";
import { describeIf } from "../support/describeif.js";
import { findSimulatorSdk } from "../support/simulator.js";
import { eventually } from "../support/waiting.js";
import { facadeTests } from "./facadesuite.js";
import { counting, echoing, writing } from "./programs.js";

/** What the programs tell, with whichever class. */
const COUNTED = [
  ...["connect", "handshake", '{"count":1,"on":true}', '{"count":2,"on":false}', '{"count":3,"on":true}'],
  ...["bytes 00ff07", "disconnect"],
];
const WRITTEN = ["writable", "text one two", "bytes 00ff07", "pong p", "close 03e8656e64", "closed"];
const ECHOED = ["connect", "handshake", "text hé", "bytes 00ff07", "disconnect"];

let peers: WebSocketServer;
let port: number;

beforeAll(async () => {
  peers = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  peers.on("connection", (socket) => {
    let counted = 0;
    socket.on("message", (data: Buffer, isBinary) => {
      const text = data.toString();
      if (text.startsWith("#")) counted++;
      else if (text === "how many") socket.send(String(counted));
      else if (text === "bye") socket.close(1_000);
      else if (text === "stop") socket.terminate();
      else if (text === "read nothing") socket.pause();
      else if (text === "read on") for (const client of peers.clients) client.resume();
      else socket.send(data, { binary: isBinary });
    });
  });
  await new Promise((resolve) => peers.once("listening", resolve));
  ({ port } = peers.address() as AddressInfo);
});

afterAll(() => {
  for (const client of peers.clients) client.terminate();
  peers.close();
});

/** A client of a server program, who goes by TCP alone in the end. */
async function talkTo(serverPort: number): Promise<void> {
  const socket = new WebSocket(`ws://127.0.0.1:${serverPort}/`);
  const received: string[] = [];
  socket.on("message", (data: Buffer, isBinary) => received.push(isBinary ? data.toString("hex") : data.toString()));
  await new Promise((resolve, reject) => socket.once("open", resolve).once("error", reject));
  socket.send("hé");
  socket.send(Buffer.from("00ff07", "hex"));
  await eventually(() => received.length === 2);
  expect(received).toEqual(["hé", "00ff07"]);
  socket.terminate();
}

describe("on Node.js", () => {
  let log: jest.SpyInstance;

  // A callback that throws is logged.
  beforeEach(() => (log = silenceLog()));
  afterEach(() => log.mockRestore());

  test("a client with a callback", async () => {
    const told: string[] = [];
    counting(Client, port, (event) => told.push(event));
    await eventually(() => told.includes("disconnect"));
    expect(told).toEqual(COUNTED);
  });

  test("a server with a callback", async () => {
    const told: string[] = [];
    const serverPort = await findFreePort();
    const server = echoing(Server, serverPort, (event) => told.push(event));
    await eventually(() => server.port === serverPort);
    await talkTo(serverPort);
    await eventually(() => told.includes("disconnect"));
    expect(told).toEqual(ECHOED);
    server.close();
  });

  test("a client of ECMA-419", async () => {
    const told: string[] = [];
    writing(WebSocketClient, { host: "127.0.0.1", port }, (event) => told.push(event));
    await eventually(() => told.includes("closed"));
    expect(told).toEqual(WRITTEN);
  });

  const tests = facadeTests(() => port);
  test.each(Object.keys(tests))("%s", async (name) => tests[name]?.());
});

const sdk = findSimulatorSdk();

describeIf(sdk !== undefined, "the Moddable SDK", "on XS, in the simulator", () => {
  let app: ControlledApp | undefined;

  beforeAll(async () => {
    if (sdk !== undefined) app = await ControlledApp.start(sdk, "tests/compare/xs/facades");
  }, LONG_MS);

  afterAll(() => app?.stop());

  test.each(["sdk", "own"])("a client with a callback: %s", async (library) => {
    expect(await app?.ask("counting", { library, port })).toEqual(COUNTED);
  });

  test.each(["sdk", "own"])("a server with a callback: %s", async (library) => {
    const serverPort = await findFreePort();
    await app?.ask("echoing", { library, port: serverPort });
    await talkTo(serverPort);
    expect(await app?.ask("echoed")).toEqual(ECHOED);
  });

  test.each(["sdk", "own"])("a client of ECMA-419: %s", async (library) => {
    expect(await app?.ask("writing", { library, port })).toEqual(WRITTEN);
  });

  test("what the classes promise besides", async () => {
    expect(await app?.ask("suite", { port })).toEqual([]);
    expect(app?.problems).toEqual([]);
  });
});
