/** permessage-deflate with the implementations of others, in both roles: `ws`, Python's websockets, .NET, Chromium. */

import { execFile, spawn } from "node:child_process";
import path from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { WebSocket as WsClient } from "ws";
import type { PermessageDeflateOptions } from "../../hosts/deflatecontract.js";
import { Codec } from "../../hosts/node/deflate/codec.js";
import { startEchoServer, stopServers, type RunningServer } from "../interop/peer.js";
import { chromiumPath, launchChromium } from "../support/chromium.js";
import { describeIf } from "../support/describeif.js";
import { buildDotnet, runDotnet } from "../support/dotnet.js";
import { findPython } from "../support/python.js";
import { exchange } from "./exchange.js";

const P = "permessage-deflate";
const python = findPython();
const script = (name: string): string => path.join(__dirname, "..", "interop", "python", name);

afterEach(stopServers);

/** An echo server of ours that compresses. */
function echo(options: PermessageDeflateOptions = { threshold: 0 }): Promise<RunningServer> {
  return startEchoServer({ permessageDeflate: options, maxClients: 8, allowedOrigins: ["*"] });
}

/** Whether we have inflated messages. */
const inflate = jest.spyOn(Codec.prototype, "inflate");
beforeEach(() => inflate.mockClear());

/** What is like the groups 12 and 13 of Autobahn is in tests/conformance. */
describe("ws as client", () => {
  test("that does not offer it is spoken to without", async () => {
    const server = await echo();
    const client = new WsClient(server.url, { perMessageDeflate: false });
    const message = new Promise((resolve) => client.once("message", (data: Buffer) => resolve(data.toString())));
    client.once("open", () => client.send("x".repeat(3_000)));
    expect(await message).toBe("x".repeat(3_000));
    expect(client.extensions).toBe("");
    expect(inflate).not.toHaveBeenCalled();
    client.close();
  });

  test("broadcasts reach those with and without it", async () => {
    const server = await echo({});
    const clients = [true, false, true].map((perMessageDeflate) => new WsClient(server.url, { perMessageDeflate }));
    const texts = clients.map(
      (client) => new Promise((resolve) => client.once("message", (data: Buffer) => resolve(data.toString()))),
    );
    await Promise.all(clients.map((client) => new Promise((resolve) => client.once("open", resolve))));
    expect(server.server.broadcast("all ".repeat(500))).toBe(3);
    expect(await Promise.all(texts)).toEqual(clients.map(() => "all ".repeat(500)));
    for (const client of clients) client.close();
  });

  test("that sends a bomb is closed with 1009", async () => {
    const server = await echo({});
    const client = new WsClient(server.url, { perMessageDeflate: true });
    const closed = new Promise((resolve) => client.once("close", resolve));
    client.once("open", () => client.send(Buffer.alloc(50_000_000)));
    expect(await closed).toBe(1_009);
  });
});

describeIf(python !== undefined, "python3 with the package websockets", "Python websockets", () => {
  test.each(["echo", "fragments"])("as client: %s", async (check) => {
    const server = await echo();
    await promisify(execFile)(python ?? "", [script("client.py"), server.url, check]);
    expect(inflate).toHaveBeenCalled();
  });

  test("as server", async () => {
    const child = spawn(python ?? "", [script("server.py")], { stdio: ["pipe", "pipe", "inherit"] });
    const ended = new Promise((resolve) => child.once("close", resolve));
    const port = await new Promise<string>((resolve) => createInterface({ input: child.stdout }).once("line", resolve));
    const { extensions } = await exchange(`ws://127.0.0.1:${port}/`, { permessageDeflate: { threshold: 0 } });
    expect(extensions).toContain(P);
    child.stdin.end();
    await ended;
  });
});

const [dotnetClient, dotnetServer] = [buildDotnet("DotnetClient"), buildDotnet("WebSocketEcho")];

describeIf(dotnetClient.isBuilt && dotnetServer.isBuilt, "the .NET 10 SDK (dotnet)", ".NET", () => {
  test("as client", async () => {
    const server = await echo();
    const program = runDotnet("DotnetClient", [server.url, "compression"]);
    expect(await new Promise((resolve) => program.process.once("close", resolve))).toBe(0);
    expect(inflate).toHaveBeenCalled();
  });

  test("as server (Kestrel)", async () => {
    const program = runDotnet("WebSocketEcho");
    const url = (await program.waitForLine(/^listening on /)).replace("listening on http:", "ws:");
    const { extensions } = await exchange(`${url}/echo`, { permessageDeflate: { threshold: 0 } });
    expect(extensions).toContain(P);
    await program.stop();
  });
});

describeIf(chromiumPath !== undefined, "Chromium", "Chromium as client", () => {
  test("texts and bytes come back, and its extensions are what was agreed on", async () => {
    const server = await echo({ threshold: 0, serverNoContextTakeover: true });
    const browser = await launchChromium();
    try {
      const page = await browser.newPage();
      const result = await page.evaluate(async (url) => {
        const socket = new WebSocket(url);
        socket.binaryType = "arraybuffer";
        const texts = Array.from({ length: 30 }, (_, at) => "aé€😀".repeat(at * at * 10));
        let bytes = 0;
        const back: string[] = [];
        await new Promise((resolve, reject) => {
          socket.onerror = reject;
          socket.onopen = () => {
            for (const text of texts) socket.send(text);
            socket.send(new Uint8Array(1_000_000));
          };
          socket.onmessage = ({ data }: { readonly data: unknown }) => {
            if (typeof data === "string") return void back.push(data);
            bytes = (data as ArrayBuffer).byteLength;
            resolve(undefined);
          };
        });
        return { isSame: back.join() === texts.join(), bytes, extensions: socket.extensions };
      }, server.url);
      expect(result).toEqual({ isSame: true, bytes: 1_000_000, extensions: `${P}; server_no_context_takeover` });
    } finally {
      await browser.close();
    }
  });
});
