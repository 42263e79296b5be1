/** Which pages may connect to a WebSocketServer, and by which name. */

import { OptionError } from "../../modules/common/errors.js";
import { WebSocketServer, type WebSocketServerOptions } from "../../modules/server.js";
import { silenceLog, withServer } from "./servertest.js";
import { upgradeRequest } from "../support/upgrades.js";

let log: jest.SpyInstance;
beforeEach(() => (log = silenceLog()));
afterEach(() => log.mockRestore());

async function statusFor(options: WebSocketServerOptions, fields: Readonly<Record<string, string>>): Promise<number> {
  let status = 0;
  await withServer(options, async (bench) => {
    const line = await bench.connect().send(upgradeRequest(fields)).until("\r\n");
    status = Number(line.split(" ")[1]);
  });
  return status;
}

describe("allowedHosts against DNS rebinding", () => {
  const rebound = { Host: "evil.example", Origin: "http://evil.example" };

  test("a page whose name points here is refused with 421", async () => {
    expect(await statusFor({ allowedHosts: [".local"] }, rebound)).toBe(421);
    expect(log).toHaveBeenCalledTimes(1);
    expect(log).toHaveBeenCalledWith(expect.stringContaining('add "evil.example" to allowedHosts'));
  });

  test("without it any name is one of this server, as before", async () => {
    expect(await statusFor({}, rebound)).toBe(101);
  });

  test("its own name, with its own page, is accepted", async () => {
    const own = { Host: "device.local", Origin: "http://device.local" };
    expect(await statusFor({ allowedHosts: [".local"] }, own)).toBe(101);
  });

  test("a page of an allowed origin does not come by another name", async () => {
    const options = { allowedHosts: ["device.local"], allowedOrigins: ["http://evil.example"] };
    expect(await statusFor(options, rebound)).toBe(421);
  });
});

describe("allowedOrigins", () => {
  test.each([
    ["https://panel.example.org/", "https://panel.example.org"],
    ["https://panel.example.org:443", "https://panel.example.org"],
    ["HTTPS://Panel.Example.org", "https://panel.example.org"],
    ["http://panel.example.org:80/", "http://panel.example.org"],
    ["https://panel.example.org:8443", "https://panel.example.org:8443"],
    ["file://", "file://"],
    ["null", "null"],
    ["*", "http://whoever.example"],
  ])("%s lets %s in", async (allowed, origin) => {
    expect(await statusFor({ allowedOrigins: [allowed] }, { Origin: origin })).toBe(101);
  });

  test("a refusal is logged once, with the value to allow", async () => {
    await withServer({}, async (bench) => {
      for (let turn = 0; turn < 3; turn++) {
        const request = upgradeRequest({ Origin: "https://Panel.example.org:443" });
        expect(await bench.connect().send(request).all()).toMatch(/^HTTP\/1\.1 403 /);
      }
    });
    expect(log).toHaveBeenCalledTimes(1);
    expect(log).toHaveBeenCalledWith(expect.stringContaining('add "https://panel.example.org" to allowedOrigins'));
  });

  test.each([
    [{ allowedOrigins: ["panel.example.org"] }],
    [{ allowedOrigins: ["https://panel.example.org/page"] }],
    [{ allowedOrigins: [""] }],
    [{ allowedOrigins: [5] }],
    [{ allowedHosts: ["http://device.local"] }],
    [{ keptHeaders: ["a b"] }],
  ])("%j is refused", (options) => {
    expect(() => new WebSocketServer(options as object)).toThrow(OptionError);
  });
});
