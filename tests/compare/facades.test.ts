/** Programs for the SDK's WebSockets go on, unchanged, with the classes of `xs-websockets/sdk`. */

import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { WebSocket, WebSocketServer } from "ws";
import type { Issued } from "../../apps/tls-echo/certificates.js";
import { Client } from "xs-websockets/sdk/client";
import { WebSocketClient } from "xs-websockets/sdk/ecma419";
import { Server } from "xs-websockets/sdk/server";
import { silenceLog } from "../server/servertest.js";
import { findFreePort } from "../support/apps.js";
import { testCertificates } from "../support/certificates.js";
import { LONG_MS } from "../support/building.js";
import { ControlledApp } from "../support/controlledapp.js";
import { describeIf } from "../support/describeif.js";
import { findTlsSimulatorSdk, tlsSimulatorNeeds } from "../support/simulator.js";
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
  peers.on("connection", obey);
  await new Promise((resolve) => peers.once("listening", resolve));
  ({ port } = peers.address() as AddressInfo);
});

/** What an echo server does with a client. */
function obey(this: WebSocketServer, socket: WebSocket): void {
  let counted = 0;
  socket.on("message", (data: Buffer, isBinary) => {
    const text = data.toString();
    if (text.startsWith("#")) counted++;
    else if (text === "how many") socket.send(String(counted));
    else if (text === "bye") socket.close(1_000);
    else if (text === "stop") socket.terminate();
    else if (text === "read nothing") socket.pause();
    else if (text === "read on") for (const client of this.clients) client.resume();
    else socket.send(data, { binary: isBinary });
  });
}

afterAll(() => {
  for (const client of peers.clients) client.terminate();
  peers.close();
});

function pemOf(certificate: Uint8Array): string {
  return `-----BEGIN CERTIFICATE-----\n${Buffer.from(certificate).toString("base64")}\n-----END CERTIFICATE-----\n`;
}

/** A client of a server program, who goes by TCP alone in the end. */
async function talkTo(serverPort: number, authority?: Uint8Array): Promise<void> {
  const socket =
    authority === undefined
      ? new WebSocket(`ws://127.0.0.1:${serverPort}/`)
      : new WebSocket(`wss://localhost:${serverPort}/`, { ca: pemOf(authority) });
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

const sdk = findTlsSimulatorSdk();

describeIf(sdk !== undefined, tlsSimulatorNeeds, "on XS, in the simulator", () => {
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

  describe("by TLS", () => {
    const servers: WebSocketServer[] = [];
    let rightPort = 0;
    let untrustedPort = 0;
    let authority = "";

    /** An echo server of wss. @returns its port */
    async function serve({ certificatesPem, privateKeyPem }: Issued): Promise<number> {
      const server = createServer({ cert: certificatesPem, key: privateKeyPem });
      const sockets = new WebSocketServer({ server });
      sockets.on("connection", obey);
      servers.push(sockets);
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      sockets.on("close", () => server.close());
      return (server.address() as AddressInfo).port;
    }

    beforeAll(async () => {
      const { right, untrusted, ...others } = await testCertificates();
      authority = Buffer.from(others.authority).toString("base64");
      rightPort = await serve(right);
      untrustedPort = await serve(untrusted);
    });

    afterAll(() => {
      for (const server of servers) {
        for (const client of server.clients) client.terminate();
        server.close();
      }
    });

    test("a client with a callback, Socket and secure", async () => {
      const right = { library: "own", port: rightPort };
      expect(await app?.ask("counting", { ...right, secure: { authority } })).toEqual(COUNTED);
      const untrusted = { library: "own", port: untrustedPort };
      expect(await app?.ask("counting", { ...untrusted, secure: { authority } })).toEqual(["disconnect"]);
      expect(await app?.ask("counting", { ...untrusted, secure: { verify: false } })).toEqual(COUNTED);
    });

    test("a client of ECMA-419 whose socket has secure", async () => {
      const right = { library: "own", port: rightPort };
      expect(await app?.ask("writing", { ...right, secure: { authority } })).toEqual(WRITTEN);
      const untrusted = { library: "own", port: untrustedPort };
      expect(await app?.ask("writing", { ...untrusted, secure: { authority }, last: "error" })).toEqual(["error"]);
      expect(await app?.ask("writing", { ...untrusted, secure: { verify: false } })).toEqual(WRITTEN);
    });

    test("a server with a callback and an identity", async () => {
      const { right, ...others } = await testCertificates();
      const serverPort = await findFreePort();
      const texts = (list: readonly Uint8Array[]): string[] =>
        list.map((bytes) => Buffer.from(bytes).toString("base64"));
      const [privateKey] = texts([right.privateKey]);
      const identity = { certificates: texts(right.certificates), privateKey };
      await app?.ask("echoing", { library: "own", port: serverPort, identity });
      await talkTo(serverPort, others.authority);
      expect(await app?.ask("echoed")).toEqual(ECHOED);
    });
  });

  test("what the classes promise besides", async () => {
    expect(await app?.ask("suite", { port })).toEqual([]);
    expect(app?.problems).toEqual([]);
  });
});
