/** A WebSocketServer inside the SDK's own HTTP server, in the simulator. */

import { once } from "node:events";
import { WebSocket } from "ws";
import { describeIf } from "../support/describeif.js";
import { findSimulatorSdk, Simulator } from "../support/simulator.js";
import { asciiOf, frame } from "../support/vectors.js";
import { RawPeer } from "../support/rawpeer.js";
import { upgradeRequest } from "../support/upgrades.js";
import { eventually } from "../support/waiting.js";
import { LONG_MS } from "../support/building.js";

const sdk = findSimulatorSdk();

describeIf(sdk !== undefined, "the Moddable SDK", "the SDK's HTTP server on XS, in the simulator", () => {
  let simulator: Simulator | undefined;
  let port = 0;

  beforeAll(async () => {
    if (sdk === undefined) return;
    simulator = await Simulator.start(sdk, "tests/xs/httpserver");
    port = Number((await simulator.waitForLine(/^port /)).split(" ")[1]);
  }, LONG_MS);
  afterAll(async () => {
    expect(simulator?.lines.filter((line) => /uncaught|XS abort/.test(line))).toEqual([]);
    await simulator?.stop();
  });

  test("serves pages and our WebSockets on one port", async () => {
    expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe("a page");
    const client = new WebSocket(`ws://127.0.0.1:${port}/ws`);
    await once(client, "open");
    for (const text of ["hello", "x".repeat(4_000)]) {
      client.send(text);
      const [echo] = (await once(client, "message")) as [Buffer];
      expect(echo.toString()).toBe(text);
    }
    expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe("a page");
    client.close(4_000);
    expect((await once(client, "close"))[0]).toBe(4_000);
  });

  test("frames in the segment of the request are not lost", async () => {
    const request = Buffer.from(upgradeRequest({}, "/ws"), "latin1");
    const client = RawPeer.connect(port).send(
      Buffer.concat([request, frame(0x81, asciiOf("first"), true), frame(0x81, asciiOf("second"), true)]),
    );
    expect(await client.head()).toMatch(/^HTTP\/1\.1 101 /);
    expect(await client.frames(2)).toEqual(["text:6669727374", "text:7365636f6e64"]);
    client.destroy();
  });

  test.each([
    [403, "a page of another origin", upgradeRequest({ Origin: "http://evil.example" }, "/ws")],
    [426, "another version", upgradeRequest({ "Sec-WebSocket-Version": "8" }, "/ws")],
    [400, "a plain request", "GET /ws HTTP/1.1\r\nHost: a\r\n\r\n"],
    [405, "another method", upgradeRequest({}, "/ws").replace("GET", "HEAD")],
  ])("%i for %s", async (status, _what, request) => {
    expect(await RawPeer.connect(port).send(request).all()).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  });

  test("503 where there are enough clients, until one leaves", async () => {
    const open = (): RawPeer => RawPeer.connect(port).send(upgradeRequest({}, "/ws"));
    const clients = [open(), open()];
    for (const client of clients) expect(await client.head()).toMatch(/^HTTP\/1\.1 101 /);
    expect(await open().all()).toMatch(/^HTTP\/1\.1 503 /);
    for (const client of clients) client.destroy();
    await eventually(async () => {
      const client = open();
      const head = await client.head();
      client.destroy();
      return head.startsWith("HTTP/1.1 101 ");
    });
  });
});
